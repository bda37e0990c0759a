// Package rules is the compliance kernel: may this number be rung at this
// moment. A rule is a pure function of what is known about the contact and the
// instant; missing knowledge blocks. None of it is legal advice.
package rules

import "time"

// Decision is what one rule says.
type Decision string

const (
	Allow Decision = "allow"
	Wait  Decision = "wait"
	Block Decision = "block"
)

// Ruling is one rule's decision with its reason, kept with the attempt so that
// an audit can replay it.
type Ruling struct {
	Rule     string    `json:"rule"`
	Decision Decision  `json:"decision"`
	Reason   string    `json:"reason"`
	Until    time.Time `json:"until,omitzero"`
	// Version of the profile that ruled.
	Version string `json:"version"`
}
