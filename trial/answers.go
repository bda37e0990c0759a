package trial

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"parley/media"
	"parley/media/codec"
	"parley/media/wav"
	"parley/tts"
)

// AnswerOptions say what recordings of answers to build.
type AnswerOptions struct {
	Dir       string
	Languages []string
	// Texts are tab-separated announcements: a header line that names the
	// columns text and class, and perhaps language and split, of which then only
	// the rows of the split "test" are spoken.
	Texts string
	// Speech are folders of people's speech, each clip somebody who picks up.
	Speech  []string
	Seed    uint64
	Engines map[string]tts.Synthesizer
}

// Announced is an announcement's text with its class.
type Announced struct{ Language, Class, Text string }

// Announcements reads announcements for AnswerOptions.Texts.
func Announcements(r io.Reader) ([]Announced, error) {
	lines := bufio.NewScanner(r)
	columns := map[string]int{}
	var all []Announced
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(lines.Text(), "\t")
		if n == 1 {
			for i, name := range cells {
				columns[name] = i
			}
			continue
		}
		cell := func(name string) string {
			if i, ok := columns[name]; ok && i < len(cells) {
				return cells[i]
			}
			return ""
		}
		if split := cell("split"); split != "" && split != Test {
			continue
		}
		a := Announced{cell("language"), cell("class"), cell("text")}
		if a.Class == "" || a.Text == "" {
			return nil, fmt.Errorf("line %d has no text or no class; the first line names the columns: text<TAB>class", n)
		}
		if a.Language == "" {
			a.Language = "en"
			if strings.ContainsFunc(a.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				a.Language = "zh"
			}
		}
		all = append(all, a)
	}
	return all, lines.Err()
}

// answers builds recordings; all sound is the test part's.
type answers struct {
	o      AnswerOptions
	studio *studio
	r      *rand.Rand
	labels strings.Builder
	made   int
}

// BuildAnswers writes recordings of what answers a call, synthetic but for the
// clips of Speech, and labels.tsv beside them: file, class or answered_by, the
// time of the answer in ms (-1 for early media), origin. Equal options give
// equal sound. It says how many there are.
func BuildAnswers(ctx context.Context, o AnswerOptions) (int, error) {
	if err := os.MkdirAll(filepath.Join(o.Dir, "sounds"), 0o700); err != nil {
		return 0, err
	}
	b := &answers{o: o, studio: &studio{dir: o.Dir, engines: o.Engines, sounds: map[string]Sound{}}, r: rand.New(rand.NewPCG(o.Seed, 0x616e_7377))}
	b.labels.WriteString("file\tlabel\tanswered_at_ms\torigin\n")
	var texts []Announced
	if o.Texts != "" {
		f, err := os.Open(o.Texts)
		if err != nil {
			return 0, err
		}
		defer func() { _ = f.Close() }()
		if texts, err = Announcements(f); err != nil {
			return 0, fmt.Errorf("%s: %w", o.Texts, err)
		}
	}
	if err := b.tones(); err != nil {
		return 0, err
	}
	for _, language := range o.Languages {
		if err := b.speech(ctx, language, texts); err != nil {
			return 0, err
		}
	}
	return b.made, replace(filepath.Join(o.Dir, "labels.tsv"), []byte(b.labels.String()))
}

// cadences of E.180 Supplement 2: the frequencies and the times on and off in ms.
var cadences = []struct {
	country, class string
	hz             []float64
	on, off        int
}{
	{"cn", "ringback", []float64{450}, 1000, 4000}, {"cn", "busy_tone", []float64{450}, 350, 350}, {"cn", "congestion_tone", []float64{450}, 700, 700},
	{"us", "ringback", []float64{440, 480}, 2000, 4000}, {"us", "busy_tone", []float64{480, 620}, 500, 500}, {"us", "congestion_tone", []float64{480, 620}, 250, 250},
	{"eu", "ringback", []float64{425}, 1000, 4000}, {"eu", "busy_tone", []float64{425}, 500, 500}, {"gb", "busy_tone", []float64{400}, 375, 375},
}

func (b *answers) tones() error {
	for _, c := range cadences {
		for range 3 {
			pcm := make([]int16, samples(9000))
			for i := range pcm {
				if i%samples(c.on+c.off) < samples(c.on) {
					pcm[i] = tonal(c.hz, i)
				}
			}
			if err := b.keep("tone-"+c.country, "en", c.class, -1, Synthetic, pcm, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func tonal(hz []float64, i int) int16 {
	var v float64
	for _, f := range hz {
		v += math.Sin(2 * math.Pi * f * float64(i) / 8000)
	}
	return int16(6000 * v / float64(len(hz)))
}

// hellos are what people pick up with.
var hellos = map[string][]string{
	"en": {"Hello?", "Hello, who is this?", "Yes?", "Hi, this is Anna.", "Good morning.", "Miller, hello?", "Hello. Hello?", "Yes, speaking."},
	"zh": {"喂？", "喂，你好。", "你好，哪位？", "喂，谁啊？", "您好，请讲。", "喂，喂？", "我是小王，你说。", "哎，你好。"},
}

func (b *answers) speech(ctx context.Context, language string, texts []Announced) error {
	s := scripts[language][Test]
	voices := slices.DeleteFunc(slices.Concat(s.bots, s.customers), func(v tts.Voice) bool { return b.o.Engines[v.Engine] == nil })
	if len(voices) < 2 {
		return errors.New("there are too few voices for " + language + "; install flite and espeak-ng")
	}
	for i, a := range texts {
		if a.Language != language || a.Class == "none" {
			continue
		}
		for k := range 2 {
			if err := b.say(ctx, voices[(i+k)%len(voices)], a.Text, a.Class); err != nil {
				return err
			}
		}
	}
	for _, v := range voices {
		for _, text := range hellos[language] {
			if err := b.say(ctx, v, text, "human"); err != nil {
				return err
			}
		}
	}
	for _, dir := range b.o.Speech {
		found, err := b.studio.record(dir, language, "h")
		if err != nil {
			return err
		}
		for _, clip := range slices.Concat(found[Dev], found[Test]) {
			if speaks := strings.ContainsFunc(clip.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) == (language == "zh"); clip.Text == "" || !speaks {
				continue
			}
			pcm, err := b.sound(clip.File)
			if err != nil {
				return err
			}
			if err := b.keep("clip", language, "human", 300, Human, pcm, 300+b.r.IntN(900)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *answers) sound(name string) ([]int16, error) {
	s, err := wav.Read(filepath.Join(b.o.Dir, name))
	return s.PCM, err
}

// say places a sentence before or after the answer, as its class goes.
func (b *answers) say(ctx context.Context, v tts.Voice, text, class string) error {
	s, err := b.studio.say(ctx, v, text)
	if err != nil {
		return err
	}
	pcm, err := b.sound(s.File)
	if err != nil {
		return err
	}
	answered := -1
	switch class {
	case "human", "voicemail", "voicemail_full", "assistant", "call_screening", "ivr_menu", "ivr_extension", "ivr_queue":
		answered = 300
	}
	if class == "voicemail" { // and the beep, after which nobody speaks
		hz := []float64{800 + 50*float64(b.r.IntN(12))}
		pcm = append(slices.Clone(pcm), make([]int16, samples(400))...)
		for i := range samples(400) {
			pcm = append(pcm, tonal(hz, i))
		}
	}
	return b.keep(class, v.Language, class, answered, Synthetic, pcm, 500+b.r.IntN(900))
}

// keep mixes noise of the test part 10 to 20 dB below a sound that begins after
// lead ms, passes it through the law of the line and labels it.
func (b *answers) keep(name, language, label string, answered int, origin string, pcm []int16, lead int) error {
	kinds := []string{"pink", "street", "knocks"}
	snr := 10 + 10*b.r.Float64()
	gain := float32(math.Pow(10, (-22-activeLevel(pcm))/20))
	noise := noises[kinds[b.r.IntN(len(kinds))]](b.r, samples(lead)+len(pcm)+samples(1500), nil)
	quiet := float32(32768 * math.Pow(10, (-22-snr)/20))
	out := make([]int16, len(noise))
	for i, v := range noise {
		x := quiet * v
		if k := i - samples(lead); k >= 0 && k < len(pcm) {
			x += gain * float32(pcm[k])
		}
		out[i] = int16(max(-32768, min(32767, x)))
	}
	law := codec.PCMU
	if language == "zh" {
		law = codec.PCMA
	}
	out = law.AppendPCM(out[:0], law.AppendPayload(nil, out))
	b.made++
	file := fmt.Sprintf("%04d-%s-%s.wav", b.made, language, name)
	fmt.Fprintf(&b.labels, "%s\t%s\t%d\t%s\n", file, label, answered, origin)
	return wav.Write(filepath.Join(b.o.Dir, file), wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: out})
}
