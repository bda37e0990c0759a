package asr

import "testing"

func TestDigits(t *testing.T) {
	for _, c := range []struct {
		phrases []string
		want    int
	}{
		{nil, 0}, {[]string{"yes"}, 0}, {[]string{"<digits>"}, 0},
		{[]string{"it's <digits4>"}, 4}, {[]string{"尾号是 <digits4>"}, 4},
		{[]string{"<digits4>", "<digits>"}, 4}, {[]string{"<digits>", "<digits6>"}, 6},
	} {
		if got := (Expectation{Phrases: c.phrases}).Digits(); got != c.want {
			t.Errorf("%q want %d digits, not %d", c.phrases, c.want, got)
		}
	}
}
