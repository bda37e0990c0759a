package trial

import (
	"testing"
	"time"

	"parley/asr"
	"parley/barge"
	"parley/media"
	"parley/tts"
)

const ms = time.Millisecond

// TestResume: a short duck costs nothing, a long one goes back to the beginning
// of the word that was being said, and a cut knows what was heard.
func TestResume(t *testing.T) {
	marks := []tts.Mark{{From: 0, To: 250 * ms}, {From: 250 * ms, To: 600 * ms}, {From: 600 * ms, To: 2000 * ms}}
	for _, c := range []struct {
		ticks int
		marks []tts.Mark
		from  time.Duration // where it goes on; 0 for no going back
	}{
		{14, marks, 0},
		{15, marks, 240 * ms}, // the frame that the word at 250 ms begins in
		{60, marks, 240 * ms},
		{60, nil, 400 * ms},   // without marks from where it was lowered
		{95, marks, 240 * ms}, // at its end, whose last frame was filled up
		{150, marks, 0},       // the next prompt did not wait longer
	} {
		p := newPlayer(Case{Prompts: []Prompt{{}, {At: 60_000}}}, []playing{{make([]int16, 16_000-40), c.marks}, {make([]int16, 160), nil}})
		at := 0
		run := func(ticks int) {
			for range ticks {
				p.frame(at)
				at += 20
			}
		}
		run(20) // 400 ms
		p.duck()
		run(c.ticks)
		before := p.at
		a := p.resume()
		if a.from != c.from || c.from > 0 && media.Rate8k.Duration(p.at) != c.from {
			t.Errorf("%d ticks: goes on from %v, at %v", c.ticks, a.from, media.Rate8k.Duration(p.at))
		}
		if c.from == 0 && p.at != before {
			t.Errorf("%d ticks: %d samples back", c.ticks, before-p.at)
		}
	}
}

// TestWordsTwice: words are counted by their middle, apart by whether the
// prompt was lowered when they sounded first.
func TestWordsTwice(t *testing.T) {
	c := over(Backchannel, 3000, 3400)
	word := func(from, to int) asr.Word {
		return asr.Word{Text: "w", From: time.Duration(from) * ms, To: time.Duration(to) * ms}
	}
	sounds := map[string]Sound{"p.wav": {Marks: make([]tts.Mark, 4), Words: []asr.Word{word(0, 400), word(400, 900), word(900, 1300), word(1300, 2000)}}}
	trace := Trace{Actions: []Action{
		{At: 3160, Decision: barge.Duck},
		{At: 3800, Decision: barge.Resume, Again: again{380 * ms, 800 * ms, 1400 * ms}},
	}}
	r := score(c, trace, sounds)
	if r.Twice == nil || *r.Twice != 1 || *r.Again != 2 {
		t.Errorf("%+v", r)
	}
	if r = score(c, trace, nil); r.Twice != nil {
		t.Error("words are counted whose place nobody knows")
	}
}
