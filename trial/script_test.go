package trial

import (
	"slices"
	"testing"
)

// TestPartsShareNothing: what thresholds are tuned on is nowhere in the part
// that judges them.
func TestPartsShareNothing(t *testing.T) {
	texts := func(s script) []string {
		all := slices.Concat(s.prompts, s.interruptions, s.yesBut, s.backchannels)
		for _, a := range s.asks {
			all = append(append(all, a.text), a.answers...)
		}
		return all
	}
	for language, parts := range scripts {
		dev, test := parts[Dev], parts[Test]
		for _, text := range texts(test) {
			if slices.Contains(texts(dev), text) {
				t.Errorf("%s: %q is in both parts", language, text)
			}
		}
		for _, v := range slices.Concat(test.bots, test.customers) {
			for _, w := range slices.Concat(dev.bots, dev.customers) {
				if v.Engine == w.Engine && v.Name == w.Name {
					t.Errorf("%s: the voice %s is in both parts", language, v.Name)
				}
			}
		}
		if len(dev.backchannels) < 15 || len(test.backchannels) < 15 {
			t.Errorf("%s: %d and %d backchannels", language, len(dev.backchannels), len(test.backchannels))
		}
	}
	for _, kind := range kindsOf[Test] {
		if slices.Contains(kindsOf[Dev], kind) {
			t.Errorf("the noise %s is in both parts", kind)
		}
	}
	for part, kinds := range kindsOf {
		for _, kind := range kinds {
			if noises[kind] == nil {
				t.Errorf("%s: there is no noise %s", part, kind)
			}
		}
	}
}
