package phone

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Zones lists every IANA time zone in which the owner of an E.164 number may
// live, as far as the number tells; a mobile number of a wide country has
// several. Empty when the number tells nothing.
func Zones(e164 string) []string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return nil
	}
	zones, err := phonenumbers.GetTimezonesForNumber(n)
	if err != nil {
		return nil
	}
	return known(zones)
}

// RegionZones lists the zones of a country ("CN", "GB") or of a state of the
// United States by postal code ("US-CA"). It is empty for a country so wide
// that its name alone tells less than the number does, and for a name it does
// not know.
func RegionZones(region string) []string {
	country, part, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(region)), "-")
	if country == "US" && part != "" {
		return states[part]
	}
	if part != "" || phonenumbers.IsNANPACountry(country) {
		return nil
	}
	code := phonenumbers.GetCountryCodeForRegion(country)
	if code == 0 || phonenumbers.GetRegionCodeForCountryCode(code) != country {
		return nil
	}
	example := phonenumbers.GetExampleNumber(country)
	if example == nil {
		return nil
	}
	// The prefix of the country alone lists all zones in it.
	all, err := phonenumbers.GetTimezonesForPrefix(strings.TrimSuffix(
		phonenumbers.Format(example, phonenumbers.E164), phonenumbers.GetNationalSignificantNumber(example)))
	if err != nil || len(known(all)) != 1 {
		return nil
	}
	return known(all)
}

func known(zones []string) []string {
	return slices.DeleteFunc(slices.Clone(zones), func(z string) bool { return z == "" || z == "Etc/Unknown" })
}

// states are the zones of the states of the USA by postal code; a state on a
// zone border has both (IANA tz database, file northamerica).
var states = map[string][]string{
	"AL": {"America/Chicago"}, "AK": {"America/Anchorage", "America/Adak"}, "AZ": {"America/Phoenix", "America/Denver"},
	"AR": {"America/Chicago"}, "CA": {"America/Los_Angeles"}, "CO": {"America/Denver"}, "CT": {"America/New_York"},
	"DE": {"America/New_York"}, "DC": {"America/New_York"}, "FL": {"America/New_York", "America/Chicago"},
	"GA": {"America/New_York"}, "HI": {"Pacific/Honolulu"}, "ID": {"America/Boise", "America/Los_Angeles"},
	"IL": {"America/Chicago"}, "IN": {"America/Indiana/Indianapolis", "America/Chicago"}, "IA": {"America/Chicago"},
	"KS": {"America/Chicago", "America/Denver"}, "KY": {"America/New_York", "America/Chicago"}, "LA": {"America/Chicago"},
	"ME": {"America/New_York"}, "MD": {"America/New_York"}, "MA": {"America/New_York"},
	"MI": {"America/Detroit", "America/Menominee"}, "MN": {"America/Chicago"}, "MS": {"America/Chicago"},
	"MO": {"America/Chicago"}, "MT": {"America/Denver"}, "NE": {"America/Chicago", "America/Denver"},
	"NV": {"America/Los_Angeles", "America/Denver"}, "NH": {"America/New_York"}, "NJ": {"America/New_York"},
	"NM": {"America/Denver"}, "NY": {"America/New_York"}, "NC": {"America/New_York"},
	"ND": {"America/Chicago", "America/Denver"}, "OH": {"America/New_York"}, "OK": {"America/Chicago", "America/Denver"},
	"OR": {"America/Los_Angeles", "America/Boise"}, "PA": {"America/New_York"}, "RI": {"America/New_York"},
	"SC": {"America/New_York"}, "SD": {"America/Chicago", "America/Denver"}, "TN": {"America/New_York", "America/Chicago"},
	"TX": {"America/Chicago", "America/Denver"}, "UT": {"America/Denver"}, "VT": {"America/New_York"},
	"VA": {"America/New_York"}, "WA": {"America/Los_Angeles"}, "WV": {"America/New_York"}, "WI": {"America/Chicago"},
	"WY": {"America/Denver"}, "PR": {"America/Puerto_Rico"}, "VI": {"America/St_Thomas"}, "GU": {"Pacific/Guam"},
}
