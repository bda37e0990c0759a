package ear

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"parley/barge"
	"parley/media"
	"parley/media/prosody"
	"parley/media/tone"
	"parley/phrase"
	"parley/progress"
)

// The signal log is text. Its first line is the configuration as JSON. After
// it every line is one signal, its kind first:
//
//	t1240000000        the clock, where it is not one tick on, in nanoseconds
//	s93 21 0 0 96      a tick: chance of speech in percent, dB over the noise, tone,
//	                   1 for echo plus 2 for its discovery, pitch in quarter semitones
//	                   over 50 Hz; zeros at the end are left out, "s" alone is a tick of nothing
//	v96 71 3104 …      before the tick that ends an utterance: its frames, the voiced ones, and
//	                   the features in the order of package prosody
//	w{"text":"wait"}   words, and the other events, as JSON
//
// An event has the time of the tick before it.
type header struct {
	Ear      int             `json:"ear"`
	Language string          `json:"language,omitempty"`
	Barge    barge.Config    `json:"barge"`
	Progress progress.Config `json:"progress"`
}

const logVersion = 3

// flushEvery is how many ticks are gathered before one write.
const flushEvery = 50

type log struct {
	w     io.Writer
	buf   []byte
	ticks int
	next  time.Duration // the time that needs no "t" line
	err   error
}

func newLog(c Config) *log {
	l := &log{w: c.Log}
	if c.Log == nil {
		return l
	}
	l.next = -1
	head, err := json.Marshal(header{Ear: logVersion, Language: c.Language, Barge: c.Barge, Progress: c.Progress})
	l.err = err
	l.buf = append(append(make([]byte, 0, 4096), head...), '\n')
	return l
}

func (l *log) write(s signal) {
	if l.w == nil || l.err != nil {
		return
	}
	if s.kind != sound {
		l.event(s)
		return
	}
	if s.at != l.next {
		l.buf = append(l.buf, 't')
		l.buf = append(strconv.AppendInt(l.buf, int64(s.at), 10), '\n')
	}
	l.next = s.at + media.Tick
	l.buf = append(l.buf, byte(sound))
	if s.voice != 0 || s.level != 0 || s.tone != tone.None || s.echo || s.learnt || s.pitch != 0 {
		l.buf = strconv.AppendInt(l.buf, int64(s.voice), 10)
		l.buf = strconv.AppendInt(append(l.buf, ' '), int64(s.level), 10)
		l.buf = strconv.AppendInt(append(l.buf, ' '), int64(s.tone), 10)
		if heard := s.echoes(); heard > 0 || s.pitch > 0 {
			l.buf = strconv.AppendInt(append(l.buf, ' '), heard, 10)
		}
		if s.pitch > 0 {
			l.buf = strconv.AppendInt(append(l.buf, ' '), int64(s.pitch), 10)
		}
	}
	l.buf = append(l.buf, '\n')
	if l.ticks++; l.ticks%flushEvery == 0 {
		l.err = l.flush()
	}
}

// prosody writes how an utterance was said.
func (l *log) prosody(f prosody.Features) {
	if l.w == nil || l.err != nil {
		return
	}
	l.buf = strconv.AppendInt(append(l.buf, byte(said)), int64(f.Frames), 10)
	l.buf = strconv.AppendInt(append(l.buf, ' '), int64(f.Voiced), 10)
	if f.Voiced > 0 {
		for _, v := range f.Value {
			l.buf = strconv.AppendInt(append(l.buf, ' '), int64(v), 10)
		}
	}
	l.buf = append(l.buf, '\n')
}

// event writes an event's line. It allocates; events are rare.
func (l *log) event(s signal) {
	var v any
	switch s.kind {
	case words:
		v = s.text
	case promptStart:
		v = s.prompt
	case expect:
		v = expectation{Answer: s.answer, Digits: s.digits, Silence: s.silence}
	}
	l.buf = append(l.buf, byte(s.kind))
	if v != nil {
		data, err := json.Marshal(v)
		if err != nil {
			l.err = err
			return
		}
		l.buf = append(l.buf, data...)
	}
	l.buf = append(l.buf, '\n')
}

func (l *log) flush() error {
	if l.w == nil || len(l.buf) == 0 {
		return l.err
	}
	_, err := l.w.Write(l.buf)
	l.buf = l.buf[:0]
	if err != nil {
		l.err = fmt.Errorf("writing the ear's signal log: %w", err)
	}
	return l.err
}

type expectation struct {
	Answer  phrase.Answer `json:"answer,omitempty"`
	Digits  int           `json:"digits,omitempty"`
	Silence time.Duration `json:"silence,omitempty"`
}

// Replay reads a signal log and decides again, one Heard for every tick. It
// stops at the first line that it cannot read and yields that error.
func Replay(r io.Reader) iter.Seq2[Heard, error] {
	return func(yield func(Heard, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		var head header
		if !lines.Scan() {
			yield(Heard{}, fmt.Errorf("reading a signal log: it is empty: %w", scanError(lines)))
			return
		}
		if err := json.Unmarshal(lines.Bytes(), &head); err != nil || head.Ear == 0 {
			yield(Heard{}, errors.New("reading a signal log: line 1 is not the head of one; give a file that an ear wrote"))
			return
		}
		if head.Ear != logVersion {
			yield(Heard{}, fmt.Errorf("reading a signal log: line 1 says version %d and this parley reads version %d; replay it with the parley that wrote it", head.Ear, logVersion))
			return
		}
		m := newMind(Config{Language: head.Language, Barge: head.Barge, Progress: head.Progress})
		var clock clock
		var last prosody.Features
		for n := 2; lines.Scan(); n++ {
			s, ok, err := clock.read(lines.Text())
			if err != nil {
				yield(Heard{}, fmt.Errorf("reading a signal log: line %d: %w", n, err))
				return
			}
			if !ok {
				continue
			}
			switch s.kind {
			case said:
				last = s.prosody
				continue
			case sound:
				h := m.observe(s)
				if h.closed() {
					h.Prosody = last
				}
				last = prosody.Features{}
				if !yield(h, nil) {
					return
				}
			default:
				m.observe(s)
			}
		}
		if err := lines.Err(); err != nil {
			yield(Heard{}, fmt.Errorf("reading a signal log: %w", err))
		}
	}
}

func scanError(s *bufio.Scanner) error {
	if err := s.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// clock gives lines their time.
type clock struct{ next, now time.Duration }

// read turns a line into a signal; ok is false for a line that only sets the
// clock.
func (c *clock) read(line string) (s signal, ok bool, err error) {
	if line == "" {
		return s, false, nil
	}
	rest := line[1:]
	s = signal{kind: kind(line[0]), at: c.now}
	switch s.kind {
	case 't':
		at, err := strconv.ParseInt(rest, 10, 64)
		c.next = time.Duration(at)
		return s, false, err
	case sound:
		s.at = c.next
		c.now, c.next = c.next, c.next+media.Tick
		return s, true, s.parseSound(rest)
	case said:
		return s, true, s.parseProsody(rest)
	case words:
		return s, true, json.Unmarshal([]byte(rest), &s.text)
	case promptStart:
		return s, true, json.Unmarshal([]byte(rest), &s.prompt)
	case expect:
		var e expectation
		err := json.Unmarshal([]byte(rest), &e)
		s.answer, s.digits, s.silence = e.Answer, e.Digits, e.Silence
		return s, true, err
	case key, promptEnd, answered:
		return s, true, nil
	}
	return s, false, fmt.Errorf("%q is no kind of signal", line[:1])
}

func (s *signal) parseSound(fields string) error {
	if fields == "" {
		return nil
	}
	var values [5]int
	n := 0
	for f := range strings.FieldsSeq(fields) {
		if n == len(values) {
			return fmt.Errorf("a tick has at most %d values", len(values))
		}
		v, err := strconv.Atoi(f)
		if err != nil {
			return err
		}
		values[n] = v
		n++
	}
	if values[2] < 0 || values[2] >= int(tone.Kinds) {
		return fmt.Errorf("%d is no tone", values[2])
	}
	s.voice, s.level, s.tone = values[0], values[1], tone.Kind(values[2])
	s.echo, s.learnt, s.pitch = values[3]&1 != 0, values[3]&2 != 0, values[4]
	return nil
}

func (s *signal) parseProsody(fields string) error {
	n := 0
	for f := range strings.FieldsSeq(fields) {
		size := 16
		if n < 2 {
			size = 32
		}
		v, err := strconv.ParseInt(f, 10, size)
		if err != nil {
			return err
		}
		switch {
		case n == 0:
			s.prosody.Frames = int32(v)
		case n == 1:
			s.prosody.Voiced = int32(v)
		case n-2 < len(s.prosody.Value):
			s.prosody.Value[n-2] = int16(v)
		default:
			return fmt.Errorf("an utterance has at most %d values", 2+len(s.prosody.Value))
		}
		n++
	}
	if n != 2 && n != 2+len(s.prosody.Value) {
		return fmt.Errorf("an utterance has 2 or %d values, not %d", 2+len(s.prosody.Value), n)
	}
	return nil
}

// echoes is what a tick says about echo as a number.
func (s *signal) echoes() (n int64) {
	if s.echo {
		n = 1
	}
	if s.learnt {
		n += 2
	}
	return n
}
