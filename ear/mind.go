package ear

import (
	"time"

	"parley/barge"
	"parley/media/prosody"
	"parley/media/tone"
	"parley/phrase"
	"parley/progress"
)

// kind is a signal's kind; the letters are those of the log.
type kind byte

const (
	sound       kind = 's'
	words       kind = 'w'
	key         kind = 'k'
	promptStart kind = 'p'
	promptEnd   kind = 'q'
	expect      kind = 'e'
	answered    kind = 'a'
	said        kind = 'v' // how the utterance that ends with the next tick was said
)

// signal is one tick or event in whole numbers: what the log keeps, and all
// that decisions are made of.
type signal struct {
	kind kind
	at   time.Duration

	voice, level int
	pitch        int // quarter semitones over 50 Hz; 0 for unvoiced
	echo, learnt bool
	tone         tone.Kind

	text    Text
	prompt  PromptInfo
	answer  phrase.Answer
	digits  int
	silence time.Duration
	prosody prosody.Features
}

// mind is the ear behind the eardrum: signals in, Heard out, no sound. Live
// calls and replays share it.
type mind struct {
	barge    *barge.Detector
	progress *progress.Detector

	onset             time.Duration // of the open utterance, or the last one
	answered, talking bool
	answeredAt        time.Duration
	// waiting is a verdict from words, to be told with the next tick.
	waiting    progress.Verdict
	hasWaiting bool
}

func newMind(c Config) mind {
	c.Barge.Tonal = c.Barge.Tonal || c.Language == "zh"
	return mind{barge: barge.New(c.Barge), progress: progress.New(c.Progress)}
}

// tonesUntil is how long after the answer tones still say something: by then a
// conversation runs, or the message has been left.
const tonesUntil = 90 * time.Second

// tonal reports whether tones may still say something.
func (m *mind) tonal(now time.Duration) bool {
	return !m.talking || now-m.answeredAt < tonesUntil
}

// feedAfter is how long silence inside an open utterance is still fed: while
// a prompt may not be interrupted it can be long, and says nothing.
const feedAfter = 1500 * time.Millisecond

// heldVoiced is the chance in percent from which a frame counts as speech.
const heldVoiced = 50

func (m *mind) observe(s signal) Heard {
	if s.kind != sound {
		m.event(s)
		return Heard{At: s.at}
	}
	speech := s.voice >= heldVoiced && !s.echo
	h := Heard{At: s.at, Speech: speech, Tone: s.tone, Beep: s.tone == tone.Beep}

	wasOpen := m.barge.Open()
	h.Decision = m.barge.Observe(barge.Signal{
		Kind: barge.Sound, At: s.at, Voice: s.voice, Level: s.level, Pitch: s.pitch, Echo: s.echo, Learnt: s.learnt,
	})
	open := m.barge.Open()
	h.Known, h.Own = m.barge.Known(), m.barge.Own()
	if h.Own {
		m.progress.Observe(progress.Signal{Kind: progress.Own, At: s.at})
	}
	h.Likely = m.barge.Likely()
	if h.Decision == barge.TurnEnd {
		h.Budget, h.Why = m.barge.Budget()
	}
	h.Begin = open && !wasOpen
	h.Discard = wasOpen && !open && (h.Decision != barge.TurnEnd || h.Known)
	h.Feed = open && m.barge.Quiet() < feedAfter
	if open {
		m.onset = m.barge.Onset()
	}
	h.Onset = m.onset
	m.judge(&h, progress.Signal{Kind: progress.Sound, At: s.at, Speech: speech, Tone: far[s.tone]})
	return h
}

// judge tells progress about the tick; of two verdicts the older goes first.
func (m *mind) judge(h *Heard, s progress.Signal) {
	h.Verdict, h.HasVerdict = m.waiting, m.hasWaiting
	m.hasWaiting = false
	v, ok := m.progress.Observe(s)
	switch {
	case ok && h.HasVerdict:
		m.waiting, m.hasWaiting = v, true
	case ok:
		h.Verdict, h.HasVerdict = v, true
	case !h.HasVerdict:
		h.Verdict = progress.Verdict{}
	}
}

// far gives tones their name in progress.
var far = [...]progress.Tone{
	tone.None:       progress.NoTone,
	tone.Ringback:   progress.Ringback,
	tone.Busy:       progress.Busy,
	tone.Congestion: progress.Congestion,
	tone.SIT:        progress.SIT,
	tone.Beep:       progress.Beep,
	tone.Fax:        progress.Fax,

	tone.SITIntercept: progress.SITIntercept,
	tone.SITVacant:    progress.SITVacant,
	tone.SITReorder:   progress.SITReorder,
	tone.SITNoCircuit: progress.SITNoCircuit,
	tone.Unobtainable: progress.Unobtainable,
}

func (m *mind) event(s signal) {
	switch s.kind {
	case words:
		m.barge.Observe(barge.Signal{
			Kind: barge.Words, At: s.at, Text: s.text.Text, Final: s.text.Final,
			Rejected: s.text.Rejected, Confidence: s.text.Confidence,
		})
		if s.text.Rejected {
			return
		}
		v, ok := m.progress.Observe(progress.Signal{Kind: progress.Words, At: s.at, Text: s.text.Text, Final: s.text.Final, Confidence: s.text.Confidence})
		if ok {
			m.waiting, m.hasWaiting = v, true
		}
	case key:
		m.barge.Observe(barge.Signal{Kind: barge.Key, At: s.at})
	case promptStart:
		m.barge.Observe(barge.Signal{Kind: barge.PromptStart, At: s.at, Prompt: barge.Prompt{
			Mode: s.prompt.Mode, Hotwords: s.prompt.Hotwords, Text: s.prompt.Text, Guard: s.prompt.Guard,
		}})
	case promptEnd:
		m.barge.Observe(barge.Signal{Kind: barge.PromptEnd, At: s.at})
		if m.answered && !m.talking {
			// What comes now answers the bot.
			m.talking = true
			m.progress.Observe(progress.Signal{Kind: progress.Talk, At: s.at})
		}
	case expect:
		m.barge.Observe(barge.Signal{Kind: barge.Expect, At: s.at, Answer: s.answer, Digits: s.digits, Silence: s.silence})
	case answered:
		m.answered, m.answeredAt = true, s.at
		m.progress.Observe(progress.Signal{Kind: progress.Answered, At: s.at})
	}
}
