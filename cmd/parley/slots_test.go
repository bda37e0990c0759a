package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSlots(t *testing.T) {
	now := "2026-12-03T10:00:00-05:00"
	for _, c := range []struct {
		cmd  slotsCmd
		want string
	}{
		{slotsCmd{Now: now, Text: []string{"this", "friday"}},
			`[{"kind":"date","value":"2026-12-04T00:00:00-05:00","precision":"day","ambiguous":false,"text":"this friday"}]`},
		{slotsCmd{Now: now, Text: []string{"三百二十块五"}},
			`[{"kind":"amount","value":{"value":320.5,"currency":"CNY"},"precision":"exact","ambiguous":false,"text":"三百二十块五"}]`},
		{slotsCmd{Now: now, Text: []string{"an hour and a half"}},
			`[{"kind":"duration","value":"PT1H30M","precision":"hour","ambiguous":false,"text":"an hour and a half"}]`},
		{slotsCmd{Now: now, Lang: "en", Kind: []string{"digits"}, Text: []string{"double four seven two"}},
			`[{"kind":"digits","value":"4472","precision":"exact","ambiguous":false,"text":"double four seven two"}]`},
		{slotsCmd{Text: []string{"nothing here"}}, `[]`},
	} {
		var out bytes.Buffer
		if err := c.cmd.Run(&terminal{ctx: t.Context(), out: &out}); err != nil {
			t.Errorf("slots %q: %v", c.cmd.Text, err)
			continue
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, out.Bytes()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, compact.String()); diff != "" {
			t.Errorf("slots %q: %s", c.cmd.Text, diff)
		}
	}
}

func TestSlotsWrongUse(t *testing.T) {
	for _, args := range [][]string{
		{"slots", "--now", "tomorrow", "friday"}, {"slots", "--lang", "fr", "vendredi"}, {"slots", "--kind", "colour", "red"}, {"slots"},
	} {
		if code, out, _ := parley(t, args...); code != exitUsage || out != "" {
			t.Errorf("parley %q: exit %d, printed %q; want exit %d and nothing", args, code, out, exitUsage)
		}
	}
}

func TestISODuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		72 * time.Hour: "P3D", 90 * time.Minute: "PT1H30M", 36 * time.Hour: "P1DT12H", 20 * time.Second: "PT20S", 0: "PT0S",
	} {
		if got := isoDuration(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}
