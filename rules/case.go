package rules

import (
	"time"

	"parley/outcome"
)

// Case is everything the rules look at for one number at one moment. What is
// unknown stays zero, and where a rule needs it, blocks.
type Case struct {
	// Number is E.164, or a loopback SIP URI under profile "test".
	Number string `json:"number"`
	// Raw is the number as the list wrote it, Region the country it was read in.
	Raw    string `json:"raw,omitempty"`
	Region string `json:"region,omitempty"`
	// Profile names the rule set: "test", "us-collection", "cn-collection", …
	Profile string `json:"profile"`

	// Zone is the contact's own IANA time zone; Place the contact's country or
	// state ("US-CA"). With neither, the number's possible zones hold.
	Zone  string `json:"zone,omitempty"`
	Place string `json:"place,omitempty"`

	// DNC names the do-not-call list that has the number: "tenant",
	// "campaign", or "" for none. OptedOut: the person asked not to be called.
	DNC      string `json:"dnc,omitempty"`
	OptedOut bool   `json:"opted_out,omitempty"`
	// Consent is the proof that this person may be called; nil for none.
	Consent *Consent `json:"consent,omitempty"`
	// Paid: the debt is paid. Closed is the final disposition on record,
	// after which nobody calls again.
	Paid   bool                `json:"paid,omitempty"`
	Closed outcome.Disposition `json:"closed,omitempty"`
	// Expires is when the contact's data stop being valid; zero for never.
	Expires time.Time `json:"expires,omitzero"`

	// Calls are the attempts of the tenant, over all campaigns, to this number
	// or person in the last seven days, the one being judged left out.
	Calls []Call `json:"calls,omitempty"`
	// Earlier counts calls that an older dialer made in the last seven days,
	// LastTalk is the last conversation of it or of a call that the customer
	// began.
	Earlier  int       `json:"earlier,omitempty"`
	LastTalk time.Time `json:"last_talk,omitzero"`
	// Live: a leg to this number exists now.
	Live bool `json:"live,omitempty"`

	// From and To bound the campaign; Windows, when not nil, are the
	// campaign's own hours, which can only narrow the profile's.
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Windows Week      `json:"windows,omitempty"`
	// TestMode: only numbers that AllowList has, whole or as a prefix ending
	// in "*", may be called.
	TestMode  bool     `json:"test_mode,omitempty"`
	AllowList []string `json:"allow_list,omitempty"`

	// Begun is when the permission to dial became durable; zero before that.
	// An INVITE leaves within a second of it or not at all.
	Begun time.Time `json:"begun,omitzero"`
}

// Call is an earlier attempt as the rules count it. Attempts that failed on
// our side before a phone could ring are not among them; attempts whose result
// a crash hid are.
type Call struct {
	At time.Time `json:"at"`
	// Answered: somebody or something took the call. Talked: a human did.
	Answered bool `json:"answered,omitempty"`
	Talked   bool `json:"talked,omitempty"`
}

// Consent is the proof of a person's agreement.
type Consent struct {
	Kind     string    `json:"kind"` // "written", "express", "contract", …
	At       time.Time `json:"at,omitzero"`
	Evidence string    `json:"evidence,omitempty"`
	Expires  time.Time `json:"expires,omitzero"`
}
