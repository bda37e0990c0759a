package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"parley/ear"
	"parley/media"
	"parley/media/codec"
	"parley/media/silero"
	"parley/tts"
)

// BargeOptions say what an ear is measured on.
type BargeOptions struct {
	// Max is the greatest number of conversing calls; 0 for 200.
	Max int
	// Said is what the customer says and Prompt what the bot says, at 8 kHz.
	Said, Prompt []int16
	// Model is the network; nil measures the built-in detector alone.
	Model *silero.Model
	// Seed of the noise.
	Seed uint64
	// Step is told each step as it ends; nil for nobody.
	Step func(BargeStep)
}

// BargeStep is what an ear costs while so many calls converse. All times are
// processor time in µs a call and tick.
type BargeStep struct {
	Calls int `json:"calls"`
	// Tick is the whole ear with the network, BuiltIn the one without.
	Tick    float64 `json:"us_per_tick"`
	BuiltIn float64 `json:"built_in_us_per_tick"`
	// Share of a core that all these ears take, with the network.
	Share float64 `json:"cores"`
	// Parts of Tick by ear.Part's names, taken by a watch in a run of their own;
	// Watch is what reading it costs, which the parts contain.
	Parts map[string]float64 `json:"parts_us_per_tick"`
	Watch float64            `json:"watch_us_per_tick"`
	// Skipped laps were so long that something else ran in them.
	Skipped int `json:"skipped_laps"`
	// Floor is one copy of the frame into the call's own memory.
	Floor float64 `json:"floor_us_per_tick"`
	// Bytes of memory an ear.
	Bytes int64 `json:"bytes_per_ear"`
	// Heard is the share of ticks in which the ear heard the customer.
	Heard float64 `json:"heard"`
}

// BargeResult is a whole run.
type BargeResult struct {
	Seed  uint64 `json:"seed"`
	Model bool   `json:"model"`
	// Spoken is the share of ticks in which the customer speaks.
	Spoken     float64     `json:"spoken"`
	Steps      []BargeStep `json:"steps"`
	Processors int         `json:"processors"`
}

// crowds are the numbers of calls that are measured.
var crowds = []int{1, 10, 25, 50, 100, 200, 400, 800}

// Barge measures the ears of ever more conversing calls, one tick of each after
// the other, as the beat does: with many of them hardly anything of an ear is
// still in the caches when its turn comes again.
func Barge(ctx context.Context, o BargeOptions) (r BargeResult, err error) {
	if o.Max <= 0 {
		o.Max = 200
	}
	runtime.LockOSThread() // the processor time is the thread's
	defer runtime.UnlockOSThread()
	t := newTalk(o)
	r = BargeResult{Seed: o.Seed, Model: o.Model != nil, Spoken: t.share, Processors: runtime.NumCPU()}
	for _, n := range crowds {
		if n > o.Max {
			break
		}
		s, err := t.step(ctx, n, o.Model)
		if err != nil {
			return r, err
		}
		r.Steps = append(r.Steps, s)
		if o.Step != nil {
			o.Step(s)
		}
	}
	return r, nil
}

// cycle is the talk's length in ticks; it begins again after that.
const cycle = 1000

// talk is the sound of a conversing call, with and without a line echo.
type talk struct {
	in     [2][]int16
	out    []int16
	begins [cycle]bool // a prompt begins
	ends   [cycle]bool
	share  float64
}

// newTalk puts the customer's words, two ticks of five, over the bot's prompts.
func newTalk(o BargeOptions) *talk {
	t := &talk{out: make([]int16, cycle*tick)}
	const pause = 75 // ticks between two prompts
	prompt := (len(o.Prompt) + tick - 1) / tick
	for at := 10; prompt > 0 && at+prompt < cycle; at += prompt + pause {
		copy(t.out[at*tick:], o.Prompt)
		t.begins[at], t.ends[at+prompt] = true, true
	}
	said := make([]float64, cycle*tick)
	clip := levelled(o.Said)
	length := len(clip) / tick
	for at := 25; length > 0 && at+length <= cycle; at += length * 5 / 2 {
		copy(said[at*tick:], clip)
		t.share += float64(length) / cycle
	}
	r := rand.New(rand.NewPCG(o.Seed, 7))
	const (
		noise = 0.003 // 26 dB under the talker
		loss  = 0.2   // of a line echo: 14 dB
		delay = 480   // samples, 60 ms
	)
	for echo := range t.in {
		pcm := make([]int16, len(said))
		for i, v := range said {
			v += noise * r.NormFloat64()
			if echo == 1 && i >= delay {
				v += loss * float64(t.out[i-delay]) / 32768
			}
			pcm[i] = int16(32767 * max(-1, min(v, 1)))
		}
		t.in[echo] = codec.PCMU.AppendPCM(pcm[:0], codec.PCMU.AppendPayload(nil, pcm))
	}
	return t
}

// hearer is one call's ear at its place in the talk.
type hearer struct {
	ear   *ear.Ear
	phase int // ticks that it is ahead of the others
	echo  int // which of the two lines
	open  int // ticks since the utterance began, -1 without one
	heard int // ticks with speech
	ticks int
	out   media.Frame
}

// step measures one number of calls.
func (t *talk) step(ctx context.Context, n int, m *silero.Model) (s BargeStep, err error) {
	s = BargeStep{Calls: n, Parts: map[string]float64{}}
	if s.BuiltIn, _, err = t.run(ctx, n, nil, nil); err != nil {
		return s, err
	}
	var all []*hearer
	empty := heap()
	if s.Tick, all, err = t.run(ctx, n, m, nil); err != nil {
		return s, err
	}
	if m == nil {
		s.Tick = s.BuiltIn
	}
	s.Bytes = (heap() - empty) / int64(n)
	heard, ticks := 0, 0
	for _, h := range all {
		heard += h.heard
		ticks += h.ticks
	}
	s.Heard = float64(heard) / float64(max(ticks, 1))
	s.Share = s.Tick * float64(n) / us(media.Tick)

	w := &ear.Watch{Longest: 500 * time.Microsecond}
	ticks = 0
	if _, all, err = t.run(ctx, n, m, w); err != nil {
		return s, err
	}
	for _, h := range all {
		ticks += h.ticks - warm
	}
	for p := range ear.Parts {
		s.Parts[p.String()] = us(w.Spent[p]) / float64(ticks)
	}
	s.Watch = lapCost() * float64(w.Laps) / float64(ticks)
	s.Skipped = w.Skipped
	s.Floor = t.floor(n)
	return s, nil
}

// warm is how many ticks pass before any is counted.
const warm = 250

// run lets n ears hear whole cycles and returns the processor time a call and
// tick.
func (t *talk) run(ctx context.Context, n int, m *silero.Model, w *ear.Watch) (float64, []*hearer, error) {
	all := make([]*hearer, n)
	for i := range all {
		all[i] = &hearer{ear: ear.New(ear.Config{Language: "en", Model: m}), phase: i * 37 % cycle, echo: i % 2, open: -1}
		all[i].ear.Answered()
	}
	round := 0
	for ; round < warm; round++ {
		for _, h := range all {
			h.tick(t, round)
		}
	}
	for _, h := range all {
		h.ear.Time(w)
	}
	began, rounds := threads(), 0
	for rounds == 0 || threads()-began < 100*time.Millisecond {
		if err := ctx.Err(); err != nil {
			return 0, nil, fmt.Errorf("measure the ear: %w", err)
		}
		for range cycle {
			for _, h := range all {
				h.tick(t, round)
			}
			round++
		}
		rounds += cycle
	}
	return us(threads()-began) / float64(rounds) / float64(n), all, nil
}

// tick is what the beat does with an ear, and now and then what a recogniser
// tells it.
func (h *hearer) tick(t *talk, round int) {
	h.ticks++
	at := (round + h.phase) % cycle
	switch {
	case t.begins[at]:
		h.ear.PromptStarted(ear.PromptInfo{Text: "Your payment was due on Monday. When can you pay it?"})
	case t.ends[at]:
		h.ear.PromptEnded()
	}
	in := media.Frame{At: time.Duration(round) * media.Tick, Rate: media.Rate8k, PCM: t.in[h.echo][at*tick:][:tick]}
	heard := h.ear.Hear(in, h.out)
	h.out = media.Frame{Rate: media.Rate8k, PCM: t.out[at*tick:][:tick]}
	if heard.Speech {
		h.heard++
	}
	if heard.Begin {
		h.open = 0
	}
	if h.open < 0 {
		return
	}
	const partial = 12 // ticks between two partial results
	if h.open++; h.open%partial == 0 {
		h.ear.Text(ear.Text{Text: "i will pay on"})
	}
	if heard.TurnEnded() || heard.Discard {
		h.ear.Text(ear.Text{Text: "i will pay on friday", Final: true, Confidence: 0.9})
		h.open = -1
	}
}

// floor is one copy of every call's frame, in the same order.
func (t *talk) floor(n int) float64 {
	own := make([][tick]int16, n)
	began, rounds := threads(), 0
	for threads()-began < 20*time.Millisecond {
		for range 100 {
			for i := range own {
				copy(own[i][:], t.in[i%2][(rounds+i*37)%cycle*tick:][:tick])
			}
			rounds++
		}
	}
	return us(threads()-began) / float64(rounds) / float64(n)
}

// lapCost is one reading of the clock, in µs.
func lapCost() float64 {
	const n = 10_000
	begun := time.Now()
	var last time.Duration
	for range n {
		last = time.Since(begun)
	}
	return us(last) / n
}

// threads is the processor time of the calling thread.
func threads() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}

// heap is the memory in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Spoken is a text as sound at 8 kHz.
func Spoken(ctx context.Context, voices tts.Prompter, voice tts.Voice, text string) ([]int16, error) {
	stream, err := voices.Speak(ctx, voice, tts.Text(text))
	if err != nil {
		return nil, fmt.Errorf("speak: %w", err)
	}
	return soundOf(ctx, stream)
}
