package flow

import (
	"testing"

	"parley/dialog"
	"parley/flows"
	"parley/nlu/keyword"
)

// BenchmarkNext is one answer of the shipped reminder at its widest step, the
// understanding included.
func BenchmarkNext(b *testing.B) {
	for _, c := range []struct{ name, yes, digits, says string }{
		{"payment-reminder.en", "yes", "zero four seven two", "can you repeat that please"},
		{"payment-reminder.zh", "是的", "零四七二", "请再说一遍"},
	} {
		b.Run(c.name, func(b *testing.B) {
			source, err := flows.Source(c.name)
			if err != nil {
				b.Fatal(err)
			}
			f, err := Parse(c.name, source)
			if err != nil {
				b.Fatal(err)
			}
			p := NewPolicy(f, keyword.New(keyword.Options{}))
			s, err := p.Open("", f.Samples())
			if err != nil {
				b.Fatal(err)
			}
			next := func(t dialog.Turn) dialog.Step {
				t.Now = thursday
				step, err := p.Next(b.Context(), s, t)
				if err != nil {
					b.Fatal(err)
				}
				return step
			}
			next(dialog.Turn{Kind: dialog.Start})
			next(dialog.Turn{Kind: dialog.Said, Text: c.yes})
			remind := next(dialog.Turn{Kind: dialog.Said, Text: c.digits})
			m := s.Memory.(*memory)
			b.ReportAllocs()
			for b.Loop() {
				m.turns, m.stuck = 0, 0
				if step := next(dialog.Turn{Kind: dialog.Said, Text: c.says}); step.End {
					b.Fatal("the call ended")
				}
			}
			b.ReportMetric(float64(len(remind.Expect.Phrases)), "phrases")
		})
	}
}
