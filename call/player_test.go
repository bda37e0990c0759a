package call

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"parley/dialog"
	"parley/media"
	"parley/tts"
)

// tone is a prompt of a constant level: one word of four frames each.
type tone struct {
	words  []string
	frames int
	read   int
	delay  int // ticks before the first frame is ready
	fail   error
	closed bool
	pcm    [160]int16
}

func newTone(text string) *tone {
	t := &tone{words: strings.Fields(text)}
	t.frames = 4 * len(t.words)
	for i := range t.pcm {
		t.pcm[i] = 10000
	}
	return t
}

func (t *tone) ReadFrame(f *media.Frame) error {
	if t.delay > 0 {
		t.delay--
		return media.ErrNotReady
	}
	if t.read >= t.frames {
		if t.fail != nil {
			return t.fail
		}
		return io.EOF
	}
	*f = media.Frame{At: time.Duration(t.read) * media.Tick, Rate: media.Rate8k, PCM: t.pcm[:]}
	t.read++
	return nil
}

func (t *tone) Marks() []tts.Mark {
	var marks []tts.Mark
	at := 0
	for i, w := range t.words {
		marks = append(marks, tts.Mark{
			Text: w, Start: at, End: at + len(w),
			From: time.Duration(i) * 4 * media.Tick, To: time.Duration(i+1) * 4 * media.Tick,
		})
		at += len(w) + 1
	}
	return marks
}

func (t *tone) Rewind(to time.Duration) (time.Duration, bool) {
	t.read = int(to / media.Tick)
	return time.Duration(t.read) * media.Tick, true
}

func (t *tone) Close() error { t.closed = true; return nil }

func toneItem(text string) item {
	return item{prompt: dialog.Prompt{Segments: []dialog.Segment{{Text: text}}}, text: text, stream: newTone(text)}
}

// run plays n ticks and returns the prompts that ended and the last frame.
func run(p *player, n int) (ended []played, last media.Frame) {
	for i := range n {
		_, done := p.next(time.Duration(i)*media.Tick, &last)
		if done != nil {
			ended = append(ended, *done)
		}
	}
	return ended, last
}

func TestPlayerPlaysPromptsInOrderWithABreath(t *testing.T) {
	p := newPlayer()
	p.play(toneItem("one two"))
	p.play(toneItem("three"))
	var starts []int
	var ends []string
	for i := range 26 {
		var out media.Frame
		started, done := p.next(time.Duration(i)*media.Tick, &out)
		if started {
			starts = append(starts, i)
		}
		if done != nil {
			ends = append(ends, done.heard)
		}
		if want := i >= 8 && i < 8+breath || i >= 12+breath; out.Is(media.Silence) != want {
			t.Errorf("tick %d: silent is %v, want %v", i, out.Is(media.Silence), want)
		}
	}
	if len(starts) != 2 || starts[0] != 0 || starts[1] != 8+breath {
		t.Errorf("prompts started at ticks %v, want 0 and %d", starts, 8+breath)
	}
	if strings.Join(ends, "|") != "one two|three" {
		t.Errorf("ended prompts %q, want both whole", ends)
	}
}

func TestPlayerKnowsWhatWasHeard(t *testing.T) {
	for _, c := range []struct {
		ticks int
		want  string
	}{{0, ""}, {3, ""}, {4, "please"}, {9, "please pay"}, {12, "please pay now"}} {
		p := newPlayer()
		p.play(toneItem("please pay now"))
		p.play(toneItem("thank you"))
		run(p, c.ticks)
		cut := p.cut(time.Duration(c.ticks) * media.Tick)
		if len(cut) != 2 {
			t.Fatalf("after %d ticks the cut told of %d prompts, want 2", c.ticks, len(cut))
		}
		if cut[0].heard != c.want || cut[1].heard != "" {
			t.Errorf("after %d ticks heard %q and %q, want %q and nothing", c.ticks, cut[0].heard, cut[1].heard, c.want)
		}
		if _, out := run(p, 1); !out.Is(media.Silence) || p.busy() {
			t.Errorf("after the cut something still played")
		}
	}
}

func TestPlayerDucksWithoutClick(t *testing.T) {
	p := newPlayer()
	p.play(toneItem("a b c d e"))
	run(p, 2)
	p.duck()
	_, ramp := run(p, 1)
	for i := 1; i < len(ramp.PCM); i++ {
		if step := int(ramp.PCM[i-1]) - int(ramp.PCM[i]); step < 0 || step > 100 {
			t.Fatalf("sample %d jumps by %d", i, step)
		}
	}
	_, low := run(p, 1)
	if got := low.PCM[80]; got < 1700 || got > 1850 { // 10000 at −15 dB is 1778
		t.Errorf("ducked sample is %d, want about 1778", got)
	}
	p.resume()
	run(p, 1)
	if _, back := run(p, 1); back.PCM[80] != 10000 {
		t.Errorf("after resume a sample is %d, want 10000", back.PCM[80])
	}
}

func TestPlayerWaitsForALatePromptAndGivesUpOnADeadOne(t *testing.T) {
	p := newPlayer()
	late := newTone("hello")
	late.delay = 10
	p.play(item{text: "hello", stream: late})
	if ended, _ := run(p, 15); len(ended) != 1 || ended[0].err != nil || ended[0].heard != "hello" {
		t.Fatalf("a prompt ten ticks late ended as %+v", ended)
	}
	dead := newTone("hello")
	dead.delay = 1 << 30
	p.play(item{text: "hello", stream: dead, last: true})
	ended, _ := run(p, breath+int(maxWait/media.Tick)+1)
	if len(ended) != 1 || !errors.Is(ended[0].err, errStarved) || !ended[0].last || !dead.closed {
		t.Fatalf("a prompt that never came ended as %+v, closed %v", ended, dead.closed)
	}
}

func TestPlayerTellsAFailedPrompt(t *testing.T) {
	p := newPlayer()
	broken := newTone("one two")
	broken.frames, broken.fail = 5, errors.New("engine died")
	p.play(item{text: "one two", stream: broken})
	ended, _ := run(p, 7)
	if len(ended) != 1 || ended[0].err == nil || ended[0].heard != "one" {
		t.Fatalf("a prompt that failed after its first word ended as %+v", ended)
	}
}

func TestPlayerAllocatesNothingPerFrame(t *testing.T) {
	p := newPlayer()
	p.play(toneItem(strings.Repeat("word ", 500)))
	p.duck()
	var out media.Frame
	if n := testing.AllocsPerRun(1000, func() { p.next(0, &out) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

// TestPlayerResumesFromTheWord: after a moment at the low level only the level
// rises; after more of it nothing is lost and at most one word is said twice.
func TestPlayerResumesFromTheWord(t *testing.T) {
	for _, c := range []struct {
		name           string
		before, ducked int
		at             int // the tick of the stream that comes after the resume
	}{
		{"a moment", 6, moment - 2, 6 + moment - 2},
		{"in the middle of a word", 10, 30, 8},
		{"at the border of words", 12, 30, 12},
		{"at the very beginning", 1, 30, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlayer()
			it := toneItem(strings.Repeat("word ", 40))
			p.play(it)
			run(p, c.before)
			p.duck()
			run(p, c.ducked)
			p.resume()
			run(p, 1)
			if got := it.stream.(*tone).read - 1; got != c.at {
				t.Errorf("goes on with tick %d of the prompt, want %d", got, c.at)
			}
			if want := time.Duration(c.at+1) * media.Tick; p.heard != want {
				t.Errorf("heard %v of it, want %v", p.heard, want)
			}
			if _, out := run(p, 2); out.PCM[159] != 10000 {
				t.Errorf("after the resume a sample is %d", out.PCM[159])
			}
		})
	}
}

// TestPlayerWaitsWithTheNextPrompt while somebody may be speaking, and says the
// end of the first again when it was nothing.
func TestPlayerWaitsWithTheNextPrompt(t *testing.T) {
	p := newPlayer()
	p.play(toneItem("one two"))
	p.play(toneItem("three"))
	run(p, 5)
	p.duck()
	if ended, out := run(p, 30); len(ended) != 0 || !out.Is(media.Silence) {
		t.Fatalf("while ducked %d prompts ended, silent %v", len(ended), out.Is(media.Silence))
	}
	p.resume()
	if ended, _ := run(p, 4); len(ended) != 0 {
		t.Error("the last word was not said again")
	}
	if ended, _ := run(p, 1+breath+5); len(ended) != 2 {
		t.Errorf("%d prompts ended, want both", len(ended))
	}
	// A duck without end does not stop the bot for ever, nor lower what follows.
	p = newPlayer()
	p.play(toneItem("one two"))
	p.play(toneItem("three"))
	run(p, 5)
	p.duck()
	run(p, maxRest+breath)
	if _, out := run(p, 2); out.PCM[80] != 10000 {
		t.Errorf("the next prompt begins with a sample of %d", out.PCM[80])
	}
}

// TestPlayerTakesABreath also between prompts of two steps.
func TestPlayerTakesABreath(t *testing.T) {
	p := newPlayer()
	p.play(toneItem("one"))
	run(p, 5)
	p.play(toneItem("two"))
	if _, out := run(p, breath-1); !out.Is(media.Silence) {
		t.Error("the next step's prompt began without a breath")
	}
	if _, out := run(p, 1); out.Is(media.Silence) {
		t.Error("it did not begin after one")
	}
}
