package ear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-audio/wav"

	"parley/barge"
	"parley/media"
	"parley/media/pitch"
	"parley/outcome"
	"parley/phrase"
	"parley/sharedtest"
)

// clip reads a mono file as 8 kHz at a level of about -22 dB.
func clip(t testing.TB, path string) []float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf, err := wav.NewDecoder(f).FullPCMBuffer()
	if err != nil {
		t.Fatal(err)
	}
	var x []float64
	step := buf.Format.SampleRate / 8000
	for i := 0; i+step <= len(buf.Data); i += step {
		var sum int
		for _, v := range buf.Data[i : i+step] {
			sum += v
		}
		x = append(x, float64(sum)/float64(step))
	}
	gain := speechLevel / rms(x)
	for i := range x {
		x[i] *= gain
	}
	return trim(x)
}

const speechLevel = 2600

func rms(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(x))))
}

// trim cuts what is not voiced off both ends, so that sample 0 is the onset.
func trim(x []float64) []float64 {
	loud := func(i int) bool { return rms(x[i:min(len(x), i+80)]) > speechLevel/5 }
	from, to := 0, len(x)
	for from+80 < to && !loud(from) {
		from += 80
	}
	for to-80 > from && !loud(to-80) {
		to -= 80
	}
	return x[from:to]
}

// digits are the spoken digits, each from its onset to its end.
func digits(t testing.TB, pattern string) [][]float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "speech", "fsdd"), pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no digits: %v", err)
	}
	var all [][]float64
	for _, f := range files {
		all = append(all, clip(t, f))
	}
	return all
}

func prompt(t testing.TB, name string) []float64 {
	return clip(t, filepath.Join(sharedtest.Path(t, "data", "speech", "machine_prompts_en"), name))
}

// wire is a call's sound in both directions, frame by frame.
type wire struct {
	ear    *Ear
	r      *rand.Rand
	noise  float64
	erl    float64 // of the echo in dB; 0 for none
	prompt []float64
	at     int // of the prompt, in samples
	sent   []float64
	n      int
	in     [160]int16
	out    [160]int16
}

func newWire(seed uint64, snr float64) *wire {
	return &wire{ear: New(Config{}), r: rand.New(rand.NewPCG(seed, 9)), noise: speechLevel * math.Pow(10, -snr/20)}
}

// tick plays one frame of the prompt and of x, which may be short.
func (w *wire) tick(x []float64) Heard {
	const delay = 1555
	for i := range w.in {
		v := w.noise * w.r.NormFloat64()
		if i < len(x) {
			v += x[i]
		}
		if k := len(w.sent) - 160 + i - delay + 160; w.erl > 0 && k >= 0 && k < len(w.sent) {
			v += w.sent[k] * math.Pow(10, -w.erl/20)
		}
		w.in[i] = int16(max(-32768, min(32767, v)))
	}
	h := w.ear.Hear(
		media.Frame{At: media.Tick * time.Duration(w.n), Rate: media.Rate8k, PCM: w.in[:]},
		media.Frame{Rate: media.Rate8k, PCM: w.out[:]})
	w.n++
	for i := range w.out {
		var v float64
		if w.at < len(w.prompt) {
			v = w.prompt[w.at]
			w.at++
		}
		w.out[i] = int16(v)
		w.sent = append(w.sent, v)
	}
	return h
}

// hear plays x, padded to ms when that is longer, and collects decisions with
// their time since its start.
func (w *wire) hear(x []float64, ms int) (told []barge.Decision, at []time.Duration) {
	frames := max((len(x)+159)/160, ms/20)
	for i := range frames {
		var part []float64
		if i*160 < len(x) {
			part = x[i*160:]
		}
		if h := w.tick(part); h.Decision != barge.Hold {
			told = append(told, h.Decision)
			at = append(at, time.Duration(i+1)*media.Tick)
		}
	}
	return told, at
}

func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// TestRealInterruptions: three digits without a pause over a playing prompt.
func TestRealInterruptions(t *testing.T) {
	said := digits(t, "*_0.wav")
	line := prompt(t, "demo-congrats.wav")
	for _, c := range []struct {
		snr       float64
		duck, cut time.Duration // p95
		missed    float64
	}{
		{20, 300 * time.Millisecond, 800 * time.Millisecond, 0},
		// A level-based gate loses weak syllables in white noise.
		{10, 400 * time.Millisecond, 1200 * time.Millisecond, 0.2},
	} {
		var ducks, cuts []time.Duration
		var trials, missed int
		for i := 0; i+3 <= len(said); i += 2 {
			x := slices.Concat(said[i], said[i+1], said[i+2])
			if len(x) < 900*8 {
				x = append(x, said[i]...)
			}
			w := newWire(uint64(i), c.snr)
			w.hear(nil, 1000)
			w.prompt = line
			w.ear.PromptStarted(PromptInfo{Mode: barge.Always})
			w.hear(nil, 1500)
			told, at := w.hear(x, 0)
			trials++
			cut := slices.Index(told, barge.Cut)
			if cut < 0 {
				missed++
				continue
			}
			cuts = append(cuts, at[cut])
			ducks = append(ducks, at[0])
		}
		t.Logf("%2.0f dB, %d interruptions: first action p50 %v p95 %v, cut p50 %v p95 %v, missed %d", c.snr, trials,
			quantile(ducks, 0.5), quantile(ducks, 0.95), quantile(cuts, 0.5), quantile(cuts, 0.95), missed)
		if quantile(ducks, 0.95) > c.duck || quantile(cuts, 0.95) > c.cut || float64(missed) > c.missed*float64(trials) {
			t.Errorf("at %.0f dB too late or missed", c.snr)
		}
	}
}

// TestShortWordsResume: one digit over a prompt, no words recognised, stands
// for a backchannel of its length.
func TestShortWordsResume(t *testing.T) {
	line := prompt(t, "demo-congrats.wav")
	var trials, cut, late int
	for i, x := range digits(t, "*_1.wav") {
		if ms := len(x) / 8; ms < 160 || ms > 480 {
			continue
		}
		w := newWire(uint64(i), 20)
		w.hear(nil, 1000)
		w.prompt = line
		w.ear.PromptStarted(PromptInfo{Mode: barge.Always})
		w.hear(nil, 1500)
		told, at := w.hear(x, 1500)
		trials++
		if slices.Contains(told, barge.Cut) {
			cut++
		}
		if k := slices.Index(told, barge.Resume); k >= 0 && at[k] > 740*time.Millisecond {
			late++
		}
	}
	t.Logf("%d short words: %d stopped the prompt, %d resumed late", trials, cut, late)
	if trials < 30 || cut*20 > trials || late*10 > trials {
		t.Errorf("of %d short words %d stopped the prompt, %d resumed late", trials, cut, late)
	}
}

// TestNothingStopsAPrompt: noise and our own echo alone.
func TestNothingStopsAPrompt(t *testing.T) {
	line := prompt(t, "demo-instruct.wav")
	for _, c := range []struct{ snr, erl float64 }{{20, 0}, {5, 0}, {30, 12}, {30, 6}} {
		t.Run(fmt.Sprintf("snr %v erl %v", c.snr, c.erl), func(t *testing.T) {
			w := newWire(7, c.snr)
			w.erl = c.erl
			w.hear(nil, 1000)
			w.prompt = line
			w.ear.PromptStarted(PromptInfo{Mode: barge.Always})
			told, at := w.hear(nil, len(line)/8)
			if slices.Contains(told, barge.Cut) {
				t.Errorf("in %d s decided %v at %v", len(line)/8000, told, at)
			}
			t.Logf("%d s: %d ducks", len(line)/8000, len(told))
		})
	}
}

// TestTurn: the bot asks, the customer answers, the utterance has one
// beginning, its frames, and one end.
func TestTurn(t *testing.T) {
	said := digits(t, "*_jackson_0.wav")
	w := newWire(1, 20)
	w.hear(nil, 500)
	w.ear.Expect(phrase.YesNo, 0)
	w.ear.PromptStarted(PromptInfo{Mode: barge.Never})
	w.hear(nil, 1000)
	w.ear.PromptEnded()
	w.hear(nil, 400)
	var begins, feeds, ends int
	var onset time.Duration
	x := said[0]
	start := media.Tick * time.Duration(w.n)
	for i := range 60 {
		var part []float64
		if i*160 < len(x) {
			part = x[i*160:]
		}
		h := w.tick(part)
		if h.Begin {
			begins++
			onset = h.Onset
			if late := h.At - h.Onset; late > Preroll*media.Tick {
				t.Errorf("the onset lies %v back, more than the preroll holds", late)
			}
		}
		if h.Feed {
			feeds++
		}
		if h.Decision == barge.TurnEnd {
			ends++
			if after := h.At - start - media.Rate8k.Duration(len(x)); after > 520*time.Millisecond {
				t.Errorf("a yes/no answer ended %v after the last sound", after)
			}
		}
		if h.Discard {
			t.Error("the answer was discarded")
		}
	}
	if begins != 1 || ends != 1 || feeds < len(x)/160 {
		t.Errorf("%d beginnings, %d frames, %d ends", begins, feeds, ends)
	}
	if d := (onset - start).Abs(); d > 60*time.Millisecond {
		t.Errorf("the onset is %v off", d)
	}
}

// TestAnnouncement: before the answer speech is fed and ends without a turn;
// its words make a verdict.
func TestAnnouncement(t *testing.T) {
	x := prompt(t, "ss-noservice.wav")
	w := newWire(1, 25)
	w.hear(nil, 400)
	var begins, discards int
	var verdict Heard
	for i := range len(x)/160 + 60 {
		var part []float64
		if i*160 < len(x) {
			part = x[i*160:]
		}
		h := w.tick(part)
		if h.Decision != barge.Hold {
			t.Fatalf("decided %v before the answer", h.Decision)
		}
		if h.Begin {
			begins++
		}
		if h.Discard {
			discards++
			w.ear.Text(Text{Text: "the number you have dialed is not in service", Final: true, Confidence: 1})
		}
		if h.HasVerdict {
			verdict = h
		}
	}
	if begins == 0 || begins != discards {
		t.Errorf("%d beginnings, %d ends", begins, discards)
	}
	if v := verdict.Verdict; v.Class != "empty" || !v.Final() {
		t.Errorf("verdict %+v", v)
	}
}

// TestGreeting: a human's hello in time, a machine's recital, a beep.
func TestGreeting(t *testing.T) {
	run := func(x []float64, ms int) (all []Heard) {
		w := newWire(3, 20)
		w.hear(nil, 600)
		w.ear.Answered()
		w.hear(nil, 500)
		for i := range max(len(x)/160, ms/20) {
			var part []float64
			if i*160 < len(x) {
				part = x[i*160:]
			}
			if h := w.tick(part); h.HasVerdict || h.Beep {
				all = append(all, h)
			}
		}
		return all
	}
	answered := 600 * time.Millisecond
	human := run(prompt(t, "hello.wav"), 2500)
	if len(human) != 1 || human[0].Verdict.AnsweredBy != "human" || human[0].At-answered > 1800*time.Millisecond {
		t.Errorf("hello: %+v", human)
	}
	machine := run(slices.Concat(prompt(t, "vm-intro.wav"), make([]float64, 4000), prompt(t, "beep.wav"), make([]float64, 8000)), 0)
	if len(machine) < 2 || machine[0].Verdict.AnsweredBy != "voicemail" || !machine[len(machine)-1].Beep {
		t.Errorf("voicemail: %+v", machine)
	}
}

// TestLoop: a far end that answers and sends back what it gets is nobody: what
// was taken for a voice until then is dropped, and no verdict calls it one.
func TestLoop(t *testing.T) {
	w := newWire(4, 60)
	w.hear(nil, 600)
	w.ear.Answered()
	w.hear(nil, 1500)
	w.prompt = prompt(t, "demo-instruct.wav")
	w.ear.PromptStarted(PromptInfo{Mode: barge.Never})
	var begun, own, ended int
	for range 15 * 50 {
		var back []float64
		if n := len(w.sent); n >= 480 {
			back = w.sent[n-480 : n-320]
		}
		h := w.tick(back)
		switch {
		case h.Own:
			own++
		case h.Begin:
			begun++
		case h.Discard || h.Decision == barge.TurnEnd:
			ended++
		}
		if h.HasVerdict && h.Verdict.AnsweredBy != outcome.Silent {
			t.Errorf("verdict %+v", h.Verdict)
		}
	}
	// At best the loop is known before an utterance opens.
	if begun > 1 || own != begun || ended != 0 {
		t.Errorf("%d utterances, %d known as the bot's own, %d taken for somebody", begun, own, ended)
	}
}

func TestNoAllocation(t *testing.T) {
	w := newWire(1, 20)
	w.ear.PromptStarted(PromptInfo{Mode: barge.Always})
	in := media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160)}
	for i := range in.PCM {
		in.PCM[i] = int16(9000 * math.Sin(float64(i*i)/300))
	}
	out := in
	if n := testing.AllocsPerRun(200, func() {
		in.At += media.Tick
		w.ear.Hear(in, out)
	}); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}

	e, n, ended := New(Config{}), 0, 0
	var sounds [100]media.Frame // a second of speech and one of rest
	v := &voice{}
	for i := range sounds {
		sounds[i] = v.next(i < 50)
		sounds[i].PCM = slices.Clone(sounds[i].PCM)
	}
	if n := testing.AllocsPerRun(1000, func() {
		in := sounds[n%len(sounds)]
		in.At = time.Duration(n) * media.Tick
		n++
		if h := e.Hear(in, media.Frame{}); h.closed() && h.Prosody.Voiced > 0 {
			ended++
		}
	}); n != 0 || ended < 8 {
		t.Errorf("a frame of %d utterances allocates %v times", ended, n)
	}
}

func BenchmarkHear(b *testing.B) {
	for name, level := range map[string]float64{"quiet": 0.002, "speech": 1} {
		b.Run(name, func(b *testing.B) {
			x := prompt(b, "demo-congrats.wav")
			e := New(Config{})
			pcm := make([]int16, len(x))
			for i, v := range x {
				pcm[i] = int16(v * level)
			}
			in := media.Frame{Rate: media.Rate8k}
			out := media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160)}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				in.PCM = pcm[n : n+160]
				in.At += media.Tick
				e.Hear(in, out)
				if n += 160; n+160 > len(pcm) {
					n = 0
				}
			}
		})
	}
	// What measuring how it is said adds, all frames taken for speech.
	b.Run("manner", func(b *testing.B) {
		x := prompt(b, "demo-congrats.wav")
		pcm := make([]int16, len(x))
		for i, v := range x {
			pcm[i] = int16(v)
		}
		var m manner
		r := pitch.Result{F0: 190, Clarity: 0.9}
		m.follow(true)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			m.sound(pcm[n:n+160], r)
			if n += 160; n+160 > len(pcm) {
				n = 0
			}
		}
	})
}
