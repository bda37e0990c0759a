package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// heard are the ways in which customers answer a question for a value. The
// classes are those of package spoken.
var heard = map[string]map[kind][]string{
	"en": {
		kindDate: {
			"[yes|maybe|probably] <date>", "(no|actually|sorry|wait|make it|no make it) <date>", "(i can|i will|i'll) <date>",
			"[yes] (i can|i will|i'll|i could|can i|let me|i want to) (pay|do it|send it) [it|that] <date>",
		},
		kindTime: {
			"[yes|maybe] [at] <datetime>", "(no|actually|sorry|make it) [at] <datetime>",
			"(call|try|ring) [me] [back|again] [at] <datetime>",
		},
		kindMoney: {
			"[yes|maybe] [about|only] <amount>", "(no|actually|sorry|make it|no make it) [only] <amount>",
			"[yes] (i can|i will|i'll|i could) [only] (pay|do|send|manage) [about] <amount>",
		},
		kindNumber: {"[in|maybe|about] <number>", "(no|actually|make it) <number>"},
	},
	"zh": {
		kindDate: {
			// Without 付 at the end: 星期五 and 星期一付 sound alike.
			"[好的|那|我] <date> [吧|还]", "(不对|不是) [是|改成] <date>", "[我] (可以|能|想) [在] <date> (还|还款|付款)",
			"[我] <date> (之前|以前) (还|能还)",
		},
		kindTime: {
			"[好的|嗯|那] <datetime> [吧|可以|打]", "(不对|不是|不) [是|改成] <datetime>", "<datetime> [再] (打|打给我|打来|打过来) [吧]",
		},
		kindMoney: {
			"[好的|那|我] [先] [付|还] <amount> [吧]", "(不对|不是|不) [是] <amount>", "[我] [只] (能|可以) [先] (还|付) <amount>",
		},
		kindNumber: {"[分] <number> [期|次|个]", "(不对|不是) <number>"},
	},
}

// volunteered are the ways in which customers name an amount that nobody asked
// for. A bare number is none of them: a recogniser that may hear an amount in
// anything makes "sorry, four seven two" a payment of 4.72.
var volunteered = map[string][]string{
	"en": {
		"(no|actually|make it|no make it) [only] <money>", "only <money>",
		"[yes] (i can|i will|i'll|i could) [only] (pay|do|send|manage) [about] <money> [<date>]",
	},
	"zh": {
		"(不对|不是) [是] <money>", "[我] [只] (能|可以) [先] (还|付) <money>", "[我] 先 (还|付) <money>",
	},
}

// named are dates with their month. Which months can be meant is known, and
// each that cannot would only be heard by mistake.
var named = []string{
	"[yes|maybe|no|actually|make it] [on|by] [<date_weekday>] MONTHS [the] <date_ordinal>",
	"(i can|i will|i'll) [pay] [it|that] [on|by] MONTHS [the] <date_ordinal>",
}

// months are those in which the slot's date may lie, as a pattern.
func (s *slot) months(now time.Time) string {
	from, to := now, now.AddDate(0, 0, s.within)
	switch {
	case s.past:
		from, to = now.AddDate(0, -2, 0), now
	case s.within == 0:
		to = now.AddDate(0, 11, 0)
	}
	var names []string
	for m := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); !m.After(to) && len(names) < 12; m = m.AddDate(0, 1, 0) {
		names = append(names, strings.ToLower(m.Month().String()))
	}
	return "(" + strings.Join(names, "|") + ")"
}

// patterns are what a customer may say at this moment to give the slot's value.
func (s *slot) patterns(language string, now time.Time) []string {
	if s.kind == kindDate && s.past && language == "zh" {
		return []string{"[是|我] <date_past> [付的|还的|的]"}
	}
	if s.kind == kindDate && language == "en" {
		all := slices.Clone(heard[language][s.kind])
		for _, p := range named {
			all = append(all, strings.Replace(p, "MONTHS", s.months(now), 1))
		}
		return all
	}
	if s.kind == kindMoney && !s.required() {
		return volunteered[language]
	}
	if s.kind != kindDigits {
		return heard[language][s.kind]
	}
	class := "<digits>"
	if s.digits > 0 {
		class = fmt.Sprintf("<digits%d>", s.digits)
	}
	if language == "zh" {
		return []string{"[是|尾号|尾号是] " + class}
	}
	return []string{"[yes] [it's|it is|the last four are|they are] " + class}
}
