// Package keyword understands by patterns: what the flow and the built-in sets
// say an intent sounds like, matched whole, then inside the sentence, then by
// the words in common. It needs no training and no model, answers in well
// under a millisecond and can say which pattern decided.
package keyword

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"parley/nlu"
	"parley/phrase"
)

// Options tune a Classifier; the zero value is the default.
type Options struct {
	// Floor is the score below which nothing was understood; 0 means 0.45.
	Floor float64
}

// Classifier implements nlu.Classifier. It is safe for concurrent use.
type Classifier struct {
	floor    float64
	patterns *cache
}

var _ nlu.Classifier = (*Classifier)(nil)

// New makes a classifier.
func New(opts Options) *Classifier {
	if opts.Floor == 0 {
		opts.Floor = 0.45
	}
	return &Classifier{floor: opts.Floor, patterns: newCache()}
}

// Scores of the three ways to match. A pattern inside a longer sentence is
// sure when it has some substance of its own (see weigh) and grows with the
// share of the sentence it explains.
const (
	whole     = 1.0
	inside    = 0.62
	insideBy  = 0.33
	hinted    = 0.30
	hintedBy  = 0.50
	similarBy = 0.75
	// leading is yes or no before further words.
	leading   = 0.46
	leadingBy = 0.3
	// negated is what is left of a match behind "not" or 没.
	negated = 0.4
	// globally is what a global candidate loses, so that it loses ties.
	globally = 0.02
	// substance is the weight of two content words.
	substance = 1.5
)

// Classify never blocks, so it only looks at ctx once. The patterns of a
// candidate are joined by the built-in ones of its intent. It fails when a
// pattern does not parse, which a checked flow rules out.
func (c *Classifier) Classify(ctx context.Context, u nlu.Utterance) (nlu.Reading, error) {
	if err := ctx.Err(); err != nil {
		return nlu.Reading{}, err
	}
	s := hear(u)
	r := nlu.Reading{YesNo: s.yesNo(), Slots: s.fill(u.Slots), Mood: mood(s)}
	best, err := c.rank(s, u.Candidates)
	if err != nil {
		return nlu.Reading{}, err
	}
	if len(best) == 0 {
		return r, nil
	}
	for _, v := range best {
		if v.score > 0 {
			r.Ranked = append(r.Ranked, nlu.Scored{Intent: v.intent, Score: v.score})
		}
	}
	top := best[0]
	r.Confidence, r.Margin, r.Matched = top.score, top.score, top.matched
	if len(best) > 1 {
		r.Margin = top.score - best[1].score
	}
	if top.score >= c.floor {
		r.Intent = top.intent
	}
	return r, nil
}

// verdict is how well a candidate fits and why.
type verdict struct {
	intent  string
	score   float64
	matched string
}

// rank scores all candidates, best first. Words in common are looked at only
// when no pattern is found in the sentence.
func (c *Classifier) rank(s *sentence, candidates []nlu.Candidate) ([]verdict, error) {
	best := make([]verdict, 0, len(candidates))
	top := 0.0
	for _, candidate := range candidates {
		v, err := c.judge(s, candidate, (*sentence).score)
		if err != nil {
			return nil, err
		}
		s.answer(&v)
		best = append(best, v)
		// "Don't ever call me" begins like a no, which is not all of it.
		if v.score >= whole || !answers(v.intent) {
			top = max(top, v.score)
		}
	}
	for i, candidate := range candidates {
		if top >= c.floor || answers(candidate.Intent) {
			continue
		}
		v, err := c.judge(s, candidate, (*sentence).similarity)
		if err != nil {
			return nil, err
		}
		if v.score > best[i].score {
			best[i] = v
		}
	}
	for i, candidate := range candidates {
		if candidate.Global {
			best[i].score = max(0, best[i].score-globally)
		}
	}
	slices.SortStableFunc(best, func(a, b verdict) int { return cmp.Compare(b.score, a.score) })
	return best, nil
}

// judge scores a candidate by the best of its patterns.
func (c *Classifier) judge(s *sentence, candidate nlu.Candidate, by func(*sentence, *compiled, bool) float64) (verdict, error) {
	v := verdict{intent: candidate.Intent}
	if len(s.text.Units) == 0 {
		return v, nil
	}
	for _, sources := range [...][]string{candidate.Patterns, builtin(s.language)[candidate.Intent]} {
		for _, source := range sources {
			p, err := c.patterns.get(source)
			if err != nil {
				return v, fmt.Errorf("patterns of intent %q: %w", candidate.Intent, err)
			}
			if score := by(s, p, answers(candidate.Intent)); score > v.score {
				v.score, v.matched = score, source
			}
		}
	}
	return v, nil
}

// answers are the intents that are an answer and nothing else. "No" inside a
// sentence is not one, so their patterns count only when they are all of it.
func answers(intent string) bool { return intent == "yes" || intent == "no" }

// answer scores "yes" and "no" by the answer the sentence begins with.
func (s *sentence) answer(v *verdict) {
	if len(s.text.Units) == 0 {
		return
	}
	yes := s.yesNo()
	if yes == nil || v.intent != map[bool]string{true: "yes", false: "no"}[*yes] {
		return
	}
	if v.score >= whole {
		return
	}
	v.matched = v.intent
	if s.answered[0].Start <= s.start() && s.answered[0].End >= s.end() {
		v.score = whole
		return
	}
	said := 0.0
	for i, unit := range s.text.Units {
		if s.answers(s.text.Starts[i], s.text.Ends[i]) {
			said += s.words.weigh(unit)
		}
	}
	v.score = leading + leadingBy*said/max(said, s.words.weight(s.text))
}

// score is how well one pattern explains the sentence, with or without its
// fillers.
func (s *sentence) score(p *compiled, onlyWhole bool) float64 {
	best := 0.0
	for _, t := range s.views {
		if m, ok := p.Find(t, s.classes); ok {
			best = max(best, s.explains(p, t, m, onlyWhole))
		}
	}
	return best
}

// explains scores one match.
func (s *sentence) explains(p *compiled, t phrase.Text, m phrase.Match, onlyWhole bool) float64 {
	said, all := s.words.weigh(t.Units[m.From:m.To]...), s.words.weight(t)
	if s.bare(t, m) {
		return whole
	}
	if onlyWhole || all == 0 {
		return 0
	}
	coverage := said / all
	score := hinted + hintedBy*coverage
	if said >= substance {
		score = inside + insideBy*coverage
	}
	if s.negates(t, m, p) {
		score *= negated
	}
	return score
}

// bare reports whether nothing but fillers lies outside the match.
func (s *sentence) bare(t phrase.Text, m phrase.Match) bool {
	for i, unit := range t.Units {
		if (i < m.From || i >= m.To) && !s.words.fillers[unit] {
			return false
		}
	}
	return true
}

// negates reports whether the match stands right behind a negation that is not
// its own. An answer before it is no negation: "no, i already paid".
func (s *sentence) negates(t phrase.Text, m phrase.Match, p *compiled) bool {
	if p.negative {
		return false
	}
	for i := m.From - 1; i >= max(0, m.From-s.words.reach); i-- {
		if s.answers(t.Starts[i], t.Ends[i]) {
			return false
		}
		if s.words.negations[t.Units[i]] {
			return true
		}
	}
	return false
}

// answers reports whether these bytes are part of a yes or no.
func (s *sentence) answers(start, end int) bool {
	for _, v := range s.answered {
		if start >= v.Start && end <= v.End {
			return true
		}
	}
	return false
}

// primary is the language without its region.
func primary(language string) string {
	p, _, _ := strings.Cut(language, "-")
	return p
}
