// Package ttstest is the conformance suite of the synthesis port: every engine
// must pass it before app may build it.
package ttstest

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"parley/media"
	"parley/tts"
)

// Subject is an engine under test.
type Subject struct {
	Synthesizer tts.Synthesizer
	Voice       tts.Voice
}

// sample is one sentence in the language of the voice.
func (s Subject) sample() string {
	if s.Voice.Language == "zh" {
		return "请问您星期五能还款吗？谢谢您，再见。"
	}
	return "When can you pay it? Thank you, goodbye."
}

// Run checks the whole contract.
func Run(t *testing.T, s Subject) {
	t.Run("frames", s.frames)
	t.Run("marks", s.marks)
	t.Run("rewind", func(t *testing.T) { Rewind(t, s.speak(t.Context(), t, tts.Text(s.sample()))) })
	t.Run("level", s.level)
	t.Run("pieces", s.pieces)
	t.Run("close", s.closeMidway)
	t.Run("cancel", s.cancel)
	t.Run("two at once", s.twoAtOnce)
	t.Run("nothing to say", s.nothing)
	t.Run("broken text", s.brokenText)
	t.Run("very long text", s.long)
	t.Run("hostile text", s.hostile)
	t.Run("unknown voice", s.unknownVoice)
}

const bound = 20 * time.Second

func (s Subject) speak(ctx context.Context, t *testing.T, text iter.Seq2[string, error]) tts.Stream {
	t.Helper()
	stream, err := s.Synthesizer.Speak(ctx, s.Voice, text)
	if err != nil {
		t.Fatalf("Speak: %v", err)
	}
	t.Cleanup(func() { stream.Close() })
	return stream
}

// next waits for a frame or the end.
func next(t *testing.T, s tts.Stream) (media.Frame, error) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	limit := time.After(bound)
	for {
		var f media.Frame
		err := s.ReadFrame(&f)
		if !errors.Is(err, media.ErrNotReady) {
			return f, err
		}
		select {
		case <-poll.C:
		case <-limit:
			t.Fatalf("neither a frame nor the end after %v", bound)
		}
	}
}

// all reads a stream to its end and returns the sound.
func all(t *testing.T, s tts.Stream) []int16 {
	t.Helper()
	var pcm []int16
	for {
		f, err := next(t, s)
		if errors.Is(err, io.EOF) {
			return pcm
		}
		if err != nil {
			t.Fatalf("ReadFrame: %v", err)
		}
		pcm = append(pcm, f.PCM...)
	}
}

func length(pcm []int16) time.Duration { return media.Rate8k.Duration(len(pcm)) }

func (s Subject) frames(t *testing.T) {
	stream := s.speak(t.Context(), t, tts.Text(s.sample()))
	var n int
	for {
		f, err := next(t, stream)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("ReadFrame: %v", err)
		}
		if f.Rate != media.Rate8k || len(f.PCM) != media.Rate8k.Samples() {
			t.Fatalf("frame %d has %d samples at %d Hz, want 160 at 8000", n, len(f.PCM), f.Rate)
		}
		if want := time.Duration(n) * media.Tick; f.At != want {
			t.Fatalf("frame %d is at %v, want %v", n, f.At, want)
		}
		n++
	}
	if spoken := time.Duration(n) * media.Tick; spoken < time.Second || spoken > 10*time.Second {
		t.Errorf("%q takes %v", s.sample(), spoken)
	}
	if _, err := next(t, stream); !errors.Is(err, io.EOF) {
		t.Errorf("after the end ReadFrame gives %v, want io.EOF again", err)
	}
}

// Rewind checks that a stream which can go back gives the same sound again.
func Rewind(t *testing.T, stream tts.Stream) {
	r, ok := stream.(tts.Rewinder)
	if !ok {
		t.Skip("this stream cannot go back")
	}
	type frame struct {
		at  time.Duration
		pcm [160]int16
	}
	var known []frame
	take := func() (frame, bool) {
		f, err := next(t, stream)
		if errors.Is(err, io.EOF) {
			return frame{}, false
		}
		if err != nil {
			t.Fatalf("ReadFrame: %v", err)
		}
		return frame{f.At, [160]int16(f.PCM)}, true
	}
	for over := false; !over; { // ever 300 ms on and 500 ms back, then on to what is new
		for range 15 {
			f, more := take()
			if over = !more; over {
				break
			}
			known = append(known, f)
		}
		now := time.Duration(len(known)) * media.Tick
		to := max(0, now-510*time.Millisecond)
		at, ok := r.Rewind(to)
		if !ok || at > to+300*time.Millisecond || at < to-media.Tick {
			t.Fatalf("at %v Rewind(%v) went to %v, %v", now, to, at, ok)
		}
		for i := int(at / media.Tick); i < len(known); i++ {
			if f, more := take(); !more || f != known[i] {
				t.Fatalf("after Rewind(%v) at %v frame %d of %d is another one, at %v", to, now, i, len(known), f.at)
			}
		}
	}
	if _, ok := r.Rewind(time.Hour); ok {
		t.Error("it went forward")
	}
	if _, more := take(); more {
		t.Error("the end is no end any more")
	}
	all := stream.Marks()
	for i := 1; i < len(all); i++ {
		if all[i].Start < all[i-1].End || all[i].From < all[i-1].To {
			t.Errorf("mark %d is %+v after %+v", i, all[i], all[i-1])
		}
	}
}

func (s Subject) marks(t *testing.T) {
	text := s.sample()
	stream := s.speak(t.Context(), t, tts.Text(text))
	end := length(all(t, stream))
	marks := stream.Marks()
	if len(marks) == 0 {
		t.Fatal("no marks at the end of the stream")
	}
	var at time.Duration
	var pos int
	for i, m := range marks {
		if m.Start < pos || m.End <= m.Start || m.End > len(text) || text[m.Start:m.End] != m.Text {
			t.Errorf("mark %d (%q) claims bytes %d to %d after %d", i, m.Text, m.Start, m.End, pos)
		}
		if m.From < at || m.To < m.From {
			t.Errorf("mark %d (%q) lies at %v to %v after %v", i, m.Text, m.From, m.To, at)
		}
		pos, at = m.End, m.To
	}
	if at > end || at < end-500*time.Millisecond {
		t.Errorf("the last word ends at %v of %v", at, end)
	}
	if left := strings.TrimRight(text[pos:], " .?!。？！"); left != "" {
		t.Errorf("no mark covers %q", left)
	}
}

func (s Subject) level(t *testing.T) {
	pcm := all(t, s.speak(t.Context(), t, tts.Text(s.sample())))
	level, ok := tts.ActiveLevel(pcm)
	if !ok || level < tts.Level-4 || level > tts.Level+4 {
		t.Errorf("the active level is %.1f dBFS (sound: %v), want about %.0f", level, ok, tts.Level)
	}
	for i, v := range pcm {
		if v > 32000 || v < -32000 {
			t.Fatalf("sample %d is %d: clipped", i, v)
		}
	}
}

// pieces: text that arrives in parts sounds like the whole, and is heard
// before the last part came.
func (s Subject) pieces(t *testing.T) {
	text := s.sample()
	whole := length(all(t, s.speak(t.Context(), t, tts.Text(text))))
	more := make(chan struct{})
	stream := s.speak(t.Context(), t, func(yield func(string, error) bool) {
		for i, r := range text {
			if i >= len(text)*3/4 && more != nil {
				select {
				case <-more:
				case <-t.Context().Done():
				}
				more = nil
			}
			if !yield(string(r), nil) {
				return
			}
		}
	})
	first, err := next(t, stream)
	if err != nil {
		t.Fatalf("the first sentence was not spoken before the text ended: %v", err)
	}
	n := len(first.PCM)
	close(more)
	got := length(make([]int16, n)) + length(all(t, stream))
	if diff := (got - whole).Abs(); diff > 100*time.Millisecond {
		t.Errorf("in pieces it takes %v, whole %v", got, whole)
	}
}

func (s Subject) closeMidway(t *testing.T) {
	stream := s.speak(t.Context(), t, tts.Text(strings.Repeat(s.sample(), 20)))
	if _, err := next(t, stream); err != nil {
		t.Fatalf("ReadFrame: %v", err)
	}
	for range 2 {
		if err := stream.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	ends(t, stream)
}

func (s Subject) cancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stream := s.speak(ctx, t, tts.Text(strings.Repeat(s.sample(), 20)))
	cancel()
	ends(t, stream)
}

// ends demands that a stream stops giving frames, with an error or io.EOF.
func ends(t *testing.T, stream tts.Stream) {
	t.Helper()
	for range int(5 * time.Minute / media.Tick) {
		if _, err := next(t, stream); err != nil {
			return
		}
	}
	t.Fatal("the stream goes on after it was ended")
}

func (s Subject) twoAtOnce(t *testing.T) {
	alone := length(all(t, s.speak(t.Context(), t, tts.Text(s.sample()))))
	a := s.speak(t.Context(), t, tts.Text(s.sample()))
	b := s.speak(t.Context(), t, tts.Text(s.sample()))
	for name, stream := range map[string]tts.Stream{"first": a, "second": b} {
		if got := length(all(t, stream)); (got - alone).Abs() > 50*time.Millisecond {
			t.Errorf("the %s of two takes %v, alone %v", name, got, alone)
		}
	}
}

func (s Subject) nothing(t *testing.T) {
	for _, text := range []string{"", "   ", "...", "\n\r\t\x00", "。！"} {
		if n := len(all(t, s.speak(t.Context(), t, tts.Text(text)))); n > int(media.Rate8k) {
			t.Errorf("%q makes %d samples of sound", text, n)
		}
	}
}

func (s Subject) brokenText(t *testing.T) {
	broken := errors.New("the model went away")
	stream := s.speak(t.Context(), t, func(yield func(string, error) bool) {
		if yield(s.sample(), nil) {
			yield("", broken)
		}
	})
	for {
		_, err := next(t, stream)
		if err == nil {
			continue
		}
		if !errors.Is(err, broken) {
			t.Errorf("the stream ends with %v, want the text's own error", err)
		}
		return
	}
}

func (s Subject) long(t *testing.T) {
	text := strings.Repeat(s.sample(), tts.MaxText/len(s.sample())+2)
	stream := s.speak(t.Context(), t, tts.Text(text))
	for {
		_, err := next(t, stream)
		if err == nil {
			continue
		}
		if !errors.Is(err, tts.ErrTooLong) {
			t.Errorf("%d bytes of text end with %v, want ErrTooLong", len(text), err)
		}
		return
	}
}

// hostile: text is only ever text. A program that took it for an option, a
// file, a second line, markup or phonemes would fail or speak at another length.
func (s Subject) hostile(t *testing.T) {
	for _, text := range []string{
		"-v", "--help", "-f /etc/passwd", `"; touch /tmp/x; echo "`, "$(sleep 60)", "`sleep 60`",
		"one\x00two", "a\nb\r\nc", "[[@]]", "<speak><break time='50s'/>hello</speak>",
		"<audio src='/etc/passwd'/>", "&lt;break time='50s'/&gt;", "\xff\xfe\xfd", "\u202e\u200bright", "%s%n%s",
		"\x1b[2J", strings.Repeat("a", 2000),
	} {
		stream := s.speak(t.Context(), t, tts.Text(text))
		limit := 5*time.Second + time.Duration(len(text))*300*time.Millisecond
		if got := length(all(t, stream)); got > min(limit, 15*time.Minute) {
			t.Errorf("%.40q takes %v", text, got)
		}
	}
}

func (s Subject) unknownVoice(t *testing.T) {
	for _, name := range []string{"no-such-voice", "-v", "../../etc/passwd"} {
		voice := s.Voice
		voice.Name = name
		stream, err := s.Synthesizer.Speak(t.Context(), voice, tts.Text(s.sample()))
		if err == nil {
			stream.Close()
			t.Errorf("the voice %q was accepted", name)
			continue
		}
		if !errors.Is(err, tts.ErrVoice) {
			t.Errorf("the voice %q is refused with %v, want ErrVoice", name, err)
		}
	}
}
