package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Place is where a number is at home, as far as its digits tell. A part that
// they do not tell is "".
type Place struct {
	// Country is ISO 3166-1; Region a state, province or city below it; Area the
	// area code of a line in one place.
	Country, Region, Area string
}

// Nearness of two places, the nearer the greater.
type Nearness int

const (
	Abroad     Nearness = iota // of another country, or of none that is known
	InCountry                  // of the same country
	InRegion                   // of the same state, province or city
	InAreaCode                 // with the same area code
)

// PlaceOf tells where an E.164 number is at home: "Jiangsu" of a Chinese mobile,
// "212" in "NY" of a number of Manhattan. The first call loads tables for a
// tenth of a second.
func PlaceOf(e164 string) Place {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return Place{}
	}
	p := Place{Country: phonenumbers.GetRegionCodeForNumber(n)}
	if p.Country == "" || p.Country == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
		return Place{}
	}
	national := phonenumbers.GetNationalSignificantNumber(n)
	if digits := phonenumbers.GetLengthOfGeographicalAreaCode(n); digits > 0 && digits < len(national) {
		p.Area = national[:digits]
	}
	place, err := phonenumbers.GetGeocodingForNumber(n, "en")
	if err != nil {
		return p // a number that belongs to no place
	}
	// "Brooklyn, NY", "Changzhou, Jiangsu", "Beijing": the widest comes last.
	parts := strings.Split(place, ", ")
	p.Region = parts[len(parts)-1]
	if code := stateCodes[p.Region]; code != "" && p.Country == "US" {
		p.Region = code // of area codes whose towns are not known the state is written out
	}
	if country, err := language.ParseRegion(p.Country); err == nil && p.Region == display.Regions(language.English).Name(country) {
		p.Region = "" // nothing below the country is known
	}
	return p
}

// Near tells how near two places are.
func (p Place) Near(to Place) Nearness {
	switch {
	case p.Country == "" || p.Country != to.Country:
		return Abroad
	case p.Area != "" && p.Area == to.Area:
		return InAreaCode
	case p.Region != "" && p.Region == to.Region:
		return InRegion
	}
	return InCountry
}

// stateCodes are the postal codes of the states of the United States by name.
var stateCodes = map[string]string{
	"Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO", "Connecticut": "CT",
	"Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL", "Indiana": "IN", "Iowa": "IA",
	"Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI",
	"Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH",
	"New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK",
	"Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN",
	"Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA", "Washington": "WA", "West Virginia": "WV",
	"Wisconsin": "WI", "Wyoming": "WY",
}
