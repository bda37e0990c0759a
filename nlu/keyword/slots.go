package keyword

import (
	"slices"

	"parley/nlu"
	"parley/spoken"
)

// kindsOf are the kinds that may fill a slot of a kind: a moment may be given
// as a day, a time, or a length of time from now.
func kindsOf(k spoken.Kind) []spoken.Kind {
	if k == spoken.KindDateTime {
		return []spoken.Kind{spoken.KindDateTime, spoken.KindDate, spoken.KindTime, spoken.KindDuration}
	}
	return []spoken.Kind{k}
}

// fill finds the values of the slots asked for. Two slots of one kind take
// what was said first and second; a value that was corrected in the same
// breath ("friday, no, monday") gives way to the correction.
func (s *sentence) fill(slots []nlu.Slot) []nlu.Filled {
	var kinds []spoken.Kind
	for _, slot := range slots {
		kinds = append(kinds, kindsOf(slot.Kind)...)
	}
	if len(kinds) == 0 {
		return nil
	}
	groups := grouped(spoken.Parse(s.language, s.said, kinds, s.now))
	used := make([]bool, len(groups))
	var out []nlu.Filled
	for _, slot := range slots {
		at := s.choose(slot, groups, used)
		if at < 0 {
			continue
		}
		used[at] = true
		out = append(out, nlu.Filled{Slot: slot.Name, Value: groups[at][0], Others: groups[at][1:]})
	}
	return out
}

// grouped puts the readings of the same words together.
func grouped(vs []spoken.Value) [][]spoken.Value {
	var groups [][]spoken.Value
	for _, v := range vs {
		if n := len(groups); n > 0 && groups[n-1][0].Start == v.Start {
			groups[n-1] = append(groups[n-1], v)
			continue
		}
		groups = append(groups, []spoken.Value{v})
	}
	return groups
}

// choose is the group that fills the slot, -1 for none.
func (s *sentence) choose(slot nlu.Slot, groups [][]spoken.Value, used []bool) int {
	kinds := kindsOf(slot.Kind)
	chosen := -1
	for i, g := range groups {
		if used[i] || !slices.Contains(kinds, g[0].Kind) {
			continue
		}
		if slot.Kind == spoken.KindDigits && slot.Digits > 0 && len(g[0].Digits) != slot.Digits {
			continue
		}
		if chosen >= 0 && !s.corrects(groups[chosen][0].End, g[0].Start) {
			continue
		}
		chosen = i
	}
	return chosen
}

// corrects reports whether the words between two values take the first back.
func (s *sentence) corrects(from, to int) bool {
	for i, unit := range s.text.Units {
		if s.text.Starts[i] >= from && s.text.Ends[i] <= to && corrections[unit] {
			return true
		}
	}
	return false
}

var corrections = setOf("no sorry actually wait rather mean instead 不 错 改")
