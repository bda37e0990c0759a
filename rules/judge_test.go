package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/outcome"
)

// noon is a Tuesday, 12:00 in New York.
var noon = time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)

func kernelForTest(t testing.TB) *Kernel {
	t.Helper()
	k, err := NewKernel()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// good is a case that every rule of us-collection allows at noon.
func good() Case {
	return Case{
		Number: "+12125550123", Raw: "(212) 555-0123", Region: "US", Profile: "us-collection",
		Consent: &Consent{Kind: "express", At: noon.AddDate(0, -1, 0)},
	}
}

func ago(d time.Duration) []Call { return []Call{{At: noon.Add(-d)}} }

func TestJudge(t *testing.T) {
	k := kernelForTest(t)
	for _, c := range []struct {
		name   string
		change func(*Case)
		want   Decision
		until  time.Time
		rule   string // of the deciding ruling
	}{
		{"all in order", func(*Case) {}, Allow, time.Time{}, ""},
		{"unknown profile", func(c *Case) { c.Profile = "mars" }, Block, time.Time{}, "profile"},
		{"emergency as written", func(c *Case) { c.Raw = "911" }, Block, time.Time{}, "number_class"},
		{"emergency normalised", func(c *Case) { c.Raw, c.Number = "", "+1911" }, Block, time.Time{}, "number_class"},
		{"premium", func(c *Case) { c.Raw, c.Number = "", "+19005550123" }, Block, time.Time{}, "number_class"},
		{"satellite", func(c *Case) { c.Raw, c.Number = "", "+881612345678" }, Block, time.Time{}, "number_class"},
		{"no country code", func(c *Case) { c.Number = "2125550123" }, Block, time.Time{}, "number_class"},
		{"loopback outside test", func(c *Case) { c.Raw, c.Number = "", "sip:a@127.0.0.1" }, Block, time.Time{}, "number_class"},
		{"test mode, not listed", func(c *Case) { c.TestMode = true }, Block, time.Time{}, "test_mode"},
		{"test mode, listed", func(c *Case) { c.TestMode, c.AllowList = true, []string{"+12125550123"} }, Allow, time.Time{}, ""},
		{"test mode, by prefix", func(c *Case) { c.TestMode, c.AllowList = true, []string{"+1212555*"} }, Allow, time.Time{}, ""},
		{"test mode, prefix of the world", func(c *Case) { c.TestMode, c.AllowList = true, []string{"+*", "*"} }, Block, time.Time{}, "test_mode"},
		{"opted out", func(c *Case) { c.OptedOut = true }, Block, time.Time{}, "opt_out"},
		{"do not call", func(c *Case) { c.DNC = "tenant" }, Block, time.Time{}, "dnc"},
		{"no consent", func(c *Case) { c.Consent = nil }, Block, time.Time{}, "consent"},
		{"weak consent", func(c *Case) { c.Consent.Kind = "implied" }, Block, time.Time{}, "consent"},
		{"expired consent", func(c *Case) { c.Consent.Expires = noon }, Block, time.Time{}, "consent"},
		{"future consent", func(c *Case) { c.Consent.At = noon.Add(time.Hour) }, Block, time.Time{}, "consent"},
		{"paid", func(c *Case) { c.Paid = true }, Block, time.Time{}, "terminal"},
		{"deceased", func(c *Case) { c.Closed = outcome.Deceased }, Block, time.Time{}, "terminal"},
		{"expired", func(c *Case) { c.Expires = noon }, Block, time.Time{}, "expiry"},
		{"campaign over", func(c *Case) { c.To = noon }, Block, time.Time{}, "campaign_window"},
		{"campaign later", func(c *Case) { c.From = noon.Add(time.Hour) }, Wait, noon.Add(time.Hour), "campaign_window"},
		{"campaign hours narrow", func(c *Case) { c.Windows = Daily("14:00-15:00") }, Wait, noon.Add(2 * time.Hour), "calling_hours"},
		{"contact's zone first: 01:00 in Shanghai", func(c *Case) { c.Zone = "Asia/Shanghai" }, Wait, noon.Add(7 * time.Hour), "calling_hours"},
		{"then the place: 07:00 in Honolulu", func(c *Case) { c.Place = "US-HI" }, Wait, noon.Add(time.Hour), "calling_hours"},
		{"a zone nobody knows", func(c *Case) { c.Zone = "Mars/Olympus" }, Block, time.Time{}, "calling_hours"},
		{"the server's zone", func(c *Case) { c.Zone = "Local" }, Block, time.Time{}, "calling_hours"},
		{"toll-free: 08:00 in Guam", func(c *Case) { c.Raw, c.Number = "", "+18005550123" }, Wait, noon.Add(5 * time.Hour), "calling_hours"},
		{"a leg is up", func(c *Case) { c.Live = true }, Wait, noon.Add(time.Minute), "one_leg"},
		{"ten minutes ago", func(c *Case) { c.Calls = ago(10 * time.Minute) }, Wait, noon.Add(20 * time.Minute), "frequency"},
		{"half an hour ago", func(c *Case) { c.Calls = ago(30 * time.Minute) }, Allow, time.Time{}, ""},
		{"three today", func(c *Case) { c.Calls = slices.Concat(ago(5*time.Hour), ago(4*time.Hour), ago(3*time.Hour)) }, Wait, noon.Add(19 * time.Hour), "frequency"},
		{"talked yesterday", func(c *Case) { c.Calls = []Call{{At: noon.Add(-24 * time.Hour), Answered: true, Talked: true}} }, Wait, noon.Add(6 * 24 * time.Hour), "frequency"},
		{"the old dialer talked", func(c *Case) { c.LastTalk = noon.Add(-6 * 24 * time.Hour) }, Wait, noon.Add(24 * time.Hour), "frequency"},
		{"the old dialer called seven times", func(c *Case) { c.Earlier = 7 }, Wait, noon.Add(24 * time.Hour), "frequency"},
		{"begun too long ago", func(c *Case) { c.Begun = noon.Add(-1001 * time.Millisecond) }, Block, time.Time{}, "fresh"},
		{"begun just now", func(c *Case) { c.Begun = noon.Add(-900 * time.Millisecond) }, Allow, time.Time{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tc := good()
			c.change(&tc)
			got, until, reason := Decide(k.Judge(tc, noon))
			if got != c.want || !until.Equal(c.until) || !strings.HasPrefix(reason, c.rule) {
				t.Errorf("%s until %v because %q, want %s until %v by %s", got, until, reason, c.want, c.until, c.rule)
			}
		})
	}
}

func TestTestProfile(t *testing.T) {
	k := kernelForTest(t)
	night := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	for number, want := range map[string]Decision{
		"sip:alice@127.0.0.1:5070": Allow, "sip:alice@example.com": Block, "+12125550123": Block,
		"+441632960123": Allow, "+1911": Block, "+19005550123": Block,
	} {
		c := Case{Number: number, Profile: "test", AllowList: []string{"+441632*", "+1911", "+19005550123"}}
		if got, _, reason := Decide(k.Judge(c, night)); got != want {
			t.Errorf("%s: %s because %q, want %s", number, got, reason, want)
		}
	}
}

func TestChineseCaps(t *testing.T) {
	k := kernelForTest(t)
	c := Case{Number: "+8613800138000", Profile: "cn-collection", Consent: &Consent{Kind: "contract"}}
	ten := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC) // 10:00 in Shanghai
	if got, _, reason := Decide(k.Judge(c, ten)); got != Allow {
		t.Fatalf("%s: %s", got, reason)
	}
	c.Calls = []Call{{At: ten.Add(-20 * time.Hour), Answered: true}, {At: ten.Add(-19 * time.Hour), Answered: true}, {At: ten.Add(-18 * time.Hour), Answered: true}}
	if got, until, _ := Decide(k.Judge(c, ten)); got != Wait || !until.Equal(ten.Add(4*time.Hour)) {
		t.Errorf("after three connected calls: %s until %v", got, until)
	}
}

func TestDecide(t *testing.T) {
	soon, late := noon.Add(time.Minute), noon.Add(time.Hour)
	for _, c := range []struct {
		name  string
		all   []Ruling
		want  Decision
		until time.Time
	}{
		{"nothing asked", nil, Block, time.Time{}},
		{"latest wait", []Ruling{{Decision: Wait, Until: late}, {Decision: Allow}, {Decision: Wait, Until: soon}}, Wait, late},
		{"block wins", []Ruling{{Decision: Wait, Until: late}, {Decision: Block}}, Block, time.Time{}},
		{"a wait without an end", []Ruling{{Decision: Wait}}, Block, time.Time{}},
		{"a word nobody knows", []Ruling{{Decision: "maybe"}}, Block, time.Time{}},
		{"all allow", []Ruling{{Decision: Allow}, {Decision: Allow}}, Allow, time.Time{}},
	} {
		if got, until, _ := Decide(c.all); got != c.want || !until.Equal(c.until) {
			t.Errorf("%s: %s until %v, want %s until %v", c.name, got, until, c.want, c.until)
		}
	}
}

// TestNeverOutsideHours: for a random zone, profile and instant, an Allow lies
// inside the hours by the wall clock, and a Wait ends where an Allow begins.
func TestNeverOutsideHours(t *testing.T) {
	k := kernelForTest(t)
	zones := []string{"America/New_York", "America/St_Johns", "Asia/Shanghai", "Asia/Kathmandu", "Australia/Lord_Howe",
		"Europe/London", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Casablanca", "America/Nuuk"}
	profiles := []string{"us-collection", "us-marketing", "cn-collection", "cn-marketing", "uk", "eu"}
	rapid.Check(t, func(t *rapid.T) {
		c := good()
		c.Zone = rapid.SampledFrom(zones).Draw(t, "zone")
		c.Profile = rapid.SampledFrom(profiles).Draw(t, "profile")
		c.Consent.Kind, c.Consent.At = "written", time.Time{}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "now"), 0)
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		inside := func(at time.Time) bool {
			p, _ := k.Profile(c.Profile)
			local := at.In(zone)
			m := local.Hour()*60 + local.Minute()
			return slices.ContainsFunc(p.Hours[strings.ToLower(local.Weekday().String()[:3])],
				func(w Window) bool { return m >= w.Start && m < w.End })
		}
		got, until, reason := Decide(k.Judge(c, now))
		switch got {
		case Allow:
			if !inside(now) {
				t.Fatalf("%s allows %v", c.Profile, now.In(zone))
			}
		case Wait:
			if again, _, _ := Decide(k.Judge(c, until)); again != Allow || !inside(until) || !until.After(now) {
				t.Fatalf("waits until %v, and then: %s", until.In(zone), again)
			}
		default:
			t.Fatalf("blocks: %s", reason)
		}
	})
}

func TestSeveralZonesIntersect(t *testing.T) {
	k := kernelForTest(t)
	c := good()
	c.Place = "US-TN" // New York and Chicago
	for clock, want := range map[string]Decision{"13:30": Wait, "14:00": Allow, "01:30": Allow, "01:56": Wait, "02:30": Wait} {
		at, err := time.Parse("2006-01-02 15:04", "2026-11-24 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, reason := Decide(k.Judge(c, at)); got != want {
			t.Errorf("at %s UTC: %s because %q, want %s", clock, got, reason, want)
		}
	}
}

func TestWindowText(t *testing.T) {
	for _, s := range []string{"08:00-21:00", "00:00-24:00", "09:30-09:31"} {
		w, err := ParseWindow(s)
		if err != nil || w.String() != s {
			t.Errorf("ParseWindow(%q) = %v, %v", s, w, err)
		}
	}
	for _, s := range []string{"", "8-21", "21:00-08:00", "08:00-08:00", "08:00-24:01", "08:60-09:00", "-1:00-02:00", "08:00", "008:00-09:00"} {
		if w, err := ParseWindow(s); err == nil {
			t.Errorf("ParseWindow(%q) = %v, want an error", s, w)
		}
	}
	if err := (Week{"monday": nil}).Check(); err == nil {
		t.Error("a weekday of another spelling passed")
	}
}

func BenchmarkJudge(b *testing.B) {
	k := kernelForTest(b)
	c := good()
	for b.Loop() {
		k.Judge(c, noon)
	}
}
