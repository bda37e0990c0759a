//go:build !race

package sip

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"parley/call"
	"parley/outcome"
)

// TestSIPpReadsTheIdentity: SIPp's own parser finds who calls, in the INVITE
// and in nothing else.
func TestSIPpReadsTheIdentity(t *testing.T) {
	const number = "<sip:2025550199@us.example;user=phone>"
	for name, c := range map[string]struct {
		identity Identity
		passport string
		want     [][2]string
	}{
		"told": {
			Identity{Trusted: true, Asserted: OfCaller, Privacy: "history", Diversion: "+12025550111", Name: "Acme"}, "",
			[][2]string{
				{"From", `"Acme" ` + number + ";tag="}, {"P-Asserted-Identity", `"Acme" ` + number}, {"Privacy", "history"},
				{"Diversion", "<sip:2025550111@us.example;user=phone>;reason="},
			},
		},
		"hidden": {
			Identity{Trusted: true, Asserted: OfCaller, Privacy: "id"}, "",
			[][2]string{{"From", `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=`}, {"P-Asserted-Identity", number}, {"Privacy", "id"}},
		},
		"preferred": {Identity{Preferred: OfCaller}, "", [][2]string{{"From", number + ";tag="}, {"P-Preferred-Identity", number}}},
		"signed":    {Identity{Passport: true}, passported, [][2]string{{"Date", "Tue, 24 Nov 2026 17:00:05 GMT"}, {"Identity", passported}}},
	} {
		t.Run(name, func(t *testing.T) {
			var checks strings.Builder
			for _, w := range c.want {
				// SIPp knows no entity of a quote: a dot stands for each.
				wanted := strings.NewReplacer(`"`, ".", "<", "&lt;", ">", "&gt;").Replace(regexp.QuoteMeta(w[1]))
				fmt.Fprintf(&checks, `<ereg regexp="^ *%s" search_in="hdr" header="%s:" check_it="true" assign_to="got"/>`, wanted, w[0])
			}
			far := startSIPp(t, scenario(t, "identity.xml", "[checks]", checks.String())...)
			r := newRig(t, far.asTrunk, func(o *Options) {
				trunk := &o.Trunks[0]
				trunk.CallerID, trunk.FromDomain, trunk.Identity = "+12025550199", "us.example", c.identity
				trunk.Dial = DialPlan{Caller: []Rewrite{{Prefix: "+1", Strip: 2}}, UserPhone: true}
			})
			target := far.target()
			target.Trunk, target.To, target.Identity = "t1", "+12025550100", c.passport
			l := r.Dial(t.Context(), target)
			step(t, l, call.Answered)
			if err := l.Hangup(t.Context()); err != nil {
				t.Error(err)
			}
			if c := ended(t, l); c.Network != outcome.Answered {
				t.Errorf("cause is %+v", c)
			}
			far.satisfied()
		})
	}
}
