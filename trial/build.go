package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"parley/asr"
	"parley/barge"
	"parley/tts"
)

// BuildOptions say what cases to build.
type BuildOptions struct {
	Dir       string
	Languages []string
	// Speech are folders of people's speech, Prompts and Noise folders of WAV
	// files that are used beside what is synthesised.
	Speech         []string
	Prompts, Noise string
	// N interruptions, backchannels and turns a language and part, all
	// together.
	N int
	// Minutes of prompts for each condition of false stops.
	Minutes float64
	Seed    uint64
	Engines map[string]tts.Synthesizer
	// Listen opens the recogniser that finds the words of prompts; without one
	// nothing is known of words heard and repeated. It is called once a language
	// and part.
	Listen func(language string) (Listener, error)
	// Progress, when set, is told now and then what is being done.
	Progress func(string)
}

// builder builds the cases of one language and part.
type builder struct {
	o        BuildOptions
	s        script
	studio   *studio
	r        *rand.Rand
	language string
	part     string

	prompts []Sound
	crowd   []string // of babble
	noise   []string // files
	people  []source // human voices
	short   []Sound  // backchannels
	cases   []Case
}

// Build builds cases into a folder and says how many. What was synthesised for
// an earlier run in the same folder is used again.
func Build(ctx context.Context, o BuildOptions) (int, error) {
	if err := os.MkdirAll(filepath.Join(o.Dir, "sounds"), 0o700); err != nil {
		return 0, err
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	st := &studio{dir: o.Dir, engines: o.Engines, sounds: map[string]Sound{}}
	if old, err := Open(o.Dir); err == nil {
		st.sounds = old.Sounds
	}
	var cases []Case
	asked := map[string]asr.Expectation{}
	for _, language := range o.Languages {
		maps.Copy(asked, questions(language))
		for i, part := range []string{Dev, Test} {
			o.Progress(fmt.Sprintf("%s, %s part", language, part))
			b := &builder{o: o, s: scripts[language][part], studio: st, language: language, part: part,
				r: rand.New(rand.NewPCG(o.Seed, uint64(i)<<8|uint64(language[0])))}
			if err := b.build(ctx); err != nil {
				return 0, err
			}
			cases = append(cases, b.cases...)
		}
	}
	if len(cases) == 0 {
		return 0, errors.New("no case could be built; install flite and espeak-ng")
	}
	all := make([]Sound, 0, len(st.sounds))
	for _, name := range slices.Sorted(maps.Keys(st.sounds)) {
		all = append(all, st.sounds[name])
	}
	data, err := json.MarshalIndent(asked, "", " ")
	if err != nil {
		return 0, err
	}
	return len(cases), errors.Join(
		writeLines(filepath.Join(o.Dir, soundsFile), all),
		replace(filepath.Join(o.Dir, questionsFile), append(data, '\n')),
		writeLines(filepath.Join(o.Dir, casesFile), cases))
}

func (b *builder) build(ctx context.Context) error {
	has := func(v tts.Voice) bool { return b.o.Engines[v.Engine] == nil }
	b.s.bots = slices.DeleteFunc(slices.Clone(b.s.bots), has)
	b.s.customers = slices.DeleteFunc(slices.Clone(b.s.customers), has)
	if len(b.s.bots) == 0 || len(b.s.customers) == 0 {
		return fmt.Errorf("there is no voice for %s; install flite and espeak-ng", b.language)
	}
	if err := b.gather(ctx); err != nil {
		return err
	}
	for i := range b.o.N / 3 {
		for _, one := range []func(context.Context, int) error{b.interruption, b.backchannel, b.turn} {
			if err := one(ctx, i); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return b.alone()
}

// gather makes and finds the sounds that all cases share.
func (b *builder) gather(ctx context.Context) error {
	if err := b.say(ctx); err != nil {
		return err
	}
	if b.o.Prompts != "" {
		found, err := b.studio.record(b.o.Prompts, b.language, "p")
		if err != nil {
			return err
		}
		for _, s := range found[b.part] {
			if s.Speech[len(s.Speech)-1].To > 2000 {
				b.prompts = append(b.prompts, s.Sound)
			}
		}
	}
	if b.o.Noise != "" {
		found, err := b.studio.record(b.o.Noise, "", "n")
		if err != nil {
			return err
		}
		for _, s := range found[b.part] {
			b.noise = append(b.noise, s.File)
		}
	}
	for _, dir := range b.o.Speech {
		found, err := b.studio.record(dir, b.language, "h")
		if err != nil {
			return err
		}
		b.people = append(b.people, slices.DeleteFunc(found[b.part], func(s source) bool { return !b.speaks(s.Sound) })...)
	}
	for _, v := range b.s.customers {
		for _, text := range slices.Concat(b.s.interruptions[:3], b.s.yesBut[:3]) {
			s, err := b.studio.say(ctx, v, text)
			if err != nil {
				return err
			}
			b.crowd = append(b.crowd, s.File)
		}
		for _, text := range b.s.backchannels {
			s, err := b.studio.say(ctx, v, text)
			if err != nil {
				return err
			}
			b.short = append(b.short, s)
		}
	}
	return nil
}

// say makes the prompts and finds where their words lie.
func (b *builder) say(ctx context.Context) error {
	var l Listener
	if b.o.Listen != nil {
		var err error
		if l, err = b.o.Listen(b.language); err != nil {
			return err
		}
		defer l.Close()
	}
	for _, v := range b.s.bots {
		for _, text := range b.s.prompts {
			s, err := b.studio.say(ctx, v, text)
			if err != nil {
				return err
			}
			if l != nil && len(s.Words) == 0 {
				if s, err = b.studio.align(l, s); err != nil {
					return err
				}
			}
			b.prompts = append(b.prompts, s)
		}
	}
	return nil
}

// speaks guesses whether a clip is of the builder's language: by its words
// where they are known; digits of the data set are English.
func (b *builder) speaks(s Sound) bool {
	han := strings.ContainsFunc(s.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	return s.Text != "" && han == (b.language == "zh")
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// kindsOf are the noises of each part; they share none.
var kindsOf = map[string][]string{
	Dev:  {"white", "clicks", "babble"},
	Test: {"pink", "street", "music", "knocks", "coughs", "canteen"},
}

// around is noise at a distance below speech of this level.
func (b *builder) around(level, snr float64, i int) *Noise {
	kinds := kindsOf[b.part]
	if len(b.noise) > 0 {
		kinds = append(slices.Clone(kinds), "file")
	}
	n := &Noise{Kind: kinds[i%len(kinds)], Level: math.Round(10*(level-snr)) / 10, SNR: snr}
	switch n.Kind {
	case "babble", "canteen":
		n.Sounds = b.crowd
	case "file":
		n.Sounds = []string{pick(b.r, b.noise)}
	}
	return n
}

// surround gives a case with a customer its condition.
func (b *builder) surround(c *Case, level float64, i int) {
	switch i % 10 {
	default:
		c.Condition, c.Noise = "20 dB", b.around(level, 20, i/2)
	case 3, 6:
		c.Condition, c.Noise = "10 dB", b.around(level, 10, i/5)
	case 8:
		c.Condition, c.Noise = "20 dB, 5 % loss", b.around(level, 20, i/10)
		c.Loss = 0.05
	case 9:
		c.Condition, c.Noise = "ERL 12 dB", b.around(level, 30, i/10)
		c.Echo = b.line(12)
	}
}

func (b *builder) line(erl float64) *Echo {
	return &Echo{Kind: lineEcho, ERL: erl, Delay: b.r.IntN(381)}
}

func (b *builder) begin(kind Kind, i int) Case {
	return Case{
		ID: fmt.Sprintf("%s-%s-%s-%04d", b.language, b.part, kind, i), Kind: kind, Language: b.language, Part: b.part,
		Seed: b.r.Uint64() >> 12, Origin: Synthetic,
	}
}

// nominal is the level of customers in dB of full scale; each differs by some.
const nominal = -26

// place puts a sound of one voice at a level, its first voiced sample at ms.
func (b *builder) place(c *Case, s Sound, at int, level float64) {
	c.Customer = append(c.Customer, Placed{Sound: s.File, At: at - s.Speech[0].From, Gain: math.Round(10*(level-s.Level)) / 10})
	for _, p := range s.Speech {
		c.Speech = append(c.Speech, Span{at + p.From - s.Speech[0].From, at + p.To - s.Speech[0].From})
	}
}

// over lays speech over a prompt long enough for it.
func (b *builder) over(kind Kind, i int, s Sound) error {
	c := b.begin(kind, i)
	p := pick(b.r, b.prompts)
	c.Prompts = []Prompt{{Sound: p.File, At: 1000, Text: p.Text, Mode: barge.Always}}
	c.Question, c.Origin, c.Voice, c.Said = b.language+".free", s.Origin, s.Voice, s.Text
	level := nominal + 8*(b.r.Float64()-0.5)
	last := s.Speech[len(s.Speech)-1].To - s.Speech[0].From
	end := 1000 + p.Speech[len(p.Speech)-1].To
	latest := max(2300, min(end-last-1500, 4500))
	b.place(&c, s, 1800+b.r.IntN(latest-1800), level)
	c.Length = max(end, c.Speech[len(c.Speech)-1].To) + 1500
	c.Length -= c.Length % 20
	b.surround(&c, level, i)
	b.cases = append(b.cases, c)
	return nil
}

// interruption: 48 % begin with a backchannel word, as on Switchboard.
func (b *builder) interruption(ctx context.Context, i int) error {
	if len(b.people) > 0 && i%4 == 3 {
		if s, ok, err := b.human(); err != nil || ok {
			if err != nil {
				return err
			}
			return b.over(Interruption, i, s)
		}
	}
	texts := b.s.interruptions
	if b.r.Float64() < 0.48 {
		texts = b.s.yesBut
	}
	s, err := b.studio.say(ctx, pick(b.r, b.s.customers), pick(b.r, texts))
	if err != nil {
		return err
	}
	return b.over(Interruption, i, s)
}

// backchannel: of a few at random the one whose length is nearest to one drawn
// from the lengths on Switchboard, half of them over 0.46 s.
func (b *builder) backchannel(_ context.Context, i int) error {
	want := 460 * math.Exp(0.45*b.r.NormFloat64())
	var best Sound
	off := math.Inf(1)
	for range 12 {
		s := pick(b.r, b.short)
		if d := math.Abs(float64(s.Speech[len(s.Speech)-1].To-s.Speech[0].From) - want); d < off {
			best, off = s, d
		}
	}
	return b.over(Backchannel, i, best)
}

// alone are prompts at which nobody speaks: noise and echo, minutes of each.
func (b *builder) alone() error {
	const length = 60_000
	n := int(math.Ceil(b.o.Minutes * 60_000 / (length * 0.93)))
	for k, condition := range []string{"20 dB", "5 dB", "ERL 12 dB", "ERL 6 dB", "speakerphone", "far voice"} {
		count := n
		if condition == "far voice" {
			count = (n + 3) / 4
		}
		for i := range count {
			c := b.begin(Nothing, k*10_000+i)
			c.Condition, c.Length = condition, length
			for at := 1000; ; {
				p := pick(b.r, b.prompts)
				to := at + p.Speech[len(p.Speech)-1].To + 400
				if to > length {
					break
				}
				c.Prompts = append(c.Prompts, Prompt{Sound: p.File, At: at - at%20, Text: p.Text, Mode: barge.Always})
				c.Origin = p.Origin
				at = to
			}
			b.alongside(&c, condition, i)
			b.cases = append(b.cases, c)
		}
	}
	return nil
}

func (b *builder) alongside(c *Case, condition string, i int) {
	switch condition {
	case "20 dB":
		c.Noise = b.around(nominal, 20, i)
	case "5 dB":
		c.Noise = b.around(nominal, 5, i)
	case "ERL 12 dB":
		c.Noise, c.Echo = b.around(nominal, 30, i), b.line(12)
	case "ERL 6 dB":
		c.Noise, c.Echo = b.around(nominal, 30, i), b.line(6)
	case "speakerphone":
		c.Noise = b.around(nominal, 25, i)
		c.Echo = &Echo{Kind: speakerphone, ERL: 8 + 6*b.r.Float64(), Delay: 40 + b.r.IntN(300), Room: 150 + b.r.IntN(250)}
	case "far voice":
		c.Kind, c.Noise = Far, b.around(nominal, 30, i)
		for at := 3000 + b.r.IntN(3000); at < c.Length-5000; at += 3000 + b.r.IntN(6000) {
			c.Customer = append(c.Customer, Placed{Sound: pick(b.r, b.crowd), At: at, Gain: nominal - 16 - tts.Level, Far: true})
		}
	}
}
