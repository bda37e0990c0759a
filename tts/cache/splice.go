package cache

import (
	"errors"
	"io"
	"time"

	"parley/media"
	"parley/tts"
)

// part is a segment of a spliced stream.
type part struct {
	stream tts.Stream
	offset int // bytes of text before it
	gap    int // frames of silence before it
}

// splice is several streams one after the other. Sound is joined at frames:
// the last frame of each part is filled up with silence, 10 ms on average,
// which at the border of words nobody hears.
type splice struct {
	parts []part
	text  string // of the parts so far, to see how the last one ended
	now   int    // the part that is playing
	gap   int    // frames of silence still to come
	begun bool   // the playing part's gap was taken up

	at    time.Duration   // on the splice's own clock
	since time.Duration   // when the playing part began
	begin []time.Duration // the same of the parts that are over
	marks []tts.Mark      // of the parts that are over
	pcm   [frameBytes]int16
}

// add appends a part; before the first ReadFrame only.
func (s *splice) add(stream tts.Stream, text string) {
	gap := 0
	if len(s.parts) > 0 {
		gap = int(tts.Pause(s.text, text) / media.Tick)
	}
	s.parts = append(s.parts, part{stream: stream, offset: len(s.text), gap: gap})
	s.text += text
}

// ReadFrame implements media.Source.
func (s *splice) ReadFrame(f *media.Frame) error {
	for s.now < len(s.parts) {
		p := s.parts[s.now]
		if !s.begun {
			s.begun, s.gap = true, p.gap
			if s.at == 0 {
				s.gap = 0 // nothing was heard yet
			}
			s.since = s.at + time.Duration(s.gap)*media.Tick
		}
		if s.gap > 0 {
			s.gap--
			*f = media.Frame{At: s.at, Rate: media.Rate8k, PCM: s.pcm[:]}
			s.at += media.Tick
			return nil
		}
		err := p.stream.ReadFrame(f)
		if err == nil {
			f.At = s.at
			s.at += media.Tick
			return nil
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		s.marks = shifted(s.marks, p.stream.Marks(), p.offset, s.since)
		s.begin = append(s.begin, s.since)
		s.now++
		s.begun = false
	}
	return io.EOF
}

// Rewind implements tts.Rewinder: it may lead into a part that was over. In the
// silence before a part it leads to the part.
func (s *splice) Rewind(to time.Duration) (time.Duration, bool) {
	if to < 0 || to > s.at || s.at-to > tts.Memory {
		return 0, false
	}
	begin := s.begin
	if s.now < len(s.parts) && s.begun && s.gap == 0 {
		begin = append(begin[:len(begin):len(begin)], s.since)
	}
	n := len(begin) - 1
	for n > 0 && begin[n]-time.Duration(s.parts[n].gap)*media.Tick > to {
		n--
	}
	if n < 0 {
		return 0, false
	}
	for i := n; i < len(begin); i++ {
		if _, ok := s.parts[i].stream.(tts.Rewinder); !ok {
			return 0, false
		}
	}
	at, ok := s.parts[n].stream.(tts.Rewinder).Rewind(max(0, to-begin[n]))
	if !ok {
		return 0, false
	}
	for i := n + 1; i < len(begin); i++ { // what came after it comes again, whole
		s.parts[i].stream.(tts.Rewinder).Rewind(0)
	}
	s.now, s.begun, s.gap, s.since = n, true, 0, begin[n]
	s.begin = begin[:n:n]
	marks := 0
	for marks < len(s.marks) && s.marks[marks].Start < s.parts[n].offset {
		marks++
	}
	s.marks = s.marks[:marks:marks]
	s.at = begin[n] + at
	return s.at, true
}

// Marks implements tts.Stream. The result is built anew while a part plays.
func (s *splice) Marks() []tts.Mark {
	known := s.marks[:len(s.marks):len(s.marks)]
	if s.now >= len(s.parts) || !s.begun {
		return known
	}
	p := s.parts[s.now]
	return shifted(known, p.stream.Marks(), p.offset, s.since)
}

func shifted(dst, marks []tts.Mark, offset int, by time.Duration) []tts.Mark {
	for _, m := range marks {
		m.Start += offset
		m.End += offset
		m.From += by
		m.To += by
		dst = append(dst, m)
	}
	return dst
}

// Close implements tts.Stream.
func (s *splice) Close() error {
	var all error
	for _, p := range s.parts {
		all = errors.Join(all, p.stream.Close())
	}
	return all
}
