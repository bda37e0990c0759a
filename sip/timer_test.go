package sip

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// withHeaders is a message with these header lines.
func withHeaders(lines ...string) *sip.Request {
	req := sip.NewRequest(sip.UPDATE, sip.Uri{Scheme: "sip", Host: "x"})
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		req.AppendHeader(sip.NewHeader(name, value))
	}
	return req
}

func text(headers []sip.Header) string {
	var all []string
	for _, h := range headers {
		all = append(all, h.Name()+": "+h.Value())
	}
	return strings.Join(all, "\n")
}

func TestSessionTimerAsUAC(t *testing.T) {
	for name, c := range map[string]struct {
		answer        []string
		ours          bool
		renew, expire time.Duration
	}{
		"no timer":                     {nil, false, 0, 0},
		"we refresh":                   {[]string{"Session-Expires: 1800;refresher=uac"}, true, 900 * time.Second, 1768 * time.Second},
		"they refresh":                 {[]string{"Session-Expires: 600;refresher=uas"}, false, 0, 568 * time.Second},
		"nobody named: us":             {[]string{"Session-Expires: 90"}, true, 45 * time.Second, 60 * time.Second},
		"compact form":                 {[]string{"x: 120 ; refresher=UAS"}, false, 0, 88 * time.Second},
		"shorter than anybody may ask": {[]string{"Session-Expires: 1;refresher=uac"}, true, 45 * time.Second, 60 * time.Second},
		"nonsense":                     {[]string{"Session-Expires: soon"}, false, 0, 0},
	} {
		var timer sessionTimer
		timer.accepted(withHeaders(c.answer...))
		renew, expire := timer.due(time.Second)
		if timer.ours != c.ours || renew != c.renew || expire != c.expire {
			t.Errorf("%s: ours %v, renewed after %v, over after %v", name, timer.ours, renew, expire)
		}
	}
	var timer sessionTimer
	if got := text(timer.headers()); got != "Session-Expires: 1800\nMin-SE: 90" {
		t.Errorf("the INVITE asks %q", got)
	}
	timer.accepted(withHeaders("Session-Expires: 300;refresher=uas"))
	if got := text(timer.headers()); got != "Session-Expires: 300;refresher=uas\nMin-SE: 90" {
		t.Errorf("a renewal by us while it is theirs asks %q", got)
	}
}

func TestSessionTimerRefused(t *testing.T) {
	var timer sessionTimer
	if !timer.refused(withHeaders("Min-SE: 3600")) {
		t.Fatal("a 422 with a Min-SE is not tried again")
	}
	if got := text(timer.headers()); got != "Session-Expires: 3600\nMin-SE: 3600" {
		t.Errorf("the next try asks %q", got)
	}
	for _, least := range []string{"Min-SE: 3600", "Min-SE: 60", "Min-SE: x", "X: y"} {
		if timer.refused(withHeaders(least)) {
			t.Errorf("after 3600, a 422 with %q is tried again", least)
		}
	}
}

func TestSessionTimerAsUAS(t *testing.T) {
	ours, theirs := sessionTimer{interval: 600, ours: true}, sessionTimer{interval: 600}
	for name, c := range map[string]struct {
		given  sessionTimer
		ask    []string
		code   int
		answer string
	}{
		"nobody wants one":          {sessionTimer{}, []string{"Supported: timer"}, 0, ""},
		"theirs, and they say so":   {sessionTimer{}, []string{"Supported: 100rel, timer", "Session-Expires: 1800;refresher=uac"}, 0, "Require: timer\nSession-Expires: 1800;refresher=uac"},
		"theirs by default":         {sessionTimer{}, []string{"k: timer", "x: 1800"}, 0, "Require: timer\nSession-Expires: 1800;refresher=uac"},
		"ours by their wish":        {sessionTimer{}, []string{"Supported: timer", "Session-Expires: 1800;refresher=uas"}, 0, "Session-Expires: 1800;refresher=uas"},
		"a proxy wants one":         {sessionTimer{}, []string{"Session-Expires: 1800"}, 0, "Session-Expires: 1800;refresher=uas"},
		"too short":                 {sessionTimer{}, []string{"Supported: timer", "Session-Expires: 60"}, 422, "Min-SE: 90"},
		"too short, knows no 422":   {sessionTimer{}, []string{"Session-Expires: 60"}, 0, "Session-Expires: 90;refresher=uas"},
		"renewed, role kept":        {ours, []string{"Supported: timer", "Session-Expires: 600"}, 0, "Session-Expires: 600;refresher=uas"},
		"renewed without a word":    {theirs, []string{"Supported: timer"}, 0, "Require: timer\nSession-Expires: 600;refresher=uac"},
		"renewed by one who forgot": {theirs, nil, 0, "Session-Expires: 600;refresher=uas"},
	} {
		headers, code := c.given.asked(withHeaders(c.ask...))
		if code != c.code || text(headers) != c.answer {
			t.Errorf("%s: %d with %q, want %d with %q", name, code, text(headers), c.code, c.answer)
		}
	}
}
