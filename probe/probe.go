// Package probe says what a recording of the first sound of a call is, with the
// very ear and recogniser of a live call: early media, or the seconds after the
// answer. It also makes labelled cases, and scores them.
package probe

import (
	"context"
	"fmt"
	"time"

	"parley/asr"
	"parley/ear"
	"parley/media"
	"parley/media/resample"
	"parley/media/wav"
	"parley/outcome"
	"parley/phrase"
	"parley/progress"
)

// Unknown as Options.AnsweredAt: it is not known whether the sound came before
// or after the answer.
const Unknown time.Duration = -1

// Never as Options.AnsweredAt: the call was not answered.
const Never time.Duration = 1 << 62

// Options of one recording.
type Options struct {
	// Language of the line, "en" or "zh".
	Language string
	// AnsweredAt is when the call was answered on the recording's clock, or
	// Unknown or Never.
	AnsweredAt time.Duration
	// Ended is how the network ended a call that was not answered, when known.
	Ended outcome.Network
	// Ear is the rest of the ear's configuration.
	Ear ear.Config
}

// Step is one verdict of the call as it came. Offsets are milliseconds from the
// beginning of the recording.
type Step struct {
	Network    outcome.Network    `json:"network,omitempty"`
	AnsweredBy outcome.AnsweredBy `json:"answered_by,omitempty"`
	Class      string             `json:"class,omitempty"`
	Country    string             `json:"country,omitempty"`
	Confidence float64            `json:"confidence"`
	AtMS       int64              `json:"at_ms"`
}

// Result is what the recording is.
type Result struct {
	Step
	// BeepMS is when the beep was told after which a machine records.
	BeepMS int64 `json:"beep_at_ms,omitempty"`
	// Conflict says how announcement and cause contradict each other.
	Conflict string `json:"conflict,omitempty"`
	// Text is what the recogniser heard.
	Text string `json:"text,omitempty"`
	// DecidedMS is when the network's result, or who answered, was first known as
	// it is given here; the class may have become finer later.
	DecidedMS int64 `json:"decided_ms"`
	// OnsetMS is the first speech after the answer, -1 without any.
	OnsetMS int64 `json:"onset_ms"`
	// Steps are all verdicts in their order.
	Steps []Step `json:"verdicts,omitempty"`
}

// Mono is one channel of a recording at 8 kHz: the wanted one counted from 1,
// or for 0 the first that has any sound. In our own recordings the customer is
// the first.
func Mono(s wav.Sound, channel int) ([]int16, error) {
	if s.Channels < 1 || channel > s.Channels {
		return nil, fmt.Errorf("the recording has no channel %[2]d, only %[1]d in all; name another with --channel", s.Channels, channel)
	}
	pick := channel - 1
	if channel == 0 {
		pick = 0
		for c := range s.Channels {
			if sounds(s, c) {
				pick = c
				break
			}
		}
	}
	one := make([]int16, 0, len(s.PCM)/s.Channels)
	for i := pick; i < len(s.PCM); i += s.Channels {
		one = append(one, s.PCM[i])
	}
	return resample.Convert(one, s.Rate, media.Rate8k)
}

// sounds reports whether a channel holds more than a whisper of noise.
func sounds(s wav.Sound, channel int) bool {
	for i := channel; i < len(s.PCM); i += s.Channels {
		if s.PCM[i] > 300 || s.PCM[i] < -300 {
			return true
		}
	}
	return false
}

// after is how much silence follows the recording, so that what it ended with
// is decided as it would be while a line stays open.
const after = 1600 * time.Millisecond

// Recognizer hears words in step with the sound: what a frame brings about is
// there when the call returns. *pocketsphinx.Stepped is one.
type Recognizer interface {
	Expect(asr.Expectation) error
	Write(media.Frame) ([]asr.Result, error)
	Finish() ([]asr.Result, error)
}

// Listen plays 8 kHz mono sound to an ear and a recogniser as a live call does,
// faster than the clock. With a nil recogniser nothing is known by words. It stops early
// when ctx ends.
func Listen(ctx context.Context, r Recognizer, pcm []int16, o Options) (Result, error) {
	l := &listener{o: o, words: r}
	c := o.Ear
	c.Language = o.Language
	l.ear = ear.New(c)
	if o.AnsweredAt == Unknown {
		early := o.Ear
		early.Language, early.Log = o.Language, nil
		l.early = ear.New(early)
	}
	if r != nil {
		if err := r.Expect(Announcements(o.Language)); err != nil {
			return Result{}, err
		}
	}
	whole := (len(pcm) + media.Rate8k.Count(after) + 159) / 160 * 160
	l.pcm = append(make([]int16, 0, whole), pcm...)[:whole]
	if err := l.run(ctx); err != nil {
		return Result{}, err
	}
	if err := l.ear.Close(); err != nil {
		return Result{}, err
	}
	return l.result(), nil
}

// Announcements is what is expected of a line before its conversation.
func Announcements(language string) asr.Expectation {
	return asr.Expectation{ID: "announcements." + language, Phrases: progress.Phrases(language), Answer: phrase.Free}
}

// listener is one recording being heard.
type listener struct {
	o     Options
	pcm   []int16
	ear   *ear.Ear
	early *ear.Ear // of a call that may not have been answered
	words Recognizer

	kept     int // first frame that the recogniser has not had
	due      []result
	answered bool
	onset    time.Duration
	spoke    bool
	beep     time.Duration
	text     string
	steps    []Step // as answered, when that is not known
	before   []Step // as early media
}

func (l *listener) run(ctx context.Context) error {
	f := media.Frame{Rate: media.Rate8k}
	for n := range len(l.pcm) / 160 {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.PCM, f.At = l.pcm[n*160:n*160+160], media.Tick*time.Duration(n)
		if !l.answered && f.At >= max(l.o.AnsweredAt, 0) {
			l.answered = true
			l.ear.Answered()
		}
		l.tell(n)
		h := l.ear.Hear(f, media.Frame{})
		l.steps = l.note(l.steps, h)
		if l.early != nil {
			l.before = l.note(l.before, l.early.Hear(f, media.Frame{}))
		}
		if h.Beep && l.beep == 0 {
			l.beep = h.At + media.Tick
		}
		if err := l.feed(h, n); err != nil {
			return err
		}
	}
	return nil
}

// note keeps a tick's verdict.
func (l *listener) note(steps []Step, h ear.Heard) []Step {
	if !h.HasVerdict {
		return steps
	}
	v := h.Verdict
	return append(steps, Step{
		Network: v.Network, AnsweredBy: v.AnsweredBy, Class: v.Class, Country: v.Country,
		Confidence: v.Confidence, AtMS: (h.At + media.Tick).Milliseconds(),
	})
}

// latency is what a live recogniser takes from sound to words, in frames.
const latency = 3

// result is what the recogniser said, to be told in a tick to come.
type result struct {
	asr.Result
	tick int
}

// tell passes on the results whose time has come.
func (l *listener) tell(n int) {
	for len(l.due) > 0 && l.due[0].tick <= n {
		l.heard(l.due[0].Result)
		l.due = l.due[1:]
	}
}

func (l *listener) later(n int, all []asr.Result, err error) error {
	for _, r := range all {
		l.due = append(l.due, result{r, n + latency})
	}
	return err
}

// feed gives an utterance to the recogniser with the moment before it, as the
// live call does.
func (l *listener) feed(h ear.Heard, n int) error {
	if h.Begin && l.answered && !l.spoke {
		l.spoke, l.onset = true, h.Onset
	}
	if l.words == nil {
		return nil
	}
	if h.Begin {
		for i := max(l.kept, n-ear.Preroll); i < n; i++ {
			if err := l.give(n, i); err != nil {
				return err
			}
		}
	}
	if h.Feed {
		if err := l.give(n, n); err != nil {
			return err
		}
	}
	if h.Known || !h.Own && !h.Discard && !h.TurnEnded() {
		return nil
	}
	l.kept = n + 1
	all, err := l.words.Finish()
	return l.later(n, all, err)
}

// give passes frame i on in tick n.
func (l *listener) give(n, i int) error {
	all, err := l.words.Write(media.Frame{Rate: media.Rate8k, At: media.Tick * time.Duration(i), PCM: l.pcm[i*160 : i*160+160]})
	return l.later(n, all, err)
}

func (l *listener) heard(r asr.Result) {
	t := ear.Text{Text: r.Text, Final: r.Final, Rejected: r.Rejected, Confidence: r.Confidence}
	l.ear.Text(t)
	if l.early != nil {
		l.early.Text(t)
	}
	if r.Final && r.Text != "" {
		if l.text != "" {
			l.text += " / "
		}
		l.text += r.Text
	}
}
