package sip

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"parley/call"
)

// signed is an Identity header as a signing service gives it; its signature is
// one of nobody.
func signed(head, payload string) string {
	of := base64.RawURLEncoding.EncodeToString
	return of([]byte(head)) + "." + of([]byte(payload)) + "." + of([]byte("signature")) +
		";info=<https://cert.example/passport.cer>;alg=ES256;ppt=shaken"
}

var passported = signed(`{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example/passport.cer"}`,
	`{"attest":"A","dest":{"tn":["12025550100"]},"iat":1795539605,"orig":{"tn":"12025550199"},"origid":"o"}`)

// identityNames are the headers of this file's subject.
var identityNames = []string{"From", "P-Asserted-Identity", "P-Preferred-Identity", "Privacy", "Diversion", "Date", "Identity"}

func TestIdentityHeaders(t *testing.T) {
	us := Trunk{Name: "t1", Host: "127.0.0.1", CallerID: "+12025550199", FromDomain: "us.example"}
	national := DialPlan{Caller: []Rewrite{{Prefix: "+1", Strip: 2}}}
	anonymousFrom := `"Anonymous" <sip:anonymous@anonymous.invalid>`
	for name, c := range map[string]struct {
		identity Identity
		plan     DialPlan
		from     string // of the call
		passport string
		want     map[string]string
	}{
		"none":      {want: map[string]string{"From": "<sip:+12025550199@us.example>"}},
		"own from":  {from: "+12025550177", want: map[string]string{"From": "<sip:+12025550177@us.example>"}},
		"a name":    {identity: Identity{Name: "Acme 账单"}, want: map[string]string{"From": `"Acme 账单" <sip:+12025550199@us.example>`}},
		"preferred": {identity: Identity{Preferred: OfCaller}, want: map[string]string{"From": "<sip:+12025550199@us.example>", "P-Preferred-Identity": "<sip:+12025550199@us.example>"}},
		"asserted": {
			Identity{Trusted: true, Asserted: OfCaller, Name: "Acme"}, national, "+12025550177", "",
			map[string]string{"From": `"Acme" <sip:2025550177@us.example>`, "P-Asserted-Identity": `"Acme" <sip:2025550177@us.example>`},
		},
		"asserted, user=phone": {
			Identity{Trusted: true, Asserted: OfCaller}, DialPlan{UserPhone: true}, "", "",
			map[string]string{"From": "<sip:+12025550199@us.example;user=phone>", "P-Asserted-Identity": "<sip:+12025550199@us.example;user=phone>"},
		},
		"asserted, tel": {
			Identity{Trusted: true, Asserted: OfCaller}, DialPlan{Tel: true}, "", "",
			map[string]string{"From": "<sip:+12025550199@us.example>", "P-Asserted-Identity": "<tel:+12025550199>"},
		},
		"asserted, tel of no country": {
			Identity{Trusted: true, Asserted: OfCaller}, DialPlan{Tel: true, Caller: national.Caller}, "", "",
			map[string]string{"From": "<sip:2025550199@us.example>", "P-Asserted-Identity": "<sip:2025550199@us.example>"},
		},
		"asserted, one for all": {
			Identity{Trusted: true, Asserted: "tel:+12025550000"}, national, "+12025550177", "",
			map[string]string{"From": "<sip:2025550177@us.example>", "P-Asserted-Identity": "<tel:+12025550000>"},
		},
		"anonymous (RFC 3325 section 9.3)": {
			Identity{Trusted: true, Asserted: OfCaller, Privacy: "id", Name: "Acme"}, DialPlan{}, "", "",
			map[string]string{"From": anonymousFrom, "P-Asserted-Identity": `"Acme" <sip:+12025550199@us.example>`, "Privacy": "id"},
		},
		"anonymous, by the call": {
			Identity{Trusted: true, Asserted: OfCaller, Privacy: "history"}, DialPlan{}, Anonymous, "",
			map[string]string{"From": anonymousFrom, "P-Asserted-Identity": "<sip:+12025550199@us.example>", "Privacy": "id;history"},
		},
		"anonymous, by the call against the trunk": {
			Identity{Privacy: "none"}, DialPlan{}, Anonymous, "", map[string]string{"From": anonymousFrom, "Privacy": "id"},
		},
		"private beyond From": {
			Identity{Privacy: "header;critical"}, DialPlan{}, "", "", map[string]string{"From": "<sip:+12025550199@us.example>", "Privacy": "header;critical"},
		},
		"diversion": {
			Identity{Diversion: "+12025550111"}, national, "", "",
			map[string]string{"From": "<sip:2025550199@us.example>", "Diversion": "<sip:2025550111@us.example>;reason=unconditional"},
		},
		"passport": {
			Identity{Passport: true}, DialPlan{}, "", passported,
			map[string]string{"From": "<sip:+12025550199@us.example>", "Date": "Tue, 24 Nov 2026 17:00:05 GMT", "Identity": passported},
		},
		"passport on a trunk that takes none": {Identity{}, DialPlan{}, "", passported, map[string]string{"From": "<sip:+12025550199@us.example>"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) {
				trunk := us
				trunk.Identity, trunk.Dial = c.identity, c.plan
				o.Trunks = []Trunk{trunk}
			})
			draft, err := r.Draft(context.Background(), call.Target{Trunk: "t1", To: "+12025550100", From: c.from, Identity: c.passport})
			if err != nil {
				t.Fatal(err)
			}
			m, got := readMessage(draft.Text), map[string]string{}
			for _, h := range identityNames {
				if all := m.header[strings.ToLower(h)]; len(all) > 0 {
					got[h], _, _ = strings.Cut(strings.Join(all, " and "), ";tag=")
				}
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("the headers are\n%v, want\n%v", got, c.want)
			}
		})
	}
}

// TestIdentityIsOfTheFirstRequest: what follows the INVITE repeats From alone.
func TestIdentityIsOfTheFirstRequest(t *testing.T) {
	r := newTrunkRig(t, func(o *Options) {
		o.Trunks[0].CallerID = "+12025550199"
		o.Trunks[0].Identity = Identity{Trusted: true, Asserted: OfCaller, Privacy: "id", Diversion: "+12025550111", Passport: true}
	})
	l := r.dial(func(t *call.Target) { byTrunk(t); t.Identity = passported })
	first := r.far.expect("INVITE")
	r.far.reply(first, "407 Proxy Authentication Required", "", `Proxy-Authenticate: Digest realm="r", nonce="n1"`)
	follow := []message{r.far.expect("ACK")}
	invite := r.far.expect("INVITE")
	for _, h := range identityNames {
		if invite.get(h) == "" && h != "P-Preferred-Identity" || invite.get(h) != first.get(h) {
			t.Errorf("%s was %q, with credentials it is %q", h, first.get(h), invite.get(h))
		}
	}
	r.far.reply(invite, "200 OK", sdp)
	follow = append(follow, r.far.expect("ACK"))
	step(t, l, call.Answered)
	holder := make(chan error, 1)
	go func() { holder <- l.(call.Holder).Hold(context.Background()) }()
	again := r.far.expect("INVITE")
	r.far.reply(again, "200 OK", sdp)
	follow = append(follow, again, r.far.expect("ACK"))
	if err := <-holder; err != nil {
		t.Error(err)
	}
	hang(l)
	bye := r.far.expect("BYE")
	r.far.reply(bye, "200 OK", "")
	ended(t, l)
	for _, m := range append(follow, bye) {
		if m.get("From") != invite.get("From") {
			t.Errorf("%s: From is %q, of the INVITE %q", m.method(), m.get("From"), invite.get("From"))
		}
		for _, h := range identityNames[1:] {
			if m.get(h) != "" {
				t.Errorf("%s holds %s: %q", m.method(), h, m.get(h))
			}
		}
	}
}

// TestIdentityOnlyForTrunks: beyond a trunk nobody is told more than From.
func TestIdentityOnlyForTrunks(t *testing.T) {
	r := newTrunkRig(t, func(o *Options) {
		o.Trunks[0].CallerID, o.Trunks[0].Identity = "+12025550199", Identity{Trusted: true, Asserted: OfCaller, Passport: true}
	})
	draft, err := r.Draft(context.Background(), call.Target{Trunk: "t1", Proxy: r.far.addr(), To: "+12025550100", From: Anonymous, Identity: passported})
	if err != nil {
		t.Fatal(err)
	}
	m := readMessage(draft.Text)
	if strings.Contains(m.get("From"), "+1202") {
		t.Errorf("a hidden caller is told: From is %q", m.get("From"))
	}
	for _, h := range identityNames[1:] {
		if m.get(h) != "" {
			t.Errorf("a stranger is told %s: %q", h, m.get(h))
		}
	}
}

func TestIdentitiesThatAreWrong(t *testing.T) {
	for want, i := range map[string]Identity{
		"set trusted, or use preferred": {Asserted: OfCaller},
		"exclude each other":            {Trusted: true, Asserted: OfCaller, Preferred: OfCaller},
		"diversion is no number":        {Diversion: "sip:a@b"},
		"longer than 64":                {Name: strings.Repeat("n", 65)},
		"holds quotes":                  {Name: `a"b`},
		"control characters":            {Name: "a\r\nVia: x"},
		`asserted "yes"`:                {Trusted: true, Asserted: "yes"},
		`asserted "sip:a b@c"`:          {Trusted: true, Asserted: "sip:a b@c"},
		`preferred "sip:host"`:          {Preferred: "sip:host"},
		`preferred "tel:a"`:             {Preferred: "tel:a"},
		`privacy "secret" is unknown`:   {Privacy: "id;secret"},
		"privacy id is there twice":     {Privacy: "id;id"},
		"asks for no privacy at all":    {Privacy: "none;id"},
		"only strengthens":              {Privacy: "critical"},
	} {
		err := Trunk{Name: "t1", Host: "h", Identity: i}.Check()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestPassportsThatAreWrong(t *testing.T) {
	head, payload, right := `{"alg":"ES256","typ":"passport"}`, `{"iat":1795539605}`, passported
	if err := CheckIdentity(right); err != nil {
		t.Errorf("a right one: %v", err)
	}
	of := base64.RawURLEncoding.EncodeToString
	for name, text := range map[string]string{
		"compact":           ".." + of([]byte("signature")) + ";info=<https://c.example/c.cer>",
		"a header's end":    right + "\r\nVia: SIP/2.0/UDP x",
		"an end by itself":  strings.Replace(right, ";alg", "\n;alg", 1),
		"two in one":        right + "," + right,
		"no info":           strings.Replace(right, ";info=<https://cert.example/passport.cer>", "", 1),
		"info of a file":    strings.Replace(right, "https://", "file:///", 1),
		"a bracket in info": strings.Replace(right, "passport.cer", "a>b", 1),
		"too long":          signed(head, `{"iat":1795539605,"x":"`+strings.Repeat("x", maxPassport)+`"}`),
		"no JSON":           signed("head", payload),
		"not of a passport": signed(`{"alg":"ES256","typ":"JWT"}`, payload),
		"no moment":         signed(head, `{"dest":{}}`),
		"no base64":         strings.Replace(right, ".", "A.", 1),
	} {
		if err := CheckIdentity(text); !errors.Is(err, ErrTarget) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := newTrunkRig(t)
	if c := ended(t, r.dial(func(t *call.Target) { byTrunk(t); t.Identity = "x\r\nVia: y" })); !errors.Is(c.Err, ErrTarget) || c.Rang {
		t.Errorf("a call with a wrong identity ended with %+v", c)
	}
}

// FuzzIdentity: what is taken holds nothing that ends a header.
func FuzzIdentity(f *testing.F) {
	f.Add(passported)
	f.Add("..c;info=<https://c.example>")
	f.Fuzz(func(t *testing.T, text string) {
		if CheckIdentity(text) == nil && (len(text) > maxPassport || slices.ContainsFunc([]byte(text), func(b byte) bool { return b <= ' ' || b >= 0x7f })) {
			t.Fatalf("%q was taken", text)
		}
	})
}
