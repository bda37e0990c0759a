package campaign

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/outcome"
	"parley/phone"
)

const (
	newYork, brooklyn, chicago = "+12125550101", "+17185550101", "+13125550101"
	london                     = "+442079460000"
	manhattan                  = "+12125559999" // of a callee
)

func TestCheckCallerID(t *testing.T) {
	for number, want := range map[string]string{
		newYork: "", london: "", "+18005550100": "", "12125550101": "no country code", "+1 212 555 0101": "write the caller ID as +",
		"+1911": "called back", "+19005550123": "called back", "+881612345678": "called back", "sip:a@127.0.0.1": "SIP address",
		"": "no phone number", "Acme": "not a phone number", "+12125550101\r\nVia: x": "",
	} {
		err := CheckCallerID(number)
		if strings.Contains(number, "\n") {
			if err == nil {
				t.Errorf("%q passed", number)
			}
			continue
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", number, err, want)
		}
	}
	c := Campaign{Name: "n", List: "l", Flow: "f", Profile: "test", CallerIDs: []string{newYork, london, newYork}}
	if err := c.Check([]string{"test"}); err == nil || !strings.Contains(err.Error(), "entry 3 is the same as entry 1") {
		t.Errorf("twice the same: %v", err)
	}
	c.CallerIDs = make([]string, MaxCallerIDs+1)
	if err := c.Check([]string{"test"}); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("too many: %v", err)
	}
}

// pooled are numbers with their places; change sets what they do.
func pooled(change func(map[string]*CallerUse), numbers ...string) []CallerUse {
	all := make([]CallerUse, len(numbers))
	by := map[string]*CallerUse{}
	for i, n := range numbers {
		all[i] = CallerUse{CallerID: CallerID{Number: n}, Place: phone.PlaceOf(n)}
		by[n] = &all[i]
	}
	if change != nil {
		change(by)
	}
	return all
}

func TestChoose(t *testing.T) {
	h := NewCallerHealth()
	type pool = map[string]*CallerUse
	for name, c := range map[string]struct {
		numbers []string
		change  func(pool)
		to      string
		last    string
		want    string
	}{
		"none":                      {nil, nil, manhattan, "", ""},
		"one":                       {[]string{london}, nil, manhattan, "", london},
		"the area code first":       {[]string{chicago, brooklyn, newYork, london}, func(p pool) { p[newYork].Day = 500 }, manhattan, "", newYork},
		"then the state":            {[]string{chicago, brooklyn, london}, nil, manhattan, "", brooklyn},
		"then the country":          {[]string{london, chicago}, nil, manhattan, "", chicago},
		"a Chinese mobile's city":   {[]string{"+862112345678", "+861012345678"}, nil, "+8613800138000", "", "+861012345678"},
		"the least used of equals":  {[]string{"+12125550101", "+12125550102"}, func(p pool) { p["+12125550101"].Day = 3; p["+12125550102"].Day = 2 }, manhattan, "", "+12125550102"},
		"the one that was seen":     {[]string{newYork, london}, nil, manhattan, london, london},
		"seen, but of no pool":      {[]string{newYork, london}, nil, manhattan, chicago, newYork},
		"seen, but it rests":        {[]string{newYork, london}, func(p pool) { p[london].Rest.Until = now.Add(time.Hour) }, manhattan, london, newYork},
		"near, but it rests":        {[]string{newYork, chicago}, func(p pool) { p[newYork].Rest.Until = now.Add(time.Second) }, manhattan, "", chicago},
		"near, but its day is over": {[]string{newYork, chicago}, func(p pool) { p[newYork].Daily, p[newYork].Day = 10, 10 }, manhattan, "", chicago},
		"near, but busy":            {[]string{newYork, chicago}, func(p pool) { p[newYork].Parallel, p[newYork].Live = 2, 2 }, manhattan, "", chicago},
		"near, on trial":            {[]string{newYork, chicago}, func(p pool) { p[newYork].Rest.Until = now }, manhattan, "", newYork},
		"near, its trial is busy":   {[]string{newYork, chicago}, func(p pool) { p[newYork].Rest.Until, p[newYork].Live = now, trialCalls }, manhattan, "", chicago},
		"a trial that was passed": {[]string{newYork, chicago}, func(p pool) {
			p[newYork].Rest.Until, p[newYork].Live, p[newYork].Samples.Calls = now, trialCalls, h.Samples
		}, manhattan, "", newYork},
		"a trial of long ago": {[]string{newYork, chicago}, func(p pool) { p[newYork].Rest.Until, p[newYork].Live = now.Add(-h.Window), trialCalls }, manhattan, "", newYork},
		"all rest":            {[]string{newYork, chicago}, func(p pool) { p[newYork].Rest.Until, p[chicago].Rest.Until = now.Add(1), now.Add(1) }, manhattan, "", ""},
		"a callee of nowhere": {[]string{newYork}, nil, "sip:a@127.0.0.1", "", newYork},
	} {
		if got := h.Choose(pooled(c.change, c.numbers...), Callee{Contact: "p1", Phone: c.to, Last: c.last}, now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	off := h
	off.Off = true
	if got := off.Choose(pooled(func(p pool) { p[newYork].Rest.Until = now.Add(time.Hour) }, newYork), Callee{Phone: manhattan}, now); got != newYork {
		t.Errorf("without a judgement %q rests", got)
	}
}

// TestChooseSpreads: equal numbers share the contacts, and each contact has
// always the same whatever the order of the pool.
func TestChooseSpreads(t *testing.T) {
	h, count := NewCallerHealth(), map[string]int{}
	a, b, c := "+12125550101", "+12125550102", "+12125550103"
	for i := range 300 {
		to := Callee{Contact: fmt.Sprint("p", i), Phone: manhattan}
		got := h.Choose(pooled(nil, a, b, c), to, now)
		count[got]++
		if again := h.Choose(pooled(nil, c, a, b), to, now); again != got {
			t.Fatalf("%s gets %s and %s", to.Contact, got, again)
		}
	}
	for _, n := range []string{a, b, c} {
		if count[n] < 60 {
			t.Errorf("the numbers share 300 contacts as %v", count)
		}
	}
}

// TestChooseKeepsBounds: whatever the pool, what is chosen may be presented, and
// something is chosen when anything may be.
func TestChooseKeepsBounds(t *testing.T) {
	h := NewCallerHealth()
	rapid.Check(t, func(t *rapid.T) {
		numbers := []string{newYork, brooklyn, chicago, london}[:rapid.IntRange(0, 4).Draw(t, "numbers")]
		pool := pooled(func(p map[string]*CallerUse) {
			for _, n := range numbers {
				u := p[n]
				u.Daily, u.Parallel = rapid.IntRange(0, 3).Draw(t, "daily"), rapid.IntRange(0, 3).Draw(t, "parallel")
				u.Day, u.Live = rapid.IntRange(0, 4).Draw(t, "day"), rapid.IntRange(0, 4).Draw(t, "live")
				u.Rest.Until = now.Add(time.Duration(rapid.IntRange(-10, 10).Draw(t, "rest")) * time.Hour)
			}
		}, numbers...)
		got := h.Choose(pool, Callee{Contact: "p", Phone: manhattan}, now)
		free := 0
		for _, u := range pool {
			if h.room(u, now) > 0 {
				free++
			}
			if u.Number == got && (now.Before(u.Rest.Until) || u.Daily > 0 && u.Day >= u.Daily || u.Parallel > 0 && u.Live >= u.Parallel) {
				t.Fatalf("chosen was %+v", u)
			}
		}
		if (got == "") != (free == 0) {
			t.Fatalf("of %d free numbers %q was chosen", free, got)
		}
	})
}

func TestCallerSamples(t *testing.T) {
	var s CallerSamples
	for _, c := range []struct {
		n    outcome.Network
		by   outcome.AnsweredBy
		talk time.Duration
		want CallerSamples
	}{
		{outcome.Answered, outcome.Human, time.Minute, CallerSamples{1, 1, 0, 1}},
		{outcome.Answered, outcome.Human, 5 * time.Second, CallerSamples{2, 2, 1, 2}},
		{outcome.Answered, outcome.Voicemail, time.Second, CallerSamples{3, 3, 1, 2}},
		{outcome.NoAnswer, "", 0, CallerSamples{4, 3, 1, 2}},
		{outcome.Rejected, "", 0, CallerSamples{5, 3, 1, 2}},
		{outcome.InvalidNumber, "", 0, CallerSamples{5, 3, 1, 2}},
		{outcome.TrunkFailed, "", 0, CallerSamples{5, 3, 1, 2}},
		{outcome.Uncertain, "", 0, CallerSamples{5, 3, 1, 2}},
		{"", "", 0, CallerSamples{5, 3, 1, 2}},
	} {
		if s.Add(c.n, c.by, c.talk, 6*time.Second); s != c.want {
			t.Errorf("after %s: %+v, want %+v", c.n, s, c.want)
		}
	}
	if s.ASR() != 0.6 || s.ShortShare() != 0.5 || (CallerSamples{}).ASR() != 0 {
		t.Errorf("rates %v and %v", s.ASR(), s.ShortShare())
	}
}

func TestJudge(t *testing.T) {
	h := NewCallerHealth()
	good := CallerSamples{Calls: 100, Answered: 40, Talked: 30, Short: 3}
	for name, c := range map[string]struct {
		sick, other CallerSamples
		rest        CallerRest // the last one
		want        string     // in the reason; "" for no rest
		length      time.Duration
	}{
		"as good as the other":          {good, good, CallerRest{}, "", 0},
		"never answered":                {CallerSamples{Calls: 30}, CallerSamples{}, CallerRest{}, "0 of 30 calls were answered, less than 5 %", 4 * time.Hour},
		"never answered, few calls":     {CallerSamples{Calls: 29}, good, CallerRest{}, "", 0},
		"less than half of the others":  {CallerSamples{Calls: 60, Answered: 6, Talked: 6}, good, CallerRest{}, "of the other caller IDs 40 %", 4 * time.Hour},
		"less than most of the others":  {CallerSamples{Calls: 30, Answered: 4}, CallerSamples{Calls: 40, Answered: 18, Talked: 18}, CallerRest{}, "of the other caller IDs 45 %", 4 * time.Hour},
		"less, and chance":              {CallerSamples{Calls: 30, Answered: 4}, CallerSamples{Calls: 100, Answered: 28, Talked: 20}, CallerRest{}, "", 0},
		"less than few others":          {CallerSamples{Calls: 60, Answered: 6}, CallerSamples{Calls: 29, Answered: 20}, CallerRest{}, "", 0},
		"left at once":                  {CallerSamples{Calls: 40, Answered: 20, Talked: 20, Short: 13}, CallerSamples{}, CallerRest{}, "13 of 20 answered calls ended within 6s, more than 60 %", 4 * time.Hour},
		"left sooner than the others":   {CallerSamples{Calls: 40, Answered: 20, Talked: 20, Short: 9}, good, CallerRest{}, "9 of 20 answered calls ended within 6s, of the other caller IDs 10 %", 4 * time.Hour},
		"left at once, hardly answered": {CallerSamples{Calls: 40, Answered: 9, Talked: 9, Short: 9}, CallerSamples{}, CallerRest{}, "", 0},
		"it rests already":              {CallerSamples{Calls: 30}, good, CallerRest{Until: now.Add(1), Times: 1}, "", 0},
		"a relapse":                     {CallerSamples{Calls: 30}, good, CallerRest{Until: now.Add(-time.Hour), Times: 1}, "less than 5 %", 8 * time.Hour},
		"one of many":                   {CallerSamples{Calls: 30}, good, CallerRest{Until: now.Add(-time.Hour), Times: 40}, "less than 5 %", 32 * time.Hour},
		"after a good time":             {CallerSamples{Calls: 30}, good, CallerRest{Until: now.Add(-h.Window), Times: 3}, "less than 5 %", 4 * time.Hour},
	} {
		pool := pooled(func(p map[string]*CallerUse) {
			p[newYork].Samples, p[newYork].Rest, p[london].Samples = c.sick, c.rest, c.other
		}, newYork, london)
		rests := h.Judge(pool, now)
		if c.want == "" {
			if len(rests) > 0 {
				t.Errorf("%s: %+v", name, rests)
			}
			continue
		}
		if len(rests) != 1 || rests[0].Number != newYork || !strings.Contains(rests[0].Why, c.want) || !rests[0].From.Equal(now) || rests[0].Until.Sub(now) != c.length {
			t.Errorf("%s: %+v, want %q for %v", name, rests, c.want, c.length)
		}
	}
	off := h
	off.Off = true
	if rests := off.Judge(pooled(func(p map[string]*CallerUse) { p[newYork].Samples.Calls = 100 }, newYork), now); rests != nil {
		t.Errorf("without a judgement %+v", rests)
	}
}

// TestJudgeIsFair: of a pool whose numbers are taken alike hardly one rests.
func TestJudgeIsFair(t *testing.T) {
	h, rested := NewCallerHealth(), 0
	seed := uint32(7)
	coin := func(share float64) int {
		seed = seed*1664525 + 1013904223
		if float64(seed>>8)/(1<<24) < share {
			return 1
		}
		return 0
	}
	const rounds, numbers = 200, 10
	for range rounds {
		pool := make([]CallerUse, numbers)
		for i := range pool {
			s := &pool[i].Samples
			for range 40 {
				answered := coin(0.3)
				s.Calls++
				s.Answered += answered
				s.Talked += answered
				s.Short += answered * coin(0.15)
			}
		}
		rested += len(h.Judge(pool, now))
	}
	if rested > rounds*numbers/500 {
		t.Errorf("%d of %d numbers rest by chance", rested, rounds*numbers)
	}
}

func TestCallerHealthCheck(t *testing.T) {
	if err := NewCallerHealth().Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*CallerHealth){
		"window": func(h *CallerHealth) { h.Window = 0 }, "samples": func(h *CallerHealth) { h.Samples = 5 }, "least_answered": func(h *CallerHealth) { h.LeastAnswered = 1 },
		"most_short": func(h *CallerHealth) { h.MostShort = 0 }, "against_pool": func(h *CallerHealth) { h.AgainstPool = 1 },
		"short must": func(h *CallerHealth) { h.Short = 0 }, "rest": func(h *CallerHealth) { h.Rest = 0 },
	} {
		h := NewCallerHealth()
		change(&h)
		if err := h.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
