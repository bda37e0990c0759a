package trial

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/media/wav"
)

// Pauses inside turns are log-normal (Campione and Véronis, 2002, measured 6,000
// of them: log-normal, medium ones 200 to 1,000 ms, longer ones in spontaneous
// speech only). Half are over half a second, about one in twenty over 1.2 s.
const (
	pauseMedian = 500 // ms
	pauseSpread = 0.55
	pauseLeast  = 220
	pauseMost   = 2500
)

func (b *builder) pause() int {
	for range 100 {
		if p := int(pauseMedian * math.Exp(pauseSpread*b.r.NormFloat64())); p >= pauseLeast && p <= pauseMost {
			return p
		}
	}
	return pauseMedian
}

// turn is an answer to a question. A pause inside it lies where the synthesiser
// made one for a comma, so that the sound before it does not end like a
// sentence; the whole sentence was spoken in one go.
func (b *builder) turn(ctx context.Context, i int) error {
	if digits := b.digits(); len(digits) > 0 && i%6 == 5 {
		return b.dialled(ctx, i, digits)
	}
	a := b.s.asks[i%len(b.s.asks)]
	q, err := b.studio.say(ctx, pick(b.r, b.s.bots), a.text)
	if err != nil {
		return err
	}
	v := pick(b.r, b.s.customers)
	s, err := b.studio.say(ctx, v, pick(b.r, a.answers))
	if err != nil {
		return err
	}
	gaps, err := b.gaps(s)
	if err != nil {
		return err
	}
	c, at := b.asked(i, a.question, q)
	c.Voice, c.Said = s.Voice, s.Text
	level := nominal + 8*(b.r.Float64()-0.5)
	from, onset := 0, s.Speech[0].From
	end := s.Speech[len(s.Speech)-1].To
	for _, g := range append(gaps, Span{end, end}) {
		to := g.From + min(40, (g.To-g.From)/2)
		last := g.From == end
		part := Placed{Sound: s.File, At: at - (onset - from), From: from, To: to, Gain: math.Round(10*(level-s.Level)) / 10}
		if last {
			part.To = 0
		}
		c.Customer = append(c.Customer, part)
		c.Speech = append(c.Speech, Span{at, at + g.From - onset})
		if last {
			break
		}
		at += g.From - onset + b.pause()
		from, onset = max(to, g.To-20), g.To
	}
	b.finish(c, level, i)
	return nil
}

// asked begins a turn: the question, then the time until people answer.
func (b *builder) asked(i int, question string, q Sound) (c Case, at int) {
	c = b.begin(Turn, i)
	c.Question = question
	c.Prompts = []Prompt{{Sound: q.File, At: 1000, Text: q.Text}}
	return c, 1000 + q.Speech[len(q.Speech)-1].To + 300 + b.r.IntN(500)
}

// finish adds the silence in which the turn must end.
func (b *builder) finish(c Case, level float64, i int) {
	c.Length = c.Speech[len(c.Speech)-1].To + 5500
	c.Length -= c.Length % 20
	b.surround(&c, level, i)
	if c.Condition == "10 dB" { // the curve is about 20 dB, and what is like it
		c.Condition, c.Noise = "20 dB", b.around(level, 20, i)
	}
	b.cases = append(b.cases, c)
}

// gaps are where the commas of the text are in the sound: its longest silences.
func (b *builder) gaps(s Sound) ([]Span, error) {
	commas := strings.Count(s.Text, ",") + strings.Count(s.Text, "，")
	if commas == 0 {
		return nil, nil
	}
	file, err := wav.Read(filepath.Join(b.studio.dir, s.File))
	if err != nil {
		return nil, err
	}
	spoken := voiced(file.PCM, 60)
	var all []Span
	for i := 1; i < len(spoken); i++ {
		if g := (Span{spoken[i-1].To, spoken[i].From}); g.To-g.From >= 110 {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(x, y Span) int { return (y.To - y.From) - (x.To - x.From) })
	all = all[:min(len(all), commas)]
	slices.SortFunc(all, func(x, y Span) int { return x.From - y.From })
	return all, nil
}

// digits are people's spoken digits, by speaker.
func (b *builder) digits() map[string][]source {
	all := map[string][]source{}
	for _, s := range b.people {
		if s.digit >= 0 {
			all[s.Voice] = append(all[s.Voice], s)
		}
	}
	return all
}

func (b *builder) speaker(digits map[string][]source) []source {
	names := make([]string, 0, len(digits))
	for n := range digits {
		names = append(names, n)
	}
	slices.Sort(names)
	return digits[pick(b.r, names)]
}

// dialled is a string of four digits by one person. Each was spoken alone and
// falls like the end of a sentence, which makes the pauses inside harder than
// in life.
func (b *builder) dialled(ctx context.Context, i int, digits map[string][]source) error {
	a := b.s.asks[slices.IndexFunc(b.s.asks, func(a ask) bool { return strings.HasSuffix(a.question, ".digits") })]
	q, err := b.studio.say(ctx, pick(b.r, b.s.bots), a.text)
	if err != nil {
		return err
	}
	c, at := b.asked(i, a.question, q)
	c.Origin = Human
	level := nominal + 8*(b.r.Float64()-0.5)
	mine := b.speaker(digits)
	for k := range 4 {
		s := pick(b.r, mine)
		c.Voice = s.Voice
		c.Said = strings.TrimSpace(c.Said + " " + s.Text)
		b.place(&c, s.Sound, at, level)
		at = c.Speech[len(c.Speech)-1].To + 60 + b.r.IntN(80)
		if k == 1 {
			at += b.pause()
		}
	}
	c.Speech = joined(c.Speech)
	b.finish(c, level, i)
	return nil
}

// joined are stretches without the silences that are no pause.
func joined(all []Span) []Span {
	var out []Span
	for _, s := range all {
		if n := len(out); n > 0 && s.From-out[n-1].To < pauseMS {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// human is speech of a person long enough to interrupt: a clip with known
// words, or three digits of one speaker as one sound. ok is false where there
// is none.
func (b *builder) human() (Sound, bool, error) {
	var long []Sound
	for _, s := range b.people {
		if s.digit < 0 && s.Speech[len(s.Speech)-1].To-s.Speech[0].From >= 700 {
			long = append(long, s.Sound)
		}
	}
	digits := b.digits()
	if len(long) > 0 && (len(digits) == 0 || b.r.IntN(3) == 0) {
		return pick(b.r, long), true, nil
	}
	if len(digits) == 0 {
		return Sound{}, false, nil
	}
	mine := b.speaker(digits)
	var pcm []int16
	var text []string
	for range 4 {
		s := pick(b.r, mine)
		file, err := wav.Read(filepath.Join(b.studio.dir, s.File))
		if err != nil {
			return Sound{}, false, err
		}
		first, last := s.Speech[0].From, s.Speech[len(s.Speech)-1].To
		pcm = append(pcm, file.PCM[samples(first):min(len(file.PCM), samples(last))]...)
		pcm = append(pcm, make([]int16, samples(30))...)
		text = append(text, s.Text)
	}
	name := filepath.Join("sounds", "d-"+b.language+b.part+mine[0].Voice+strings.Join(text, "")+".wav")
	if err := os.MkdirAll(filepath.Dir(filepath.Join(b.studio.dir, name)), 0o700); err != nil {
		return Sound{}, false, err
	}
	s, err := b.studio.keep(Sound{File: name, Origin: Human, Language: b.language, Voice: mine[0].Voice, Text: strings.Join(text, " ")}, pcm)
	return s, err == nil, err
}
