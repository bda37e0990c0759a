package sip

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDialPlan(t *testing.T) {
	for name, c := range map[string]struct {
		plan                DialPlan
		callee, caller      string
		wantURI, wantCaller string // of the callee, and the caller's user part
		want                error
	}{
		"as it is":        {DialPlan{}, "+12025550100", "+12025550199", "sip:+12025550100@c.example:5080", "+12025550199", nil},
		"without the +":   {DialPlan{Callee: []Rewrite{{Prefix: "+", Strip: 1}}}, "+12025550100", "", "sip:12025550100@c.example:5080", "", nil},
		"00 for +":        {DialPlan{Callee: []Rewrite{{Prefix: "+", Strip: 1, Prepend: "00"}}}, "+441632960000", "", "sip:00441632960000@c.example:5080", "", nil},
		"national":        {DialPlan{Callee: []Rewrite{{Prefix: "+86", Strip: 3, Prepend: "0"}}}, "+861012345678", "", "sip:01012345678@c.example:5080", "", nil},
		"tech prefix":     {DialPlan{Callee: []Rewrite{{Prepend: "7712#"}}}, "+12025550100", "", "sip:7712%23+12025550100@c.example:5080", "", nil},
		"the first match": {DialPlan{Callee: []Rewrite{{Prefix: "+44", Strip: 3, Prepend: "0"}, {Prefix: "+", Strip: 1}}}, "+441632960000", "", "sip:01632960000@c.example:5080", "", nil},
		"the next match":  {DialPlan{Callee: []Rewrite{{Prefix: "+44", Strip: 3, Prepend: "0"}, {Prefix: "+", Strip: 1}}}, "+12025550100", "", "sip:12025550100@c.example:5080", "", nil},
		"regexp":          {DialPlan{Callee: []Rewrite{{Regexp: `^\+861[3-9]\d{9}$`, Strip: 3}}}, "+8613912345678", "", "sip:13912345678@c.example:5080", "", nil},
		"regexp not met":  {DialPlan{Callee: []Rewrite{{Regexp: `^\+861[3-9]\d{9}$`, Strip: 3}}}, "+861012345678", "", "", "", ErrNotRouted},
		"prefix not met":  {DialPlan{Callee: []Rewrite{{Prefix: "+1"}}}, "+441632960000", "", "", "", ErrNotRouted},
		"nothing left":    {DialPlan{Callee: []Rewrite{{Strip: 4}}}, "+123", "", "", "", ErrNotRouted},
		"too short":       {DialPlan{Callee: []Rewrite{{Strip: 5, Prepend: "0"}}}, "+123", "", "", "", ErrNotRouted},
		"too long":        {DialPlan{Callee: []Rewrite{{Prepend: "12345678901234567890"}}}, "+12025550100123", "", "", "", ErrTarget},
		"caller":          {DialPlan{Caller: []Rewrite{{Prefix: "+1", Strip: 2}}}, "+12025550100", "+12025550199", "sip:+12025550100@c.example:5080", "2025550199", nil},
		"caller of none":  {DialPlan{Caller: []Rewrite{{Prefix: "+44", Strip: 3}}}, "+12025550100", "+12025550199", "sip:+12025550100@c.example:5080", "+12025550199", nil},
		"caller's name":   {DialPlan{Caller: []Rewrite{{Strip: 1}}}, "+12025550100", "anonymous", "sip:+12025550100@c.example:5080", "anonymous", nil},
		"tel":             {DialPlan{Tel: true}, "+12025550100", "", "tel:+12025550100", "", nil},
		"user=phone":      {DialPlan{UserPhone: true}, "+12025550100", "", "sip:+12025550100@c.example:5080;user=phone", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := newDialplan(c.plan)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.dial(c.callee)
			if c.want != nil {
				if !errors.Is(err, c.want) {
					t.Errorf("dial gives %q, %v, want %v", got, err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			u := p.uri(got, "c.example", 5080)
			if u.String() != c.wantURI {
				t.Errorf("the URI is %s, want %s", u.String(), c.wantURI)
			}
			if got := p.present(c.caller); got != c.wantCaller {
				t.Errorf("the caller is %q, want %q", got, c.wantCaller)
			}
		})
	}
}

func TestDialPlansThatAreWrong(t *testing.T) {
	for want, p := range map[string]DialPlan{
		"callee rewrite 2: give prefix or regexp": {Callee: []Rewrite{{}, {Prefix: "1", Regexp: "2"}}},
		"caller rewrite 1: strip is below zero":   {Caller: []Rewrite{{Strip: -1}}},
		`prepend "0 0" is no part`:                {Callee: []Rewrite{{Prepend: "0 0"}}},
		`prefix "<" is no part`:                   {Callee: []Rewrite{{Prefix: "<"}}},
		"missing closing )":                       {Callee: []Rewrite{{Regexp: "("}}},
		"leave it out where numbers are tel:":     {Tel: true, UserPhone: true},
		"257 rewrites are too many":               {Callee: make([]Rewrite, 257)},
	} {
		if _, err := newDialplan(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// TestDialPlanKeepsTheEnd: whatever the rewrites, what is dialled is a number
// that ends as the customer's does.
func TestDialPlanKeepsTheEnd(t *testing.T) {
	digits := rapid.StringMatching(`[+*#0-9]{0,8}`)
	rule := rapid.Custom(func(t *rapid.T) Rewrite {
		return Rewrite{Prefix: digits.Draw(t, "prefix"), Strip: rapid.IntRange(0, 20).Draw(t, "strip"), Prepend: digits.Draw(t, "prepend")}
	})
	rapid.Check(t, func(t *rapid.T) {
		p, err := newDialplan(DialPlan{Callee: rapid.SliceOfN(rule, 0, 4).Draw(t, "rules")})
		if err != nil {
			t.Fatal(err)
		}
		number := rapid.StringMatching(`\+[1-9][0-9]{4,14}`).Draw(t, "number")
		out, err := p.dial(number)
		if err != nil {
			return
		}
		if !isNumber(out) {
			t.Fatalf("%q became %q", number, out)
		}
		for _, r := range p.callee {
			if r.matches(number) {
				if !strings.HasSuffix(out, number[r.Strip:]) {
					t.Fatalf("%q became %q by %+v", number, out, r.Rewrite)
				}
				return
			}
		}
		if out != number {
			t.Fatalf("%q became %q by no rewrite", number, out)
		}
	})
}
