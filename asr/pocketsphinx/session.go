package pocketsphinx

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"parley/asr"
	"parley/media"
)

const (
	frameLength = 10 * time.Millisecond // of the decoder
	// block is how much sound is decoded at a time, and so how often there is
	// a partial.
	block = 100 * time.Millisecond
	// steady is how many blocks a partial must stand to be called stable.
	steady = 5
	// longest bounds one utterance.
	longest = 30 * time.Second
	// audible is how many frames of sound without an expected phrase in them
	// count as rejected speech rather than as silence.
	audible = 15
)

// session is one stream in the worker: utterance after utterance.
type session struct {
	voice   *voice
	classes classes
	pair    pair
	send    func([]byte) error
	fit     fit

	grammar *grammar // of the current utterance, nil when nothing is expected
	next    *asr.Expectation

	speaking bool // between the first frame and Finish
	full     bool // the utterance is longer than the bound
	clock    clock
	samples  []int16 // of the last message
	pending  []int16 // at the model's rate, less than a block
	heard    int     // samples decoded, at the model's rate
	loudness loudness
	air      *rand.Rand // for the model's floor; the same in every session

	partial string
	stood   int // blocks since the partial changed
}

// Handle implements worker.Session.
func (s *session) Handle(msg []byte) error {
	if len(msg) == 0 {
		return fmt.Errorf("an empty message")
	}
	switch letter, body := msg[0], msg[1:]; letter {
	case msgSound:
		return s.sound(body)
	case msgExpect:
		var e asr.Expectation
		if err := json.Unmarshal(body, &e); err != nil {
			return fmt.Errorf("decode an expectation: %w", err)
		}
		s.next = &e
		if s.speaking {
			return nil
		}
		return s.expect()
	case msgFinish:
		return s.finish()
	default:
		return fmt.Errorf("an unknown message %q", letter)
	}
}

// Close implements worker.Session: the decoders go back.
func (s *session) Close() error {
	if s.speaking {
		if err := s.end(); err != nil {
			s.pair.free()
			return err
		}
	}
	s.voice.put(s.pair)
	return nil
}

// expect prepares the grammar of the next utterance while nobody speaks.
func (s *session) expect() error {
	e := *s.next
	s.next = nil
	g, err := s.voice.grammar(e, s.classes)
	if err != nil {
		s.grammar = nil
		if len(e.Phrases) == 0 && len(implied(e)) == 0 {
			return nil // nothing is expected, on purpose
		}
		return s.note(fmt.Sprintf("expectation %s: nothing of it can be heard: %v", e.ID, err))
	}
	if err := s.voice.load(s.pair.phrases, g); err != nil {
		return err
	}
	s.grammar = g
	if g.unheard > 0 {
		return s.note(fmt.Sprintf("expectation %s: %d phrases cannot be heard: %v", e.ID, g.unheard, g.why))
	}
	return nil
}

func (s *session) sound(body []byte) error {
	var at time.Duration
	var err error
	s.samples, at, err = appendSamples(s.samples[:0], body)
	if err != nil {
		return err
	}
	if !s.speaking {
		if err := s.begin(); err != nil {
			return err
		}
	}
	s.clock.add(at, len(s.samples))
	if s.full {
		return nil
	}
	s.pending = s.fit(s.pending, s.samples)
	if n := s.voice.model.Rate.Count(block); len(s.pending) < n {
		return nil
	}
	if err := s.decode(); err != nil {
		return err
	}
	if s.voice.model.Rate.Duration(s.heard) >= longest {
		if s.partial != "" {
			s.full = true
			return nil
		}
		// Half a minute without a word: forget it and go on listening.
		if err := s.end(); err != nil {
			return err
		}
		return s.begin()
	}
	return s.offer()
}

func (s *session) begin() error {
	if s.next != nil {
		if err := s.expect(); err != nil {
			return err
		}
	}
	if s.grammar != nil {
		if err := s.pair.phrases.use(s.grammar.name); err != nil {
			return err
		}
		if err := s.pair.phrases.start(); err != nil {
			return err
		}
	}
	s.clock.reset()
	s.loudness.reset()
	s.pending, s.heard, s.full = s.pending[:0], 0, false
	s.partial, s.stood = "", 0
	s.speaking = true
	return s.pair.sounds.start()
}

func (s *session) end() error {
	s.speaking = false
	if s.grammar != nil {
		if err := s.pair.phrases.end(); err != nil {
			return err
		}
	}
	return s.pair.sounds.end()
}

func (s *session) decode() error {
	s.loudness.add(s.pending)
	s.breathe()
	if s.grammar != nil {
		if err := s.pair.phrases.process(s.pending); err != nil {
			return err
		}
	}
	if err := s.pair.sounds.process(s.pending); err != nil {
		return err
	}
	s.heard += len(s.pending)
	s.pending = s.pending[:0]
	return nil
}

// breathe lays the model's floor under the sound that is decoded next.
func (s *session) breathe() {
	if s.voice.model.Floor == 0 {
		return
	}
	for i, v := range s.pending {
		noise := s.air.NormFloat64() * s.voice.model.Floor
		s.pending[i] = int16(max(-32768, min(32767, float64(v)+noise)))
	}
}

// offer sends a partial when it changed or became stable.
func (s *session) offer() error {
	if s.grammar == nil {
		return nil
	}
	r := s.result()
	if r.Text == s.partial {
		s.stood++
		if s.partial == "" || s.stood != steady {
			return nil
		}
		r.Stable = true
		return s.deliver(r)
	}
	s.partial, s.stood = r.Text, 0
	return s.deliver(r)
}

// finish decodes the rest and sends the final.
func (s *session) finish() error {
	final := asr.Result{Final: true}
	if s.speaking {
		if err := s.decode(); err != nil {
			return err
		}
		if err := s.end(); err != nil {
			return err
		}
		final = s.judge(s.result())
	}
	if err := s.deliver(final); err != nil {
		return err
	}
	if s.next != nil {
		return s.expect()
	}
	return nil
}

// judge makes a final of the best phrase: accepted, rejected, or silence.
func (s *session) judge(r asr.Result) asr.Result {
	if r.Text != "" && r.Confidence > 0.5 {
		r.Final = true
		return r
	}
	return asr.Result{
		Final: true, Confidence: r.Confidence, From: r.From, To: r.To,
		Rejected: s.sounded() >= audible,
	}
}

// sounded is how many frames are loud and hold something that the free decoder
// took for speech.
func (s *session) sounded() int {
	var n int
	for _, seg := range s.pair.sounds.segments() {
		if !filler(seg.word) {
			n += s.loudness.loud(seg.from, seg.to+1)
		}
	}
	return n
}

// filler reports whether a segment of the best path is silence or noise.
func filler(word string) bool {
	return word == "" || word[0] == '<' || word[0] == '(' || word == "sil" ||
		strings.HasPrefix(word, "++") || strings.HasPrefix(word, "[")
}

// result is the best phrase so far. Its confidence is 0.5 where the distance
// to the free sequence of sounds is the model's bound.
func (s *session) result() asr.Result {
	r := asr.Result{From: s.clock.at(0), To: s.clock.at(s.clock.samples)}
	if s.grammar == nil {
		return r
	}
	text, score := s.pair.phrases.best()
	if text == "" {
		return r
	}
	var frames int32
	var loud, segments int
	for _, seg := range s.pair.phrases.segments() {
		segments++
		if filler(seg.word) {
			continue
		}
		word := base(seg.word)
		frames += seg.to - seg.from + 1
		loud += s.loudness.loud(seg.from, seg.to+1)
		r.Words = append(r.Words, asr.Word{Text: word, From: s.timeOf(seg.from), To: s.timeOf(seg.to + 1)})
	}
	if frames == 0 {
		r.Words = nil
		return r
	}
	if loud < audible/2 || loud*4 < int(frames) {
		// Words out of silence or steady noise.
		r.Words = nil
		return r
	}
	r.Text = s.text(r.Words)
	r.From, r.To = r.Words[0].From, r.Words[len(r.Words)-1].To
	_, free := s.pair.sounds.best()
	paid := s.voice.model.price() * float64(segments)
	distance := (float64(free-score) - paid) / float64(frames)
	r.Confidence = min(1, max(0, 1-distance/(2*s.voice.model.Reject)))
	return r
}

// text joins words as the language is written.
func (s *session) text(words []asr.Word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 && s.voice.dict.language != "zh" {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
	}
	return b.String()
}

// timeOf places a frame of the decoder on the clock of the stream's frames.
func (s *session) timeOf(frame int32) time.Duration {
	return s.clock.at(s.clock.rate.Count(time.Duration(frame) * frameLength))
}

func (s *session) deliver(r asr.Result) error {
	msg, err := withLetter(msgResult, r)
	if err != nil {
		return err
	}
	return s.send(msg)
}

func (s *session) note(text string) error { return s.send(append([]byte{msgNote}, text...)) }

// clock knows when the samples of an utterance were heard, although frames may
// be missing between them.
type clock struct {
	rate    media.Rate
	samples int
	marks   []mark
}

type mark struct {
	sample int
	at     time.Duration
}

// maxMarks bounds what is remembered of a stream full of holes.
const maxMarks = 512

func (c *clock) reset() { c.samples, c.marks = 0, c.marks[:0] }

func (c *clock) add(at time.Duration, n int) {
	const slack = 5 * time.Millisecond
	if off := at - c.at(c.samples); (len(c.marks) == 0 || off > slack || off < -slack) && len(c.marks) < maxMarks {
		c.marks = append(c.marks, mark{c.samples, at})
	}
	c.samples += n
}

// at is the time of a sample, 0 before there is any.
func (c *clock) at(sample int) time.Duration {
	for i := len(c.marks) - 1; i >= 0; i-- {
		if m := c.marks[i]; m.sample <= sample {
			return m.at + c.rate.Duration(sample-m.sample)
		}
	}
	return 0
}
