package trial

import (
	"fmt"
	"io"
	"slices"
)

// Markdown writes the report as tables.
func (r Report) Markdown(w io.Writer) {
	with := "without a recogniser"
	if r.Recognizer {
		with = fmt.Sprintf("with the embedded recogniser, its words %d ms later", r.LatencyMS)
	}
	fmt.Fprintf(w, "Part %s, %s, speech found by %s; %.0f s of sound in %.0f s.\n\n", r.Part, with, r.Speech, r.SoundSeconds, r.Seconds)
	fmt.Fprintf(w, "| language | source | condition | detector | first action p50 / p95 | full stop p50 / p95 | missed | stopped on backchannels | level back after its end p50 / p95 | over 700 ms | at most one word twice | words under the duck again p50 / p95 | heard text ± 1 word |\n")
	fmt.Fprintf(w, "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, b := range r.Barge {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s / %s | %s / %s | %s | %s | %s / %s | %s | %s | %s / %s | %s |\n", b.Language, b.Origin, b.Condition, b.Detector,
			b.First50, b.First95, b.Stop50, b.Stop95, b.Missed, b.Stopped, b.Back50, b.Back95, b.BackLate, b.Once, b.Again50, b.Again95, b.Heard)
	}
	fmt.Fprintf(w, "\n| language | prompt | condition | detector | prompt minutes | false stops | a minute |\n|---|---|---|---|---:|---:|---|\n")
	for _, a := range slices.Concat(r.Alone, r.Noise) {
		condition := a.Condition
		if a.Noise != "" {
			condition += ", " + a.Noise
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %.0f | %d | %.3f (%.3f–%.3f) |\n", a.Language, a.Origin, condition, a.Detector,
			a.Stops.Minutes, a.Stops.Count, a.Stops.Value(), a.Stops.Low, a.Stops.High)
	}
	fmt.Fprintf(w, "\n| language | source | detector | turns (with pauses) | cut off at 300 ms | at 600 ms | latency at 5 %% | as set: latency, cut off | never ended |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, t := range r.Turns {
		percent := func(v float64) string {
			if v < 0 {
				return "–"
			}
			return fmt.Sprintf("%.1f %%", 100*v)
		}
		at5 := "–"
		if t.At5 >= 0 {
			at5 = fmt.Sprintf("%.0f ms", t.At5)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d (%d) | %s | %s | %s | %.0f ms, %s | %d |\n", t.Language, t.Origin, t.Detector, t.Turns, t.Paused,
			percent(t.Cut300), percent(t.Cut600), at5, t.AsSet.Latency, t.AsSet.Cut, t.AsSet.Never)
	}
}

// String is the share with its interval.
func (s Share) String() string {
	if s.All == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %% (%.1f–%.1f, n %d)", 100*s.Value(), 100*s.Low, 100*s.High, s.All)
}

// String is the quantile with its interval.
func (q Quantile) String() string {
	if q.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%d (%d–%d)", q.Value, q.Low, q.High)
}
