package spoken

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/sharedtest"
)

// TestHumanPhrases reads times, amounts and dates out of sentences that people
// wrote to a bank and a hotel (NLU++). The floors are what was reached; dates
// count when the words were found, since the corpus mixes several presents.
func TestHumanPhrases(t *testing.T) {
	type label struct {
		Text  string
		Value struct {
			Hour, Minute int
			Amount       float64
		}
	}
	now := time.Date(2022, 3, 17, 10, 0, 0, 0, time.UTC)
	right, all := map[string]int{}, map[string]int{}
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "data", "nlu", "nlupp", "data"), "*", "fold*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of phrases, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sentences []struct {
			Text  string
			Slots map[string]json.RawMessage
		}
		if err := json.Unmarshal(raw, &sentences); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, s := range sentences {
			for slot, raw := range s.Slots {
				var want label
				kind, asked, _ := strings.Cut(slot, "_")
				if err := json.Unmarshal(raw, &want); err != nil || asked == "period" {
					continue
				}
				var fits func(Value) bool
				switch kind {
				case "time":
					fits = func(v Value) bool { return v.At.Hour()%12 == want.Value.Hour%12 && v.At.Minute() == want.Value.Minute }
				case "amount":
					fits = func(v Value) bool { return float64(v.Money.Minor)/100 == want.Value.Amount }
				case "date":
					fits = func(v Value) bool {
						return strings.Contains(v.Text, want.Text) || strings.Contains(want.Text, v.Text)
					}
				default:
					continue
				}
				all[kind]++
				for _, v := range Parse("en", s.Text, []Kind{Kind(kind)}, now) {
					if fits(v) {
						right[kind]++
						break
					}
				}
			}
		}
	}
	t.Logf("right %v of %v", right, all)
	for kind, floor := range map[string]float64{"time": 0.95, "amount": 0.99, "date": 0.95} {
		if all[kind] < 100 || float64(right[kind]) < floor*float64(all[kind]) {
			t.Errorf("%s: %d of %d right, want %.0f %%", kind, right[kind], all[kind], floor*100)
		}
	}
}
