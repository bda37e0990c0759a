package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/ear"
	"parley/media"
	"parley/media/beat"
	"parley/outcome"
	"parley/phrase"
	"parley/tts"
)

// handset is a leg whose far side follows a script on the beat's clock.
type handset struct {
	mu       sync.Mutex
	tick     int
	speaks   [][2]int // ticks from, to
	raised   int      // the tick from which the voice is higher, louder and brighter; 0 never
	pcm      [160]int16
	sent     []media.Frame
	progress chan Progress
	digits   chan rune
	done     chan struct{}
	cause    Cause
	hung     bool
	held     chan bool
}

func newHandset() *handset {
	return &handset{held: make(chan bool, 1), progress: make(chan Progress, 8), digits: make(chan rune, 8), done: make(chan struct{})}
}

func (h *handset) Dial(context.Context, Target) Leg { return h }

// ReadFrame gives a voice of 140 Hz with formants, or faint noise.
func (h *handset) ReadFrame(f *media.Frame) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	loud := false
	for _, s := range h.speaks {
		loud = loud || h.tick >= s[0] && h.tick < s[1]
	}
	for i := range h.pcm {
		t := float64(h.tick*160+i) / 8000
		v := 12 * math.Sin(2*math.Pi*1733*t+float64(i*i%97))
		if loud {
			syllable := 0.55 + 0.45*math.Sin(2*math.Pi*4*t)
			f0, loud, bright := 140.0, 3500.0, 0.5
			if h.raised > 0 && h.tick >= h.raised {
				f0, loud, bright = 190, 5500, 1.1
			}
			for k := 1; k <= 20; k++ {
				at := f0 * float64(k)
				gain := bell(at, 600, 350) + bright*bell(at, 1500, 400) + 0.03
				v += loud * syllable * gain * math.Sin(2*math.Pi*at*t+float64(k*k))
			}
		}
		h.pcm[i] = int16(max(-30000, min(30000, v)))
	}
	*f = media.Frame{At: time.Duration(h.tick) * media.Tick, Rate: media.Rate8k, PCM: h.pcm[:]}
	h.tick++
	return nil
}

// bell is a resonance's share of a harmonic.
func bell(at, centre, width float64) float64 {
	x := (at - centre) / width
	return math.Exp(-x * x)
}

func (h *handset) WriteFrame(f media.Frame) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.PCM = nil
	h.sent = append(h.sent, f)
	return nil
}

func (h *handset) frames() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sent)
}

func (h *handset) Progress() <-chan Progress { return h.progress }
func (h *handset) Digits() <-chan rune       { return h.digits }
func (h *handset) Done() <-chan struct{}     { return h.done }
func (h *handset) Ended() Cause              { return h.cause }
func (h *handset) Media() MediaStats         { return MediaStats{Codec: "PCMU", Sent: int64(len(h.sent))} }

func (h *handset) Hangup(context.Context) error {
	h.end(Cause{Network: outcome.Answered, By: PartyBot, SIP: 200, Rang: true})
	return nil
}

// end ends the leg once; a cancelled one was not answered.
func (h *handset) end(c Cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hung {
		return
	}
	h.hung = true
	h.cause = c
	close(h.done)
}

func (h *handset) answer() {
	h.progress <- Progress{Kind: Ringing, At: time.Now(), SIP: 180}
	h.progress <- Progress{Kind: Answered, At: time.Now(), SIP: 200, Leg: "how to end it"}
}

// listener gives the scripted finals, one for each Finish.
type listener struct {
	mu     sync.Mutex
	finals []asr.Result
	// partials come with the twentieth frame of each utterance.
	partials []asr.Result
	dieAt    int // the Open at which streams end by themselves; 0 never
	// delays of the finals, by Finish; a negative one never comes.
	delays  []time.Duration
	opened  int
	expects []string
}

func (l *listener) Name() string { return "scripted" }

func (l *listener) Open(context.Context, asr.Config) (asr.Stream, error) {
	l.opened++
	s := &hearing{l: l, results: make(chan asr.Result, 16)}
	if l.dieAt > 0 && l.opened >= l.dieAt {
		s.err = errors.New("the engine died")
		close(s.results)
		s.closed = true
	}
	return s, nil
}

type hearing struct {
	l       *listener
	results chan asr.Result
	frames  int
	err     error
	closed  bool
}

func (h *hearing) WriteFrame(media.Frame) error {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	if h.frames++; h.frames == 20 && len(h.l.partials) > 0 {
		h.results <- h.l.partials[0]
		h.l.partials = h.l.partials[1:]
	}
	return nil
}

func (h *hearing) Expect(e asr.Expectation) {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	h.l.expects = append(h.l.expects, e.ID)
}
func (h *hearing) Finish() {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	r := asr.Result{Final: true}
	if len(h.l.finals) > 0 && h.frames > 0 {
		r, h.l.finals = h.l.finals[0], h.l.finals[1:]
		r.Final = true
	}
	h.frames = 0
	var delay time.Duration
	if len(h.l.delays) > 0 {
		delay, h.l.delays = h.l.delays[0], h.l.delays[1:]
	}
	switch {
	case delay == 0:
		h.results <- r
	case delay > 0:
		time.AfterFunc(delay, func() { h.results <- r })
	}
}
func (h *hearing) Results() <-chan asr.Result { return h.results }
func (h *hearing) Err() error                 { return h.err }
func (h *hearing) Close() error {
	if !h.closed {
		h.closed = true
		close(h.results)
	}
	return nil
}

// voice speaks every prompt as a tone; texts it cannot say fail.
type voice struct {
	tts.Prompter // nothing but Prompt is called

	broken string
}

func (v *voice) Prompt(_ context.Context, _ tts.Voice, segments []dialog.Segment) (tts.Stream, error) {
	text := dialog.Prompt{Segments: segments}.Text()
	if v.broken != "" && strings.Contains(text, v.broken) {
		return nil, errors.New("no voice")
	}
	return newTone(text), nil
}

// brain answers turns from a script and keeps what it was asked.
type brain struct {
	steps []dialog.Step
	turns []dialog.Turn
}

func (b *brain) Voice() tts.Voice { return tts.Voice{} }
func (b *brain) Fixed() []string  { return nil }
func (b *brain) Open(language string, v map[string]string) (*dialog.State, error) {
	if v["name"] == "" {
		return nil, errors.New(`variable "name" is missing`)
	}
	return &dialog.State{Language: "en", Variables: v}, nil
}
func (b *brain) Next(_ context.Context, s *dialog.State, t dialog.Turn) (dialog.Step, error) {
	b.turns = append(b.turns, t)
	if t.Kind == dialog.HandedOver {
		s.Outcome.Disposition = outcome.Transferred
		return dialog.Step{End: true}, nil
	}
	if t.Kind == dialog.Trouble {
		s.Outcome.Disposition = outcome.Failed
		return say("sorry goodbye", true), nil
	}
	if len(b.steps) == 0 {
		return dialog.Step{}, errors.New("out of script")
	}
	step := b.steps[0]
	b.steps = b.steps[1:]
	if step.End {
		s.Outcome.Disposition = outcome.Completed
	}
	return step, nil
}

func say(text string, end bool) dialog.Step {
	return dialog.Step{
		Prompts: []dialog.Prompt{{Segments: []dialog.Segment{{Text: text, Fixed: true}}}},
		Expect:  dialog.Expect{Expectation: asr.Expectation{ID: text, Answer: phrase.YesNo}, Silence: 3 * time.Second},
		End:     end,
	}
}

// ledger keeps facts, or refuses.
type ledger struct {
	facts []dialog.Fact
	leg   string // kept with the answer
	order func(string)
	err   error
}

func (l *ledger) Commit(_ context.Context, _ Target, f dialog.Fact) error {
	l.facts = append(l.facts, f)
	if l.order != nil {
		l.order("fact")
	}
	return l.err
}
func (l *ledger) Answered(_ context.Context, _ Target, _ time.Time, leg string) error {
	l.leg = leg
	return nil
}

// stage is one call in virtual time.
type stage struct {
	t        *testing.T
	handset  *handset
	listener *listener
	voice    *voice
	brain    *brain
	facts    *ledger
	beat     beat.Manual
	tape     *tape
	moments  []Moment
	longest  int // ticks; 0 for a minute
	target   Target
	dialer   Dialer // the handset when nil
	queues   Transfers
	policy   dialog.Policy // the brain when nil
	signals  io.Writer
	observe  func(ear.Heard)
}

type tape struct {
	frames int
	closed bool
}

func (t *tape) Open(Target) (Recorder, error) { return t, nil }
func (t *tape) Record(_, _ media.Frame)       { t.frames++ }
func (t *tape) Close() (string, time.Duration, error) {
	t.closed = true
	return "tape.wav", time.Duration(t.frames) * media.Tick, nil
}

func newStage(t *testing.T, steps ...dialog.Step) *stage {
	return &stage{
		t: t, handset: newHandset(), listener: &listener{}, voice: &voice{},
		brain: &brain{steps: steps}, facts: &ledger{}, tape: &tape{},
	}
}

// play runs the call; events happen at their ticks. It must be called inside a
// synctest bubble.
func (s *stage) play(events map[int]func(*Session)) Report {
	s.t.Helper()
	if s.dialer == nil {
		s.dialer = s.handset
	}
	if s.policy == nil {
		s.policy = s.brain
	}
	session := New(Parts{
		Dialer: s.dialer, Transfers: s.queues, Beat: &s.beat, Recognizer: s.listener, Speaker: s.voice, Policy: s.policy, Signals: s.signals,
		Recorders: s.tape, Facts: s.facts, Watch: func(m Moment) { s.moments = append(s.moments, m) },
	})
	session.observe = s.observe
	var report Report
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := s.target
		t.Call, t.Tenant, t.To, t.Variables = "c1", "t", "+12025550100", map[string]string{"name": "Lee"}
		report, err = session.Run(s.t.Context(), t)
	}()
	synctest.Wait()
	clock := time.NewTicker(media.Tick)
	defer clock.Stop()
	for tick := 0; ; tick++ {
		if tick > max(3000, s.longest) {
			s.t.Fatal("the call did not end in time")
		}
		if do := events[tick]; do != nil {
			do(session)
		}
		select {
		case <-ended:
			if err != nil {
				s.t.Fatal(err)
			}
			return report
		case <-clock.C:
			s.beat.Step(1)
			synctest.Wait()
		}
	}
}

func (s *stage) kinds() string {
	var kinds []string
	for _, t := range s.brain.turns {
		kinds = append(kinds, strings.TrimSpace(fmt.Sprintf("%s %s%s", t.Kind, t.Text, t.Keys)))
	}
	return strings.Join(kinds, ", ")
}

func answerAt(s *stage, tick int) map[int]func(*Session) {
	return map[int]func(*Session){tick: func(*Session) { s.handset.answer() }}
}

func TestATalkFromHelloToGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("may i speak with lee", false), say("when can you pay", false), say("thank you goodbye", true))
		s.handset.speaks = [][2]int{{25, 50}, {150, 180}, {260, 300}}
		s.listener.finals = []asr.Result{{Text: "hello"}, {Text: "yes speaking", Confidence: 0.9}, {Text: "on friday", Confidence: 0.8}}
		r := s.play(answerAt(s, 5))
		if got, want := s.kinds(), "start, said yes speaking, said on friday"; got != want {
			t.Fatalf("the policy was asked %q, want %q", got, want)
		}
		if r.Network != outcome.Answered || r.AnsweredBy != outcome.Human || r.Disposition != outcome.Completed || r.HangupBy != PartyBot {
			t.Errorf("report says %s, %s, %s, hung up by %s", r.Network, r.AnsweredBy, r.Disposition, r.HangupBy)
		}
		if s.facts.leg != "how to end it" {
			t.Errorf("kept %q with the answer", s.facts.leg)
		}
		var lines []string
		for _, turn := range r.Turns {
			lines = append(lines, string(turn.By)+": "+turn.Text)
			if turn.ToMS < turn.FromMS {
				t.Errorf("turn %q ends before it begins: %d to %d", turn.Text, turn.FromMS, turn.ToMS)
			}
		}
		want := "customer: hello|bot: may i speak with lee|customer: yes speaking|bot: when can you pay|customer: on friday|bot: thank you goodbye"
		if got := strings.Join(lines, "|"); got != want {
			t.Errorf("transcript:\n%s\nwant\n%s", got, want)
		}
		if r.Recording != "tape.wav" || !s.tape.closed {
			t.Error("the recording was not closed and kept")
		}
		if tape := time.Duration(s.tape.frames) * media.Tick; (tape - time.Duration(r.TalkMS)*time.Millisecond).Abs() > 100*time.Millisecond {
			t.Errorf("the recording is %v long, the talk %d ms", tape, r.TalkMS)
		}
		if r.Latency.ResponseP50 < 200 || r.Latency.ResponseP50 > 900 {
			t.Errorf("the customer waited %d ms for an answer, want the silence rule and a tick or two", r.Latency.ResponseP50)
		}
	})
}

func TestInterruptedBotKnowsWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("word ", 60) // 4.8 s
		s := newStage(t, say(long, false), say("all right goodbye", true))
		s.handset.speaks = [][2]int{{120, 200}}
		s.listener.finals = []asr.Result{{Text: "wait i already paid"}}
		r := s.play(answerAt(s, 0))
		if len(s.brain.turns) != 2 || !s.brain.turns[1].Interrupted {
			t.Fatalf("the policy was asked %s", s.kinds())
		}
		heard := strings.Fields(s.brain.turns[1].Heard)
		if len(heard) < 2 || len(heard) > 30 {
			t.Errorf("heard %d words of 60, want those before the cut", len(heard))
		}
		if r.BargeIns != 1 || !r.Turns[0].BargedIn || r.Turns[0].HeardText == "" {
			t.Errorf("report: %d barge-ins, first turn %+v", r.BargeIns, r.Turns[0])
		}
		if r.Latency.BargeStopP50 < 100 || r.Latency.BargeStopP50 > 800 {
			t.Errorf("the bot stopped after %d ms", r.Latency.BargeStopP50)
		}
	})
}

func TestSilenceIsAskedAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false), say("are you there", false), say("goodbye", true))
		r := s.play(answerAt(s, 0))
		if got := s.kinds(); got != "start, quiet, quiet" {
			t.Errorf("the policy was asked %q", got)
		}
		if r.AnsweredBy != outcome.Silent {
			t.Errorf("answered by %s, want silence", r.AnsweredBy)
		}
	})
}

func TestWhoSpeaksAfterASilenceIsAHuman(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("hello", false), say("are you there", false), say("thank you goodbye", true))
		s.handset.speaks = [][2]int{{330, 370}}
		s.listener.finals = []asr.Result{{Text: "yes speaking"}}
		r := s.play(answerAt(s, 0))
		if got := s.kinds(); got != "start, quiet, said yes speaking" || r.AnsweredBy != outcome.Human {
			t.Errorf("the policy was asked %q, answered by %s", got, r.AnsweredBy)
		}
	})
}

func TestKeysAreCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("enter four digits", false), say("thank you", true))
		events := answerAt(s, 0)
		for i, k := range "0472" {
			events[140+10*i] = func(*Session) { s.handset.digits <- k }
		}
		s.play(events)
		if got := s.kinds(); got != "start, keyed 0472" {
			t.Errorf("the policy was asked %q", got)
		}
	})
}

func TestFactsAreKeptBeforeTheNextLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bye := say("we will not call again", true)
		bye.Facts = []dialog.Fact{{Kind: dialog.FactOptOut}}
		s := newStage(t, say("hello", false), bye)
		s.handset.speaks = [][2]int{{140, 180}}
		s.listener.finals = []asr.Result{{Text: "stop calling"}}
		spoken := -1
		s.facts.order = func(string) { spoken = s.handset.frames() }
		s.play(answerAt(s, 0))
		if len(s.facts.facts) != 1 {
			t.Fatalf("%d facts kept, want 1", len(s.facts.facts))
		}
		for i, f := range s.handset.sent {
			if i > 140 && !f.Is(media.Silence) && i < spoken {
				t.Fatalf("frame %d spoke before the fact was kept at %d", i, spoken)
			}
		}
	})
}

func TestAFactThatCannotBeKeptEndsPolitely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bye := say("we will not call again", true)
		bye.Facts = []dialog.Fact{{Kind: dialog.FactOptOut}}
		s := newStage(t, say("hello", false), bye)
		s.handset.speaks = [][2]int{{140, 180}}
		s.listener.finals = []asr.Result{{Text: "stop calling"}}
		s.facts.err = errors.New("disk full")
		r := s.play(answerAt(s, 0))
		last := r.Turns[len(r.Turns)-1]
		if last.Text != "sorry goodbye" || r.Disposition != outcome.Failed || !strings.Contains(r.Problem, "disk full") {
			t.Errorf("ended with %q, %s, problem %q", last.Text, r.Disposition, r.Problem)
		}
	})
}

func TestADeadRecogniserIsReplacedOnceThenTheCallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say(strings.Repeat("word ", 20), false))
		s.listener.dieAt = 1
		r := s.play(answerAt(s, 0))
		if s.listener.opened != 2 {
			t.Errorf("%d streams were opened, want 2", s.listener.opened)
		}
		if r.Disposition != outcome.Failed || r.Problem == "" {
			t.Errorf("ended as %s, problem %q", r.Disposition, r.Problem)
		}
	})
}

func TestALateFinalIsNotTakenForTheNextAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("is it you", false), say("sorry", false), say("when can you pay", false), say("goodbye", true))
		s.handset.speaks = [][2]int{{140, 170}, {380, 410}, {560, 590}}
		s.listener.finals = []asr.Result{{Text: "no"}, {Text: "yes speaking"}, {Text: "on friday"}}
		s.listener.delays = []time.Duration{3 * time.Second}
		s.play(answerAt(s, 0))
		if got, want := s.kinds(), "start, unclear, said yes speaking, said on friday"; got != want {
			t.Errorf("the policy was asked %q, want %q", got, want)
		}
	})
}

func TestARecogniserThatOwesTwoFinalsIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, say("is it you", false), say("sorry", false), say("pardon", false), say("goodbye", true))
		s.handset.speaks = [][2]int{{140, 170}, {380, 410}, {640, 670}}
		s.listener.finals = []asr.Result{{Text: "no"}, {Text: "no"}, {Text: "yes speaking"}}
		s.listener.delays = []time.Duration{-1, -1}
		r := s.play(answerAt(s, 0))
		if got, want := s.kinds(), "start, unclear, unclear, said yes speaking"; got != want {
			t.Errorf("the policy was asked %q, want %q", got, want)
		}
		if s.listener.opened != 2 || r.Disposition != outcome.Completed {
			t.Errorf("%d streams were opened, ended as %s", s.listener.opened, r.Disposition)
		}
	})
}

func TestADeadVoiceEndsTheCall(t *testing.T) {
	for broken, last := range map[string]string{"hello": "sorry goodbye", "o": ""} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, say("hello", false))
			s.voice.broken = broken
			r := s.play(answerAt(s, 0))
			got := ""
			if n := len(r.Turns); n > 0 {
				got = r.Turns[n-1].Text
			}
			if got != last || r.Disposition != outcome.Failed {
				t.Errorf("with %q unspeakable the call ended with %q as %s", broken, got, r.Disposition)
			}
		})
	}
}

// TestAnsweredAndEndedInOneMoment: both wait when the call comes to look, as
// when a 200 crosses our CANCEL; whichever it sees first, the answer counts.
func TestAnsweredAndEndedInOneMoment(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, say("hello", false))
			r := s.play(map[int]func(*Session){5: func(*Session) {
				s.handset.answer()
				s.handset.end(Cause{Network: outcome.Answered, SIP: 200, By: PartyBot, Rang: true})
			}})
			if r.Answered.IsZero() || r.Recording == "" || !s.tape.closed || r.Disposition != outcome.NoResponse {
				t.Errorf("answered at %v, recording %q, disposition %s", r.Answered, r.Recording, r.Disposition)
			}
		})
	}
}

func TestHangups(t *testing.T) {
	for name, c := range map[string]struct {
		at     int
		do     func(*stage, *Session)
		by     Party
		result outcome.Network
	}{
		"customer": {150, func(s *stage, _ *Session) { s.handset.end(Cause{Network: outcome.Answered, By: PartyCustomer}) }, PartyCustomer, outcome.Answered},
		"operator": {150, func(_ *stage, c *Session) { c.Hangup(PartyOperator); c.Hangup(PartyAgent) }, PartyOperator, outcome.Answered},
		"busy":     {3, func(s *stage, _ *Session) { s.handset.end(Cause{Network: outcome.Busy, SIP: 486}) }, "", outcome.Busy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, say(strings.Repeat("word ", 100), false))
				events := map[int]func(*Session){c.at: func(x *Session) { c.do(s, x) }}
				if c.result == outcome.Answered {
					events[0] = func(*Session) { s.handset.answer() }
				}
				r := s.play(events)
				if r.HangupBy != c.by || r.Network != c.result {
					t.Errorf("hung up by %q, network %s; want %q, %s", r.HangupBy, r.Network, c.by, c.result)
				}
				if c.result == outcome.Answered {
					if r.Disposition == "" || len(r.Turns) == 0 || r.Turns[0].HeardText == "" {
						t.Errorf("disposition %q, turns %+v", r.Disposition, r.Turns)
					}
				} else if r.Disposition != "" || r.Recording != "" {
					t.Errorf("an unanswered call has disposition %q, recording %q", r.Disposition, r.Recording)
				}
			})
		})
	}
}

func TestNothingIsDialledWithoutItsVariables(t *testing.T) {
	s := newStage(t)
	r, err := New(Parts{Dialer: s.handset, Beat: &s.beat, Recognizer: s.listener, Speaker: s.voice, Policy: s.brain}).
		Run(t.Context(), Target{Call: "c", To: "x"})
	if err == nil || !strings.Contains(err.Error(), `"name"`) || r.Disposition != outcome.Failed {
		t.Errorf("got %v, %+v", err, r)
	}
	if s.listener.opened != 0 {
		t.Error("a recogniser was opened for a call that cannot be made")
	}
}
