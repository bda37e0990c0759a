package phone

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Class is the kind of line behind a number, as far as the number tells.
type Class string

const (
	Fixed         Class = "fixed"
	Mobile        Class = "mobile"
	FixedOrMobile Class = "fixed_or_mobile" // the numbering plan does not separate them (US)
	VoIP          Class = "voip"
	Personal      Class = "personal"
	TollFree      Class = "toll_free"
	SharedCost    Class = "shared_cost"
	UAN           Class = "uan" // a company's universal access number
	Premium       Class = "premium"
	Satellite     Class = "satellite" // satellite and worldwide networks, +870 to +883
	Emergency     Class = "emergency"
	ShortCode     Class = "short_code"
	Pager         Class = "pager"
	VoicemailBox  Class = "voicemail_box"
	Invalid       Class = "invalid"
	Loopback      Class = "loopback" // a SIP URI of this machine
)

var classes = map[phonenumbers.PhoneNumberType]Class{
	phonenumbers.FIXED_LINE:           Fixed,
	phonenumbers.MOBILE:               Mobile,
	phonenumbers.FIXED_LINE_OR_MOBILE: FixedOrMobile,
	phonenumbers.TOLL_FREE:            TollFree,
	phonenumbers.PREMIUM_RATE:         Premium,
	phonenumbers.SHARED_COST:          SharedCost,
	phonenumbers.VOIP:                 VoIP,
	phonenumbers.PERSONAL_NUMBER:      Personal,
	phonenumbers.PAGER:                Pager,
	phonenumbers.UAN:                  UAN,
	phonenumbers.VOICEMAIL:            VoicemailBox,
}

// emergencies are dialled somewhere in the world to save lives. They are
// refused in every country: whose number plan a trunk applies to raw digits is
// not known here.
var emergencies = []string{
	"000", "100", "101", "102", "103", "108", "110", "111", "112", "113", "114", "115", "117", "118",
	"119", "120", "122", "123", "128", "143", "155", "158", "190", "191", "192", "193", "194", "195", "197", "199",
	"911", "922", "933", "988", "991", "992", "993", "994", "995", "997", "998", "999", "12119", "12395",
}

// worldwide are country codes without a country: satellite operators and
// international networks, billed like none other.
var worldwide = []string{"+870", "+878", "+881", "+882", "+883", "+888", "+979"}

// Classify tells the class of digits as they were written or as they would be
// dialled; it never fails, what is no number is Invalid.
func Classify(raw, region string) Class {
	n, err := Parse(raw, region)
	if err == nil || n.Class != "" {
		return n.Class
	}
	if len(raw) <= longest && connectsToEmergency(raw, region) {
		return Emergency
	}
	return Invalid
}

func classOf(raw, region string, parsed *phonenumbers.PhoneNumber) Class {
	national := phonenumbers.GetNationalSignificantNumber(parsed)
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	// The type of an invalid number is UNKNOWN, which is in no class.
	class, valid := classes[phonenumbers.GetNumberType(parsed)]
	switch {
	case slices.Contains(emergencies, digits(raw)), slices.Contains(emergencies, national):
		return Emergency
	case slices.ContainsFunc(worldwide, func(p string) bool { return strings.HasPrefix(e164, p) }):
		return Satellite
	case valid:
		return class
	// Only what cannot be a full number: an Indian number may begin with 112.
	case connectsToEmergency(raw, region):
		return Emergency
	case phonenumbers.IsPossibleShortNumber(parsed), len(national) <= 6:
		return ShortCode
	}
	return Invalid
}

func connectsToEmergency(raw, region string) bool {
	return slices.Contains(emergencies, digits(raw)) ||
		phonenumbers.ConnectsToEmergencyNumber(raw, strings.ToUpper(region))
}

// digits keeps the decimal digits of any script.
func digits(s string) string { return phonenumbers.NormalizeDigitsOnly(s) }
