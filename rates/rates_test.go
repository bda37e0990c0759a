package rates

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCost(t *testing.T) {
	for _, c := range []struct {
		name        string
		rate        Rate
		talk        time.Duration
		want        string
		wantSeconds int
	}{
		{"a whole minute", Rate{PerMinute: 12_500, First: 60, Next: 60}, time.Minute, "0.0125", 60},
		{"an instant costs the first increment", Rate{PerMinute: 12_500, First: 60, Next: 60}, 0, "0.0125", 60},
		{"a second more is the next increment", Rate{PerMinute: 12_500, First: 60, Next: 60}, time.Minute + time.Millisecond, "0.025", 120},
		{"6/6 to the bound", Rate{PerMinute: 60_000, First: 6, Next: 6}, 12 * time.Second, "0.012", 12},
		{"6/6 beyond it", Rate{PerMinute: 60_000, First: 6, Next: 6}, 12*time.Second + time.Nanosecond, "0.018", 18},
		{"30/6", Rate{PerMinute: 60_000, First: 30, Next: 6}, 31 * time.Second, "0.036", 36},
		{"1/1 rounds parts of a second up", Rate{PerMinute: 60_000, First: 1, Next: 1}, 12*time.Second + 300*time.Millisecond, "0.013", 13},
		{"the fee is for every call", Rate{PerMinute: 0, First: 60, Next: 60, Setup: 50_000}, time.Second, "0.05", 60},
		{"a free number", Rate{First: 1, Next: 1}, time.Hour, "0.00", 3600},
		{"half a millionth goes up", Rate{PerMinute: 30, First: 1, Next: 1}, time.Second, "0.000001", 1},
		{"less than half goes down", Rate{PerMinute: 29, First: 1, Next: 1}, time.Second, "0.00", 1},
		{"one and a half", Rate{PerMinute: 90, First: 1, Next: 1}, time.Second, "0.000002", 1},
		{"the dearest hour", Rate{PerMinute: maxPrice, First: 3600, Next: 3600}, time.Hour, "600000.00", 3600},
		{"nothing overflows", Rate{PerMinute: maxPrice, First: 1, Next: 1}, math.MaxInt64, "100800000.00", 7 * 24 * 3600},
		{"a clock that went back", Rate{PerMinute: 60_000, First: 6, Next: 6}, -time.Hour, "0.006", 6},
	} {
		amount, billed := c.rate.Cost(c.talk)
		if amount.String() != c.want || billed != c.wantSeconds {
			t.Errorf("%s: %v for %d s, want %s for %d s", c.name, amount, billed, c.want, c.wantSeconds)
		}
	}
}

// TestCostGrows: a longer call never costs less, and never less than exactly
// its seconds would.
func TestCostGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rate{
			PerMinute: Micro(rapid.Int64Range(0, maxPrice).Draw(t, "price")), Setup: Micro(rapid.Int64Range(0, maxPrice).Draw(t, "setup")),
			First: rapid.IntRange(1, 3600).Draw(t, "first"), Next: rapid.IntRange(1, 3600).Draw(t, "next"),
		}
		a := time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "a"))
		b := a + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "more"))
		costA, billedA := r.Cost(a)
		costB, billedB := r.Cost(b)
		if costB < costA || billedB < billedA || time.Duration(billedA)*time.Second < a || billedA-r.First >= r.Next+int(a/time.Second) {
			t.Fatalf("%+v: %v is %v for %d s, %v is %v for %d s", r, a, costA, billedA, b, costB, billedB)
		}
	})
}

func TestTheLongestPrefixWins(t *testing.T) {
	table := []Rate{{Prefix: "1", Currency: "A"}, {Prefix: "1202", Currency: "B"}, {Prefix: "12025550", Currency: "C"}, {Prefix: "44", Currency: "D"}}
	for number, want := range map[string]string{
		"+12125550100": "A", "+12025551100": "B", "+12025550100": "C", "12025550100": "C", "+1202": "B", "+442071234567": "D", "+4": "", "+33123456789": "", "": "",
	} {
		got, ok := Longest(table, number)
		if got.Currency != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, want %q", number, got.Currency, ok, want)
		}
		// What a database finds by these is what the whole table gives.
		if found := strings.Join(Prefixes(number), " "); want != "" && number[0] == '+' && !strings.Contains(" "+found+" ", " "+got.Prefix+" ") {
			t.Errorf("%s: %s is not among %s", number, got.Prefix, found)
		}
	}
	for _, no := range []string{"", "1202", "sip:a@b", "+", "+12a", "anonymous"} {
		if got := Prefixes(no); got != nil {
			t.Errorf("%q has the prefixes %v", no, got)
		}
	}
	if got := Prefixes("+" + strings.Repeat("9", 20)); len(got) != MaxPrefix || len(got[0]) != MaxPrefix {
		t.Errorf("a number that is too long: %v", got)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0.00", "1": "1.00", "0.01": "0.01", "0.0125": "0.0125", "12.500000": "12.50", "0.000001": "0.000001", "10000": "10000.00",
	} {
		if m, err := ParseMicro(text); err != nil || m.String() != want {
			t.Errorf("%q: %v, %v, want %s", text, m, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "0,01", "1e3", "0.0000001", "10000.000001", "999999", "١", "0x1", " 1"} {
		if m, err := ParseMicro(text); err == nil {
			t.Errorf("%q was taken as %v", text, m)
		}
	}
	if got := Micro(-1_500_000).String(); got != "-1.50" {
		t.Errorf("a credit is %s", got)
	}
}

func TestATableIsRead(t *testing.T) {
	want := []Rate{
		{Prefix: "1", PerMinute: 10_000, First: 60, Next: 60, Currency: "USD"},
		{Prefix: "1202", PerMinute: 12_500, First: 6, Next: 6, Setup: 1_000, Currency: "USD"},
	}
	for name, text := range map[string]string{
		"as documented":     "prefix,per_minute,increment,currency,setup\n1,0.01,60/60,USD,\n1202,0.0125,6/6,USD,0.001\n",
		"semicolons, order": "\xef\xbb\xbfCurrency; Increment ;Prefix;Price;Setup_fee;note\r\nusd;60/60;+1;0.01;0;x\r\n\r\nusd;6/6;+1202; 0.0125;0.001;y\r\n",
		"tabs":              "prefix\trate\tincrement\tcurrency\tsetup\n1\t0.01\t60/60\tUSD\n1202\t0.0125\t6/6\tUSD\t0.001",
	} {
		got, err := Read(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var out strings.Builder
	if err := Write(&out, want); err != nil {
		t.Fatal(err)
	}
	if again, err := Read(strings.NewReader(out.String())); err != nil || !cmp.Equal(want, again) {
		t.Errorf("written and read again: %v, %v", again, err)
	}
}

func TestWrongTablesSayWhereAndWhatToDo(t *testing.T) {
	const head = "prefix,per_minute,increment,currency,setup\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":        {"", []string{"line 1: the file is empty; its first line must name the columns prefix, per_minute, increment, currency, setup"}},
		"no entries":   {head, []string{"line 2: the table has no entries; write one a line below the header"}},
		"no increment": {"prefix,price,currency\n1,1,USD\n", []string{"line 1, increment: there is no such column; the first line must name prefix, per_minute, increment, currency, setup"}},
		"every cell": {head + "1,0.01,60/60,USD,\n0a,free,6,dollars,x\n", []string{
			`line 3, prefix: "0a" is no prefix; write the country code and what follows it, such as 1202 or +44`,
			`line 3, per_minute: "free" is no price; write it like 0.0125, with at most six decimal places`,
			`line 3, increment: "6" is no increment; write the first and the next seconds that are billed, such as 60/60 or 6/6`,
			`line 3, currency: "dollars" is no currency; write its three letters, such as USD`,
			`line 3, setup: "x" is no fee; write it like 0.0125, with at most six decimal places`,
		}},
		"twice":     {head + "1,1,1/1,USD,\n44,1,1/1,USD,\n+1,2,1/1,USD,\n", []string{"line 4, prefix: the prefix 1 is in line 2 already; remove one of the two"}},
		"quotation": {head + "1,1\"1,1/1,USD,\n44,1,0/1,USD,\n", []string{"line 2: a quotation mark is misplaced; remove it", `line 3, increment: "0/1" is no increment; write the first and the next seconds that are billed, such as 60/60 or 6/6`}},
	} {
		_, err := Read(strings.NewReader(c.text))
		var bad FileError
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range bad {
			got = append(got, p.Error())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var bad FileError
	if _, err := Read(strings.NewReader(head + strings.Repeat("x,x,x,x,x\n", 1000))); !errors.As(err, &bad) || len(bad) < maxErrors || len(bad) > maxErrors+5 {
		t.Errorf("%d errors of a thousand lines are told", len(bad))
	}
	if _, err := Read(io.MultiReader(strings.NewReader(head), endless{})); !errors.As(err, &bad) || !strings.Contains(err.Error(), "larger than 16 MB") {
		t.Errorf("a file without end: %v", err)
	}
	var many strings.Builder
	many.WriteString(head)
	for i := range maxEntries + 1 {
		fmt.Fprintf(&many, "%d,1,1/1,USD,\n", i+1_000_000)
	}
	if _, err := Read(strings.NewReader(many.String())); !errors.As(err, &bad) || !strings.Contains(err.Error(), "more than 200000 entries") {
		t.Errorf("too many entries: %v", err)
	}
}

// endless is a line that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}
