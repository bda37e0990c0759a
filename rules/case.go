package rules

// Case is everything the rules look at for one number at one moment.
type Case struct {
	// Number is E.164, or a loopback SIP URI under profile "test".
	Number string
	// Profile names the rule set: "test", "us-collection", "cn-collection", …
	Profile string
}
