package cache

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/media"
	"parley/tts"
	"parley/tts/ttstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter is a working engine of tones: 100 ms a character, and it counts.
type counter struct {
	*tts.Engine
	renders atomic.Int32
	gate    chan struct{} // nil: open
	fail    atomic.Bool
}

var errBroken = errors.New("broken")

func newCounter() *counter {
	c := &counter{}
	check := func(v tts.Voice) (tts.Voice, error) {
		if v.Name != "" && v.Name != "tone" {
			return v, tts.ErrVoice
		}
		return v, nil
	}
	tone := tts.Mastered(func(_ context.Context, _ tts.Voice, text string) ([]int16, error) {
		pcm := make([]int16, 800*len([]rune(text)))
		for i := range pcm {
			pcm[i] = int16(3000 * math.Sin(2*math.Pi*300*float64(i)/8000))
		}
		return pcm, nil
	})
	c.Engine = tts.NewEngine("tone", check, func(ctx context.Context, v tts.Voice, text string) ([]int16, error) {
		c.renders.Add(1)
		if c.gate != nil {
			select {
			case <-c.gate:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if c.fail.Load() {
			return nil, errBroken
		}
		return tone(ctx, v, text)
	})
	return c
}

func over(c *counter, bytes int64) *Cache {
	return New(Options{Engines: map[string]tts.Synthesizer{"tone": c}, Default: map[string]string{"": "tone"}, Bytes: bytes})
}

var voice = tts.Voice{Engine: "tone", Language: "en"}

func collect(t *testing.T, s tts.Stream, err error) ([]int16, []tts.Mark) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	pcm, marks, err := tts.Collect(t.Context(), s, 1<<22)
	if err != nil {
		t.Fatal(err)
	}
	return pcm, marks
}

func TestConformance(t *testing.T) {
	ttstest.Run(t, ttstest.Subject{Synthesizer: over(newCounter(), 0), Voice: voice})
}

func TestFixedSoundsLikeFresh(t *testing.T) {
	c := over(newCounter(), 0)
	text := "Hello, how are you? Good."
	s, err := c.Speak(t.Context(), voice, tts.Text(text))
	fresh, freshMarks := collect(t, s, err)
	s, err = c.SpeakFixed(t.Context(), voice, text)
	kept, keptMarks := collect(t, s, err)
	if len(fresh) != len(kept) || len(freshMarks) != len(keptMarks) {
		t.Fatalf("fresh: %d samples, %d marks; kept: %d, %d", len(fresh), len(freshMarks), len(kept), len(keptMarks))
	}
	var noise, signal float64
	for i := range fresh {
		d := float64(fresh[i] - kept[i])
		noise += d * d
		signal += float64(fresh[i]) * float64(fresh[i])
	}
	if snr := 10 * math.Log10(signal/noise); snr < 33 { // ITU-T G.711 over its range
		t.Errorf("the kept prompt is %.1f dB above its error", snr)
	}
	c.Wait()
}

func TestFixedIsMadeOnce(t *testing.T) {
	e := newCounter()
	e.gate = make(chan struct{})
	c := over(e, 0)
	var streams []tts.Stream
	for range 20 {
		s, err := c.SpeakFixed(t.Context(), voice, "goodbye")
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	var f media.Frame
	if err := streams[0].ReadFrame(&f); !errors.Is(err, media.ErrNotReady) {
		t.Errorf("before the sound is there ReadFrame gives %v, want ErrNotReady", err)
	}
	close(e.gate)
	var wg sync.WaitGroup
	for _, s := range streams {
		wg.Go(func() {
			if pcm, _, err := tts.Collect(t.Context(), s, 1<<20); err != nil || len(pcm) == 0 {
				t.Errorf("%d samples, %v", len(pcm), err)
			}
		})
	}
	wg.Wait()
	if n := e.renders.Load(); n != 1 {
		t.Errorf("20 calls at once made the prompt %d times", n)
	}
}

func TestPersonalTextIsNotKept(t *testing.T) {
	e := newCounter()
	c := over(e, 0)
	for range 2 {
		s, err := c.Prompt(t.Context(), voice, []tts.Segment{{Text: "Hello ", Fixed: true}, {Text: "Jane Doe"}})
		collect(t, s, err)
	}
	if got := c.Stats(); got.Entries != 1 {
		t.Errorf("%d entries are kept, want the fixed one only", got.Entries)
	}
	if n := e.renders.Load(); n != 3 {
		t.Errorf("%d syntheses, want 1 of the fixed and 2 of the personal part", n)
	}
	for k := range c.kept.entries {
		if strings.Contains(k.text, "Jane") {
			t.Error("a name is in the cache")
		}
	}
}

func TestPromptJoinsSoundAndMarks(t *testing.T) {
	c := over(newCounter(), 0)
	segments := []tts.Segment{{Text: "Thank you. ", Fixed: true}, {Text: ""}, {Text: "Lee"}, {Text: ", bye", Fixed: true}, {Text: "!"}}
	whole := joined(segments)
	s, err := c.Prompt(t.Context(), voice, segments)
	pcm, marks := collect(t, s, err)
	var words []string
	var at time.Duration
	for _, m := range marks {
		if whole[m.Start:m.End] != m.Text || m.From < at {
			t.Errorf("mark %+v after %v in %q", m, at, whole)
		}
		at = m.To
		words = append(words, m.Text)
	}
	if got := strings.Join(words, " "); got != "Thank you Lee bye" {
		t.Errorf("the marks say %q", got)
	}
	if end := media.Rate8k.Duration(len(pcm)); at > end || end-at > 200*time.Millisecond {
		t.Errorf("the last mark ends at %v of %v", at, end)
	}
	// A sentence ends between the first two words and the name.
	if gap := marks[2].From - marks[1].To; gap < 250*time.Millisecond || gap > 400*time.Millisecond {
		t.Errorf("the gap after the first sentence is %v", gap)
	}
}

func TestMarksGrowWhilePlaying(t *testing.T) {
	c := over(newCounter(), 0)
	s, err := c.Prompt(t.Context(), voice, []tts.Segment{{Text: "one two ", Fixed: true}, {Text: "three", Fixed: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c.Wait()
	var f media.Frame
	var most int
	for {
		err := s.ReadFrame(&f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n := len(s.Marks())
		if n < most {
			t.Fatalf("the marks shrank from %d to %d", most, n)
		}
		most = n
	}
	if most != 3 {
		t.Errorf("%d marks at the end, want 3", most)
	}
}

func TestBoundEvictsTheLeastRecent(t *testing.T) {
	e := newCounter()
	c := over(e, 20_000) // about two prompts of ten characters
	say := func(text string) {
		s, err := c.SpeakFixed(t.Context(), voice, text)
		collect(t, s, err)
	}
	for _, text := range []string{"aaaaaaaaaa", "bbbbbbbbbb", "aaaaaaaaaa", "cccccccccc", "aaaaaaaaaa"} {
		say(text)
	}
	if n := e.renders.Load(); n != 3 {
		t.Errorf("%d syntheses, want 3: the often used one stays", n)
	}
	say("bbbbbbbbbb")
	if n := e.renders.Load(); n != 4 {
		t.Errorf("%d syntheses, want 4: the least used one had to go", n)
	}
	if got := c.Stats(); got.Bytes > 20_000 || got.Evicted == 0 {
		t.Errorf("stats: %+v", got)
	}
}

func TestFailureIsNotKept(t *testing.T) {
	e := newCounter()
	e.fail.Store(true)
	c := over(e, 0)
	if err := c.Warm(t.Context(), voice, []string{"x", "y", "x"}); !errors.Is(err, errBroken) {
		t.Errorf("Warm says %v", err)
	}
	if n := e.renders.Load(); n != 2 {
		t.Errorf("%d syntheses of two texts", n)
	}
	e.fail.Store(false)
	if err := c.Warm(t.Context(), voice, []string{"x"}); err != nil {
		t.Errorf("the second try says %v", err)
	}
	c.Wait()
}

func TestCallerWhoGivesUpSpoilsNothing(t *testing.T) {
	e := newCounter()
	e.gate = make(chan struct{})
	c := over(e, 0)
	ctx, cancel := context.WithCancel(t.Context())
	first, err := c.SpeakFixed(ctx, voice, "hello")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var f media.Frame
	if err := first.ReadFrame(&f); !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled stream gives %v", err)
	}
	close(e.gate)
	s, err := c.SpeakFixed(t.Context(), voice, "hello")
	collect(t, s, err)
	if n := e.renders.Load(); n != 1 {
		t.Errorf("%d syntheses, want the first one shared", n)
	}
}

func TestUnknownEngine(t *testing.T) {
	c := New(Options{Engines: map[string]tts.Synthesizer{"tone": newCounter()}})
	if _, err := c.Speak(t.Context(), tts.Voice{}, tts.Text("x")); !errors.Is(err, tts.ErrVoice) {
		t.Errorf("a voice without an engine: %v", err)
	}
}

func BenchmarkReplayFrame(b *testing.B) {
	c := over(newCounter(), 0)
	text := strings.Repeat("a", 300)
	if err := c.Warm(b.Context(), voice, []string{text}); err != nil {
		b.Fatal(err)
	}
	c.Wait()
	var f media.Frame
	s, _ := c.SpeakFixed(b.Context(), voice, text)
	b.ReportAllocs()
	for b.Loop() {
		if s.ReadFrame(&f) != nil {
			s, _ = c.SpeakFixed(b.Context(), voice, text)
		}
	}
}

// TestSpliceGoesBack over the borders of its parts, kept and fresh ones.
func TestSpliceGoesBack(t *testing.T) {
	c := New(Options{Engines: map[string]tts.Synthesizer{"tone": newCounter()}, Default: map[string]string{"": "tone"}})
	s, err := c.Prompt(t.Context(), tts.Voice{}, []tts.Segment{
		{Text: "Good day, ", Fixed: true}, {Text: "Jane"}, {Text: ". It is due. ", Fixed: true}, {Text: "on Monday"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ttstest.Rewind(t, s)
	c.Wait()
}
