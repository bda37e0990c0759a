package sip

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"pgregory.net/rapid"
)

func TestWhenToRegister(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	bad := errors.New("bad")
	ok := func(seconds int) reply { return reply{granted: seconds} }
	failed, denied := reply{err: bad}, reply{err: bad, denied: true}
	brief := func(seconds int) reply { return reply{err: bad, least: seconds} }
	all := func(r reply, n int) (rs []reply) {
		for range n {
			rs = append(rs, r)
		}
		return rs
	}
	for name, c := range map[string]struct {
		replies []reply
		roll    float64
		next    time.Duration // after the last reply
		stands  time.Duration // 0: it does not
		ask     int
		err     error
	}{
		"granted":             {[]reply{ok(3600)}, 0, 59 * time.Minute, time.Hour, 3600, nil},
		"granted, spread":     {[]reply{ok(3600)}, 1, 59*time.Minute - 354*time.Second, time.Hour, 3600, nil},
		"shortened":           {[]reply{ok(100)}, 0, 50 * time.Second, 100 * time.Second, 3600, nil},
		"a second":            {[]reply{ok(1)}, 1, time.Second, time.Second, 3600, nil},
		"for ever":            {[]reply{ok(1 << 30)}, 0, 24*time.Hour - time.Minute, 24 * time.Hour, 3600, nil},
		"too brief":           {[]reply{brief(7200)}, 0, 0, 0, 7200, nil},
		"too brief twice":     {[]reply{brief(7200), brief(7300)}, 0, 2 * time.Second, 0, 7200, bad},
		"too brief, then not": {[]reply{brief(7200), ok(7200), brief(9000)}, 0, 0, 2 * time.Hour, 9000, nil},
		"423 for nothing":     {[]reply{brief(60)}, 0, 2 * time.Second, 0, 3600, bad},
		"423 beyond a day":    {[]reply{brief(1 << 30)}, 0, 0, 0, maxExpires, nil},
		"failed":              {[]reply{failed}, 0, 2 * time.Second, 0, 3600, bad},
		"failed, spread":      {[]reply{failed}, 1, time.Second, 0, 3600, bad},
		"failed four times":   {all(failed, 4), 0, 16 * time.Second, 0, 3600, bad},
		"failed for hours":    {all(failed, 400), 0, 5 * time.Minute, 0, 3600, bad},
		"refresh failed":      {[]reply{ok(3600), failed}, 0, 2 * time.Second, time.Hour, 3600, bad},
		"back again":          {append(all(failed, 9), ok(3600)), 0, 59 * time.Minute, time.Hour, 3600, nil},
		"denied":              {[]reply{denied}, 0, time.Minute, 0, 3600, bad},
		"denied for hours":    {all(denied, 400), 0, 30 * time.Minute, 0, 3600, bad},
		"asked to wait":       {[]reply{{err: bad, rest: 40 * time.Second}}, 0, 40 * time.Second, 0, 3600, bad},
		"asked to wait long":  {[]reply{{err: bad, rest: 24 * time.Hour}}, 0, maxRest, 0, 3600, bad},
	} {
		t.Run(name, func(t *testing.T) {
			b := binding{unit: time.Second, ask: usualExpires}
			for _, r := range c.replies {
				b.hear(now, r, c.roll)
			}
			if got := b.next.Sub(now); got != c.next || b.ask != c.ask || !errors.Is(b.err, c.err) {
				t.Errorf("next in %v, want %v; asks for %d, %v", got, c.next, b.ask, b.err)
			}
			if got := b.stands(now); got != (c.stands > 0) || c.stands > 0 && (b.stands(now.Add(c.stands)) || !b.stands(now.Add(c.stands-1))) {
				t.Errorf("it stands until %v", b.until)
			}
		})
	}
}

// TestRegistrationNeverSticks: whatever the registrar says, it is asked again
// within half an hour or before the end of what it granted, and not in a loop.
func TestRegistrationNeverSticks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		b := binding{unit: time.Second, ask: usualExpires}
		atOnce := 0
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			r := rapid.SampledFrom([]reply{
				{granted: rapid.IntRange(1, 1<<20).Draw(t, "granted")}, {err: errNoAnswer}, {err: ErrAuth, denied: true},
				{err: errNoAnswer, least: rapid.IntRange(1, 1<<20).Draw(t, "least")}, {err: errNoAnswer, rest: time.Hour},
			}).Draw(t, "reply")
			b.hear(now, r, rapid.Float64Range(0, 0.999).Draw(t, "roll"))
			wait := b.next.Sub(now)
			switch {
			case wait < 0 || r.granted == 0 && wait > maxDenied*time.Second || r.granted > 1 && !b.next.Before(b.until):
				t.Fatalf("after %+v the next is in %v of %+v", r, wait, b)
			case wait == 0:
				if atOnce++; atOnce > 1 {
					t.Fatalf("it is asked in a loop: %+v", b)
				}
			default:
				atOnce = 0
			}
			now = b.next
		}
	})
}

func TestReplyOfTheRegistrar(t *testing.T) {
	ours := sip.Uri{Scheme: "sip", User: "alice", Host: "192.0.2.1", Port: 5060}
	for name, c := range map[string]struct {
		text    string
		granted int
		least   int
		rest    time.Duration
		denied  bool
	}{
		"our expires":          {"200 OK\r\nContact: <sip:alice@192.0.2.1:5060>;expires=120\r\nExpires: 999", 120, 0, 0, false},
		"the header's":         {"200 OK\r\nContact: <sip:alice@192.0.2.1:5060>\r\nExpires: 999", 999, 0, 0, false},
		"what we asked":        {"200 OK\r\nContact: <sip:alice@192.0.2.1:5060>", 3600, 0, 0, false},
		"several, one line":    {"200 OK\r\nContact: <sip:alice@192.0.2.9:5060>;expires=50, <sip:alice@192.0.2.1:5060>;expires=70, <sip:bob@192.0.2.1>;expires=90", 70, 0, 0, false},
		"several lines":        {"200 OK\r\nContact: <sip:alice@192.0.2.9:5060>;expires=50\r\nm: <sip:alice@192.0.2.1:5060;ob>;expires=70", 70, 0, 0, false},
		"address rewritten":    {"200 OK\r\nContact: <sip:alice@198.51.100.7:40001>;expires=60", 60, 0, 0, false},
		"rewritten, but two":   {"200 OK\r\nContact: <sip:alice@198.51.100.7:1>;expires=60\r\nContact: <sip:alice@198.51.100.8:1>;expires=60", 0, 0, 0, false},
		"other phones' only":   {"200 OK\r\nContact: <sip:bob@192.0.2.1:5060>;expires=60", 0, 0, 0, false},
		"ours just ended":      {"200 OK\r\nContact: <sip:alice@192.0.2.1:5060>;expires=0", 0, 0, 0, false},
		"nonsense":             {"200 OK\r\nContact: <sip:alice@192.0.2.1:5060>;expires=soon", 0, 0, 0, false},
		"nothing listed":       {"200 OK\r\nExpires: 300", 300, 0, 0, false},
		"too brief":            {"423 Interval Too Brief\r\nMin-Expires: 1800", 0, 1800, 0, false},
		"too brief, no word":   {"423 Interval Too Brief", 0, 0, 0, false},
		"busy":                 {"503 Service Unavailable\r\nRetry-After: 30 (soon)", 0, 0, 30 * time.Second, false},
		"forbidden":            {"403 Forbidden", 0, 0, 0, true},
		"unknown":              {"404 Not Found", 0, 0, 0, true},
		"asked for a password": {"401 Unauthorized", 0, 0, 0, true},
		"moved":                {"302 Moved Temporarily\r\nContact: <sip:alice@192.0.2.1:5060>", 0, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			head, rest, _ := strings.Cut(c.text, "\r\n")
			m, err := sip.NewParser().ParseSIP([]byte("SIP/2.0 " + head + "\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n" +
				strings.TrimSpace(rest+"\r\nContent-Length: 0") + "\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			got := replyOf(m.(*sip.Response), ours, 3600)
			if got.granted != c.granted || got.least != c.least || got.rest != c.rest || got.denied != c.denied || (got.err == nil) != (c.granted > 0) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
