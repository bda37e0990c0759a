package sim

import (
	"strings"
	"time"
)

// act is what a persona decides to do.
type act struct {
	after   time.Duration
	says    string
	keys    string
	hangsUp bool
	// stays: it is done even though the bot talks.
	stays bool
}

// idle reports that the persona heard and waits.
func (a act) idle() bool { return a.says == "" && a.keys == "" && !a.hangsUp }

// Pauses of a person.
const (
	// reaction is the pause before an answer.
	reaction = 300 * time.Millisecond
	// mostFallbacks bounds how often a persona speaks without having understood.
	mostFallbacks = 4
)

// mind decides what a persona does next from what its ears understood. It is
// pure: words in, act out.
type mind struct {
	persona   *Persona
	used      []int // how often each line was acted on
	last      int   // the line that was acted on last, -1 for none
	fallbacks int
}

func newMind(p *Persona) *mind { return &mind{persona: p, used: make([]int, len(p.Lines)), last: -1} }

// during is asked with what was understood while the bot still talks.
func (m *mind) during(heard string) (act, bool) {
	a, ok := m.choose(heard, func(l Line, used int) Words {
		if used > 0 {
			return nil
		}
		return l.During
	})
	a.stays = ok
	return a, ok
}

// turn is asked with all that was understood once the bot has stopped.
func (m *mind) turn(heard string) (act, bool) {
	return m.choose(heard, func(l Line, _ int) Words { return l.Hears })
}

// quiet is asked when the bot waits and nothing was understood: the customer
// says something general, or the last thing again in its next words.
func (m *mind) quiet() (act, bool) {
	if m.fallbacks >= mostFallbacks {
		return act{}, false
	}
	a := act{after: reaction}
	switch {
	case len(m.persona.Otherwise) > 0:
		a.says = nth(m.persona.Otherwise, m.fallbacks)
	case m.last < 0:
		return act{}, false
	default:
		l := m.persona.Lines[m.last]
		a.keys = l.Keys
		if len(l.Says) > 0 {
			a.says = nth(l.Says, m.used[m.last])
		}
		m.used[m.last]++
	}
	m.fallbacks++
	return a, !a.idle()
}

// choose takes the line whose cue ends last in what was heard: a question
// comes at the end. Of equal ones the longer cue, then the one with a
// condition, then the earlier line.
func (m *mind) choose(heard string, cues func(Line, int) Words) (act, bool) {
	heard = normal(heard, m.persona.Language)
	best, bestEnd, bestLen, bestIf := -1, 0, 0, false
	for i, l := range m.persona.Lines {
		if m.ruledOut(l, heard) {
			continue
		}
		conditional := len(l.Unless) > 0
		for _, cue := range cues(l, m.used[i]) {
			cue = normal(cue, m.persona.Language)
			end := lastEnd(heard, cue, m.persona.Language)
			if end == 0 || end < bestEnd {
				continue
			}
			if end > bestEnd || len(cue) > bestLen || len(cue) == bestLen && conditional && !bestIf {
				best, bestEnd, bestLen, bestIf = i, end, len(cue), conditional
			}
		}
	}
	if best < 0 {
		return act{}, false
	}
	l := m.persona.Lines[best]
	a := act{after: l.After, keys: l.Keys, hangsUp: l.HangsUp}
	if len(l.Says) > 0 {
		a.says = nth(l.Says, m.used[best])
	}
	if a.after == 0 && len(l.During) == 0 {
		a.after = reaction
	}
	m.used[best]++
	m.last = best
	return a, true
}

// ruledOut reports whether a word of the line's condition was heard.
func (m *mind) ruledOut(l Line, heard string) bool {
	for _, word := range l.Unless {
		if lastEnd(heard, normal(word, m.persona.Language), m.persona.Language) > 0 {
			return true
		}
	}
	return false
}

func nth(w Words, n int) string { return w[min(n, len(w)-1)] }

// lastEnd is where the last occurrence of cue in heard ends, 0 for none;
// English only at the borders of words.
func lastEnd(heard, cue, language string) int {
	if language == "zh" {
		if i := strings.LastIndex(heard, cue); i >= 0 {
			return i + len(cue)
		}
		return 0
	}
	i := strings.LastIndex(" "+heard+" ", " "+cue+" ")
	if i < 0 {
		return 0
	}
	return i + len(cue)
}
