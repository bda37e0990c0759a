package barge

import (
	"testing"
	"time"

	"parley/phrase"
)

const ms = time.Millisecond

// said is an ending after these words, which have stood for a while.
func said(a phrase.Answer, text string) ending {
	c := Config{}.withDefaults()
	return ending{
		pauses: &c.Pauses, pace: &pace{}, answer: a, stood: time.Second, span: time.Second,
		words: read(text, judge(text, Prompt{}, false), a), tail: tail{drop: 4},
	}
}

func TestStability(t *testing.T) {
	for _, c := range []struct {
		text  string
		stood time.Duration
		want  int
	}{{"", time.Second, 0}, {"i paid", 100 * ms, -2}, {"i paid", 300 * ms, 0}, {"我还", 300 * ms, 0}} {
		e := said(phrase.Free, c.text)
		e.stood = c.stood
		if got := (stability{}).weigh(&e); got.odds != c.want {
			t.Errorf("%q for %v: %+v", c.text, c.stood, got)
		}
	}
}

func TestContour(t *testing.T) {
	for _, c := range []struct {
		name string
		tail tail
		want int
	}{
		{"nothing known", tail{drop: 4}, 0},
		{"down to the floor", tail{pitched: true, height: 0, glide: -12, drop: 4}, 5},
		{"near the floor and dying away", tail{pitched: true, height: 4, glide: -2, drop: 9}, 3},
		{"held in mid-register", tail{pitched: true, height: 24, glide: 1, drop: 0}, -4},
		{"rising for more", tail{pitched: true, height: 12, glide: 6, drop: 4}, -6},
		{"falling from above", tail{pitched: true, height: 7, glide: -14, drop: 4}, 1},
		{"tones move the pitch in Mandarin", tail{pitched: true, height: 20, glide: -14, drop: 4, tonal: true}, 0},
		{"and its register says nothing", tail{pitched: true, height: 0, glide: 8, drop: 4, tonal: true}, 0},
	} {
		e := ending{tail: c.tail}
		if got := (contour{}).weigh(&e); got.odds != c.want {
			t.Errorf("%s: %+v, want %d", c.name, got, c.want)
		}
	}
}

func TestSyntax(t *testing.T) {
	for _, c := range []struct {
		answer phrase.Answer
		text   string
		odds   int
		least  time.Duration
	}{
		{phrase.Free, "i paid it and", -6, 1300 * ms},
		{phrase.Free, "我上周还了然后", -6, 1300 * ms},
		{phrase.Free, "thank you", 2, 0},
		{phrase.Free, "我上周还了", 2, 0},
		{phrase.Free, "嗯", -6, 1300 * ms},
		{phrase.YesNo, "嗯", 0, 0},
		{phrase.YesNo, "yes but", -6, 1020 * ms},
	} {
		e := said(c.answer, c.text)
		if got := (syntax{}).weigh(&e); got.odds != c.odds || got.least != c.least {
			t.Errorf("%s after %q: %+v", c.answer, c.text, got)
		}
	}
}

func TestAsked(t *testing.T) {
	for _, c := range []struct {
		answer      phrase.Answer
		digits      int
		text        string
		least, most time.Duration
	}{
		{phrase.YesNo, 0, "", 0, 480 * ms},
		{phrase.YesNo, 0, "是的", 0, 480 * ms},
		{phrase.Date, 0, "next friday", 1200 * ms, 1600 * ms},
		{phrase.Amount, 0, "三百", 1200 * ms, 1600 * ms},
		{phrase.Digits, 0, "four five", 1200 * ms, 1600 * ms},
		{phrase.Digits, 4, "four five", 1600 * ms, 0},
		{phrase.Digits, 4, "四五六", 1600 * ms, 0},
		{phrase.Digits, 4, "four five six double", 1600 * ms, 0},
		{phrase.Digits, 4, "four five double six", 0, 480 * ms},
		{phrase.Digits, 4, "尾号是零四七二", 0, 480 * ms},
		{phrase.Digits, 4, "四五六七八九", 1200 * ms, 1600 * ms}, // too many: misheard
		{phrase.Digits, 6, "四五六七八九", 1200 * ms, 1600 * ms}, // in a second: too quick
		{phrase.Free, 0, "anything", 0, 0},
	} {
		e := said(c.answer, c.text)
		e.digits = c.digits
		if got := (asked{}).weigh(&e); got.least != c.least || got.most != c.most {
			t.Errorf("%d %s after %q: %+v", c.digits, c.answer, c.text, got)
		}
	}
}

func TestLength(t *testing.T) {
	for _, c := range []struct {
		answer phrase.Answer
		text   string
		span   time.Duration
		want   int
	}{
		{phrase.Free, "well", 360 * ms, -4},
		{phrase.Date, "我想", 600 * ms, -2},
		{phrase.Date, "明天", 400 * ms, 0}, // short, and all that was asked for
		{phrase.Free, "i lost my job", 1200 * ms, 0},
		{phrase.YesNo, "yes", 300 * ms, 0},
		{phrase.Choice, "card", 300 * ms, 0},
	} {
		e := said(c.answer, c.text)
		e.span = c.span
		if got := (length{}).weigh(&e); got.odds != c.want {
			t.Errorf("%s after %q of %v: %+v", c.answer, c.text, c.span, got)
		}
	}
}

func TestPace(t *testing.T) {
	var p pace
	if p.mean() != usualPause || p.stretch(700*ms) != 700*ms {
		t.Errorf("nobody heard yet: %v, %v", p.mean(), p.stretch(700*ms))
	}
	p.paused(120 * ms)
	if p.count != 0 {
		t.Error("a stop inside a word is no pause")
	}
	for range 6 {
		p.paused(700 * ms)
	}
	if got := p.stretch(700 * ms); got < 900*ms || got > 1120*ms {
		t.Errorf("who pauses for 700 ms is waited for %v", got)
	}
	var quick pace
	for range 20 {
		quick.paused(220 * ms)
	}
	if got := quick.stretch(700 * ms); got != 560*ms {
		t.Errorf("who hardly pauses is waited for %v", got)
	}
}

// TestBudget: evidence adds up, bounds hold, and the budget says who set it.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name     string
		e        ending
		from, to time.Duration
		by       string
	}{
		{"nothing known", said(phrase.Free, ""), 700 * ms, 700 * ms, "silence"},
		{"a whole sentence", said(phrase.Free, "我上周还了"), 500 * ms, 600 * ms, "syntax"},
		{"an open one", said(phrase.Free, "i paid it and"), 1300 * ms, 1400 * ms, "syntax"},
		{"yes", said(phrase.YesNo, "yes"), 360 * ms, 480 * ms, "asked"},
		{"a date", said(phrase.Date, "next friday"), 1200 * ms, 1200 * ms, "silence"},
	} {
		got, by := c.e.budget()
		if got < c.from || got > c.to || by != c.by {
			t.Errorf("%s: %v by %s, want %v to %v by %s", c.name, got, by, c.from, c.to, c.by)
		}
	}
	// Whoever configures other silences gets all of it in proportion.
	e := said(phrase.Free, "我上周还了")
	whole, _ := e.budget()
	p := *e.pauses
	for _, v := range []*time.Duration{&p.YesNo, &p.Choice, &p.Free, &p.Paused, &p.Open} {
		*v *= 2
	}
	e.pauses = &p
	if twice, _ := e.budget(); twice != 2*whole {
		t.Errorf("silences of twice the length make %v of %v", twice, whole)
	}
}
