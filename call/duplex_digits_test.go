package call

import "testing"

func TestDigitsWanted(t *testing.T) {
	for phrases, want := range map[string]int{"[yes] [it's] <digits4>": 4, "[是|尾号] <digits>": 0, "on <date>": 0, "<digits16>": 16} {
		if got := digitsWanted([]string{"yes", phrases}); got != want {
			t.Errorf("%q wants %d digits, got %d", phrases, want, got)
		}
	}
}
