package sim

import (
	"testing"
	"time"
)

func customer(language string, lines ...Line) *mind {
	return newMind(&Persona{Language: language, Lines: lines})
}

func TestMindTakesTheLastCue(t *testing.T) {
	m := customer("en",
		Line{Hears: Words{"speak with lee", "is lee there"}, Says: Words{"what a day", "yes speaking"}},
		Line{Hears: Words{"four digits"}, Says: Words{"zero four"}, Keys: "04"},
		Line{Hears: Words{"can you pay"}, Says: Words{"friday"}, After: time.Second},
		Line{Hears: Words{"on which day can you pay"}, Says: Words{"monday"}},
		Line{Hears: Words{"goodbye"}, Silent: true},
	)
	for _, c := range []struct {
		heard string
		want  act
		ok    bool
	}{
		{"may i speak with lee", act{after: reaction, says: "what a day"}, true},
		{"sorry i did not get that may i speak with lee", act{after: reaction, says: "yes speaking"}, true},
		{"hello, is Lee there?", act{after: reaction, says: "yes speaking"}, true}, // the last repeats
		{"may i speak with leeway", act{}, false},
		{"the four digits when can you pay", act{after: time.Second, says: "friday"}, true},
		{"on which day can you pay", act{after: reaction, says: "monday"}, true}, // the longer cue
		{"what are the four digits", act{after: reaction, says: "zero four", keys: "04"}, true},
		{"thank you goodbye", act{after: reaction}, true},
		{"", act{}, false},
	} {
		if got, ok := m.turn(c.heard); got != c.want || ok != c.ok {
			t.Errorf("%q: %+v, %v; want %+v, %v", c.heard, got, ok, c.want, c.ok)
		}
	}
}

func TestMindCorrects(t *testing.T) {
	m := customer("en",
		Line{Hears: Words{"is that right"}, Says: Words{"yes"}},
		Line{Hears: Words{"is that right"}, Unless: Words{"friday"}, Says: Words{"no on friday"}},
	)
	for heard, says := range map[string]string{
		"so you will pay on monday is that right": "no on friday",
		"so you will pay on friday is that right": "yes",
		"friday is that right pardon":             "yes",
	} {
		if got, ok := m.turn(heard); !ok || got.says != says {
			t.Errorf("%q: %+v, %v; want %q", heard, got, ok, says)
		}
	}
	if got, ok := m.turn("i see"); ok {
		t.Errorf("no cue, and yet %+v", got)
	}
}

func TestMindInterruptsOnce(t *testing.T) {
	m := customer("zh", Line{During: Words{"催收电话"}, Says: Words{"我已经还了"}, After: time.Second})
	want := act{after: time.Second, says: "我已经还了", stays: true}
	if got, ok := m.during("谢谢这是一个催收"); ok {
		t.Errorf("too early: %+v", got)
	}
	if got, ok := m.during("谢谢这是一个催收电话"); !ok || got != want {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
	if got, ok := m.during("谢谢这是一个催收电话您说的"); ok {
		t.Errorf("a second time: %+v", got)
	}
	if got, ok := m.turn("这是一个催收电话"); ok {
		t.Errorf("after the turn: %+v", got)
	}
}

func TestMindThatUnderstoodNothing(t *testing.T) {
	m := customer("en", Line{Hears: Words{"pay"}, Says: Words{"bananas", "on friday"}})
	if a, ok := m.quiet(); ok {
		t.Errorf("before anything was said: %+v", a)
	}
	m.turn("when can you pay")
	var said []string
	for range mostFallbacks + 2 {
		if a, ok := m.quiet(); ok {
			said = append(said, a.says)
		}
	}
	if len(said) != mostFallbacks || said[0] != "on friday" {
		t.Errorf("said %q: want %d times the line's next words", said, mostFallbacks)
	}
}

func TestAgreed(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "this is", ""},
		{"this is", "this is an attempt", "this is"},
		{"this is a", "this is an attempt", "this is"},
		{"this is an", "this was", "this"},
		{"这是一个", "这是一个催收", "这是一个"},
		{"这是一", "这事", "这"},
	} {
		if got := agreed(c.a, c.b); got != c.want {
			t.Errorf("agreed(%q, %q) = %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
