// Package ear is one stream's whole listening chain as one value: tones, speech
// detection, who has the floor, and what answered. A live call runs it on the
// beat; an evaluation and a replay run the very same code.
//
//	frame in ──► vad ──┐
//	             tone ─┤ signals ──► barge ────► Decision, Begin, Feed, Discard
//	frame out ─► echo ─┘    │   └──► progress ─► Verdict
//	words, keys, prompts ───┘
//	                        └──► log ──► Replay
//	frame in ──► pitch ─► prosody, of the open utterance ─► Prosody, log
package ear

import (
	"io"
	"math"
	"time"

	"parley/barge"
	"parley/media"
	"parley/media/echo"
	"parley/media/pitch"
	"parley/media/prosody"
	"parley/media/silero"
	"parley/media/tone"
	"parley/phrase"
	"parley/progress"
)

// Preroll is how many frames before the one with Begin belong to the
// utterance: an onset is certain only after a few of its frames.
const Preroll = 15

// Config of one stream.
type Config struct {
	// Language is "en" or "zh".
	Language string
	Barge    barge.Config
	Progress progress.Config
	// Model tells speech from noise; nil for the built-in detector.
	Model *silero.Model
	// Alone leaves it all to the model, for a comparison.
	Alone bool
	// Log, when set, gets the signals as lines of text from which Replay
	// repeats every decision. Writes come from the beat, about one a second,
	// and must not wait. The lines hold what the customer said: keep them as
	// one keeps a recording. The first failed write ends the log.
	Log io.Writer
}

// Heard is what one tick brought.
type Heard struct {
	// At is the start of the frame.
	At time.Duration
	// Decision on the floor; to be carried out in this very tick.
	Decision barge.Decision
	// Speech: this frame sounds like the customer speaking.
	Speech bool

	// Begin: an utterance begins. Give the recogniser the Preroll frames that
	// came before this one, then this one. It ends with exactly one TurnEnd or
	// Discard.
	Begin bool
	// Feed: this frame belongs to the utterance.
	Feed bool
	// Discard: the utterance ended and is nobody's turn: noise, a backchannel,
	// an announcement before the answer. Finish the recogniser all the same
	// and give its final to Text, but do not tell the dialog.
	Discard bool
	// Known comes with a TurnEnd and says that the turn's final already went
	// through Text, after the utterance's Discard: its words turned out to be
	// meant. There is nothing to Finish; the turn's text is that final.
	Known bool
	// Own comes with a Discard and says that it was the bot heard back: not
	// even its words are anybody's.
	Own bool
	// Prosody comes with a Discard that is not Own and with a TurnEnd that is not
	// Known: how the utterance was said. Voiced is 0 when no voice was in it.
	Prosody prosody.Features
	// Budget comes with a TurnEnd: the silence that ended the turn. Why is the
	// strategy that had most to do with it, for a trace; see barge.Budget.
	Budget time.Duration
	Why    string
	// Likely: the open utterance is probably a turn that is over; its words so
	// far have stood for a while. It holds tick for tick until the TurnEnd
	// comes, or drops when the customer speaks on. The understanding may start
	// on the last partial at the first tick with it, so that the answer is
	// ready at the TurnEnd. Nothing of that may be told or spoken before, and
	// it is thrown away when Likely drops without a TurnEnd or when the turn's
	// final differs from the partial. Not every turn has one.
	Likely bool
	// Onset is the first voiced sound of the open utterance, or of the last one
	// when none is open.
	Onset time.Duration

	// Verdict is what answered, when HasVerdict.
	Verdict    progress.Verdict
	HasVerdict bool
	// Beep: a single tone ended here. After a machine's greeting it means
	// that the machine records.
	Beep bool
	// Tone is the signalling tone found in this frame, if any.
	Tone tone.Kind
}

// TurnEnded reports whether the customer's turn ended in this tick.
func (h Heard) TurnEnded() bool { return h.Decision == barge.TurnEnd }

// closed reports whether somebody's utterance ended in this tick.
func (h *Heard) closed() bool {
	return h.Discard && !h.Own || h.Decision == barge.TurnEnd && !h.Known
}

// Text is a result of the recogniser.
type Text struct {
	Text       string
	Final      bool
	Rejected   bool
	Confidence float64
}

// PromptInfo is what the bot begins to say.
type PromptInfo struct {
	Mode     barge.Mode
	Hotwords []string
	Text     string
	// Guard raises the bar at the start; 0 for the default of 300 ms.
	Guard time.Duration
}

// Ear listens to one stream. All methods belong to the beat.
type Ear struct {
	voice *Voice
	tone  *tone.Detector
	echo  *echo.Canceller
	mind  mind
	pitch pitch.Tracker
	// pitched: the tracker heard the last frame.
	pitched bool
	manner  manner
	log     *log
	now     time.Duration
	// begun: a first frame came, so now is a time.
	begun bool
	// cleaned: the last frame had an echo taken out.
	cleaned bool
	watch   *Watch
}

// New returns the ear of one stream.
func New(c Config) *Ear {
	voice := NewVoice(c.Model)
	if c.Alone {
		voice.Alone()
	}
	return &Ear{
		voice: voice,
		tone:  tone.New(),
		echo:  echo.New(),
		mind:  newMind(c),
		log:   newLog(c),
	}
}

// Hear takes the frame just received and the frame sent in the tick before.
// The events of a tick (Text, Key, PromptStarted …) are told before its Hear.
// It does not wait, locks nothing, and allocates nothing but when words come.
func (e *Ear) Hear(in, out media.Frame) Heard {
	e.watch.start()
	e.tick(in.At)
	s := signal{kind: sound, at: e.now}
	if in.Is(media.Silence) || in.Rate != media.Rate8k || len(in.PCM) < 160 {
		e.cleaned = false
		e.echo.Frame(nil, sent(out))
		e.watch.lap(EchoPart)
		e.manner.pause(nil)
		e.watch.lap(ProsodyPart)
		return e.tell(s)
	}
	own := e.echo.Frame(in.PCM, sent(out))
	e.cleaned = e.echo.Known()
	pcm := e.Clean(in).PCM
	e.watch.lap(EchoPart)
	s.voice, s.level = e.voice.Frame(media.Frame{Rate: in.Rate, PCM: pcm, Flags: in.Flags})
	pitch := e.height(s.voice, pcm)
	s.pitch = quarters(pitch.F0)
	e.watch.lap(PitchPart)
	if e.mind.tonal(e.now) {
		e.listenForTones(pcm, &s)
	}
	e.watch.lap(TonePart)
	s.echo, s.learnt = own.Echo && s.voice >= heldVoiced, own.Learnt
	if s.voice >= maybeVoiced && !s.echo {
		e.manner.sound(pcm, pitch)
	} else {
		e.manner.pause(pcm)
	}
	e.watch.lap(ProsodyPart)
	return e.tell(s)
}

// Clean is the frame that Hear took last without our own echo in it: what a
// recogniser should hear. Where no echo is known it is the frame itself. Its
// sound is borrowed until the next Hear.
func (e *Ear) Clean(in media.Frame) media.Frame {
	if e.cleaned {
		in.PCM = e.echo.Clean()
	}
	return in
}

// maybeVoiced is the chance in percent from which a pitch is looked for.
const maybeVoiced = 30

// height is the pitch. It is followed only where there may be a voice.
func (e *Ear) height(voice int, pcm []int16) (r pitch.Result) {
	if voice < maybeVoiced {
		if e.pitched {
			e.pitch.Reset()
			e.pitched = false
		}
		return r
	}
	e.pitched = true
	return e.pitch.Frame(pcm)
}

// quarters is a pitch in quarter semitones over 50 Hz; 0 for none.
func quarters(f0 float64) int {
	if f0 <= 0 {
		return 0
	}
	return max(1, int(48*math.Log2(f0/50)+0.5))
}

// listenForTones names the tone in a frame. What is a tone is no voice.
func (e *Ear) listenForTones(pcm []int16, s *signal) {
	if t, ok := e.tone.Frame(pcm); ok {
		s.tone = t.Kind
	}
	if e.tone.Sounding() {
		s.voice = 0
	}
}

// sent is the sound of an outgoing frame, nothing when there was none.
func sent(out media.Frame) []int16 {
	if out.Rate != media.Rate8k || out.Is(media.Silence) {
		return nil
	}
	return out.PCM
}

// tick advances the clock. Frames carry their time; a leg that repeats one is
// a tick later all the same.
func (e *Ear) tick(at time.Duration) {
	if e.begun {
		at = max(at, e.now+media.Tick)
		// In ticks that never ran nothing was sent.
		for range min(at-e.now-media.Tick, time.Second) / media.Tick {
			e.echo.Frame(nil, nil)
		}
	}
	e.begun, e.now = true, at
}

// tell logs a signal and lets the mind judge it. How an utterance was said is
// logged before the tick that ends it, where a replay needs it.
func (e *Ear) tell(s signal) Heard {
	h := e.mind.observe(s)
	if s.kind == sound {
		if h.closed() {
			h.Prosody = e.manner.end()
			e.log.prosody(h.Prosody)
		}
		e.manner.follow(e.mind.barge.Open())
	}
	e.log.write(s)
	e.watch.lap(MindPart)
	return h
}

// event tells something that came between two frames.
func (e *Ear) event(s signal) {
	s.at = e.now
	e.watch.start()
	e.tell(s)
}

// Text takes a result of the recogniser, a partial or the final of the
// utterance that ended last.
func (e *Ear) Text(r Text) { e.event(signal{kind: words, text: r}) }

// Key: the customer pressed a key.
func (e *Ear) Key() { e.event(signal{kind: key}) }

// PromptStarted: the first frame of a prompt goes out in this tick.
func (e *Ear) PromptStarted(p PromptInfo) { e.event(signal{kind: promptStart, prompt: p}) }

// PromptEnded: the last frame went out, or the prompt was cut.
func (e *Ear) PromptEnded() { e.event(signal{kind: promptEnd}) }

// Expect says what the bot listens for after its prompt and for how long; 0
// for the default. While no prompt plays it restarts the clock of silence.
func (e *Ear) Expect(a phrase.Answer, silence time.Duration) {
	e.event(signal{kind: expect, answer: a, silence: silence})
}

// ExpectDigits says that the bot listens for so many digits; 0 for any number.
// It is Expect for phrase.Digits.
func (e *Ear) ExpectDigits(digits int, silence time.Duration) {
	e.event(signal{kind: expect, answer: phrase.Digits, digits: digits, silence: silence})
}

// Answered: the call was answered; early media is over.
func (e *Ear) Answered() { e.event(signal{kind: answered}) }

// Close writes what the log still holds. An ear without a log needs none.
func (e *Ear) Close() error { return e.log.flush() }
