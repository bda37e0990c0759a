package trial

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report is what an evaluation found, row by row.
type Report struct {
	Part       string
	Recognizer bool
	LatencyMS  int
	// SoundSeconds were replayed in Seconds.
	SoundSeconds, Seconds float64
	Barge                 []BargeRow
	Alone                 []AloneRow
	Turns                 []TurnRow
}

// BargeRow is the barge-in measures of one language, condition and origin.
type BargeRow struct {
	Language, Condition, Origin, Detector string

	First50, First95 Quantile // ms after the onset
	Stop50, Stop95   Quantile
	Missed, Early    Share
	Stopped          Share    // of backchannels
	Ducked50         Quantile // from duck to full level
	Back50, Back95   Quantile // from the end of the sound to full level
	BackLate         Share    // over 700 ms after the end
	Heard            Share    // texts after a cut right to one word
}

// AloneRow is how often a prompt was stopped for nothing.
type AloneRow struct {
	Language, Condition, Origin, Detector string
	Stops                                 Rate
}

// TurnRow is the end-of-turn curve of one detector.
type TurnRow struct {
	Language, Origin, Detector string
	Turns, Paused              int
	// Shares of cut-offs at mean latencies of 300 and 600 ms, the latency in ms
	// at 5 %; negative where the curve does not reach.
	Cut300, Cut600, At5 float64
	// AsSet is the point of the default settings: 100 %, or 0.7 s.
	AsSet Point
	Curve Curve
}

const (
	ownName   = "ear"
	plainName = "plain 0.5 s / 0.7 s"
)

// group is a row's key.
type group struct{ language, condition, origin string }

func groups(all []verdict, in func(Case) bool, key func(Case) group) (order []group, by map[group][]verdict) {
	by = map[group][]verdict{}
	for _, v := range all {
		if in(v.c) {
			k := key(v.c)
			by[k] = append(by[k], v)
		}
	}
	for k := range by {
		order = append(order, k)
	}
	slices.SortFunc(order, func(a, b group) int {
		return strings.Compare(a.language+a.origin+a.condition, b.language+b.origin+b.condition)
	})
	return order, by
}

func report(all []verdict) Report {
	var r Report
	full := func(c Case) group { return group{c.Language, c.Condition, c.Origin} }
	order, by := groups(all, func(c Case) bool { return c.Kind == Interruption || c.Kind == Backchannel }, full)
	for _, g := range order {
		r.Barge = append(r.Barge,
			bargeRow(g, ownName, by[g], func(v verdict) Result { return v.own }),
			bargeRow(g, plainName, by[g], func(v verdict) Result { return v.plain }))
	}
	order, by = groups(all, func(c Case) bool { return c.Kind == Nothing || c.Kind == Far }, full)
	for _, g := range order {
		r.Alone = append(r.Alone,
			aloneRow(g, ownName, by[g], func(v verdict) Result { return v.own }),
			aloneRow(g, plainName, by[g], func(v verdict) Result { return v.plain }))
	}
	order, by = groups(all, func(c Case) bool { return c.Kind == Turn }, func(c Case) group { return group{c.Language, "", c.Origin} })
	for _, g := range order {
		r.Turns = append(r.Turns,
			turnRow(g, ownName, by[g], scales, 100, func(v verdict) []int { return v.ends }),
			turnRow(g, "plain", by[g], silences, PlainSilence, func(v verdict) []int { return v.plainEnds }))
	}
	return r
}

func bargeRow(g group, detector string, all []verdict, of func(verdict) Result) BargeRow {
	var first, stop, ducked, back []int
	var interruptions, missed, early, short, stopped, late, cuts, right int
	for _, v := range all {
		r := of(v)
		if v.c.Kind == Backchannel {
			short++
			stopped += b2i(r.Stop != nil || r.Early)
			if r.Ducked != nil {
				ducked, back = append(ducked, *r.Ducked), append(back, *r.Back)
				late += b2i(*r.Back > 700)
			}
			continue
		}
		interruptions++
		early += b2i(r.Early)
		missed += b2i(!r.Early && r.Stop == nil)
		if r.First != nil {
			first = append(first, *r.First)
		}
		if r.Stop != nil {
			stop = append(stop, *r.Stop)
		}
		if r.Heard != nil {
			cuts++
			right += b2i(*r.Heard >= -1 && *r.Heard <= 1)
		}
	}
	return BargeRow{
		Language: g.language, Condition: g.condition, Origin: g.origin, Detector: detector,
		First50: quantile(first, 0.5), First95: quantile(first, 0.95), Stop50: quantile(stop, 0.5), Stop95: quantile(stop, 0.95),
		Missed: share(missed, interruptions), Early: share(early, interruptions), Stopped: share(stopped, short),
		Ducked50: quantile(ducked, 0.5), Back50: quantile(back, 0.5), Back95: quantile(back, 0.95), BackLate: share(late, len(back)),
		Heard: share(right, cuts),
	}
}

func aloneRow(g group, detector string, all []verdict, of func(verdict) Result) AloneRow {
	var stops int
	var minutes float64
	for _, v := range all {
		stops += of(v).Stops
		minutes += of(v).Played.Minutes()
	}
	return AloneRow{Language: g.language, Condition: g.condition, Origin: g.origin, Detector: detector, Stops: rate(stops, minutes)}
}

func turnRow(g group, detector string, all []verdict, settings []int, asSet int, of func(verdict) []int) TurnRow {
	row := TurnRow{Language: g.language, Origin: g.origin, Detector: detector, Turns: len(all)}
	cases := make([]Case, len(all))
	for i, v := range all {
		cases[i] = v.c
		row.Paused += b2i(len(v.c.Speech) > 1)
	}
	nearest := 0
	for i, s := range settings {
		ends := make([]int, len(all))
		for k, v := range all {
			ends[k] = of(v)[i]
		}
		row.Curve = append(row.Curve, point(s, cases, ends))
		if abs(s-asSet) < abs(settings[nearest]-asSet) {
			nearest = i
		}
	}
	row.AsSet = row.Curve[nearest]
	or := func(v float64, ok bool) float64 {
		if !ok {
			return -1
		}
		return v
	}
	row.Cut300, row.Cut600, row.At5 = or(row.Curve.CutAt(300)), or(row.Curve.CutAt(600)), or(row.Curve.LatencyAt(0.05))
	return row
}

func abs(n int) int { return max(n, -n) }

// Markdown writes the report as tables.
func (r Report) Markdown(w io.Writer) {
	with := "without a recogniser"
	if r.Recognizer {
		with = fmt.Sprintf("with the embedded recogniser, its words %d ms later", r.LatencyMS)
	}
	fmt.Fprintf(w, "Part %s, %s; %.0f s of sound in %.0f s.\n\n", r.Part, with, r.SoundSeconds, r.Seconds)
	fmt.Fprintf(w, "| language | source | condition | detector | first action p50 / p95 | full stop p50 / p95 | missed | stopped on backchannels | level back after its end p50 / p95 | over 700 ms | heard text ± 1 word |\n")
	fmt.Fprintf(w, "|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, b := range r.Barge {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s / %s | %s / %s | %s | %s | %s / %s | %s | %s |\n", b.Language, b.Origin, b.Condition, b.Detector,
			b.First50, b.First95, b.Stop50, b.Stop95, b.Missed, b.Stopped, b.Back50, b.Back95, b.BackLate, b.Heard)
	}
	fmt.Fprintf(w, "\n| language | prompt | condition | detector | prompt minutes | false stops | a minute |\n|---|---|---|---|---:|---:|---|\n")
	for _, a := range r.Alone {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %.0f | %d | %.3f (%.3f–%.3f) |\n", a.Language, a.Origin, a.Condition, a.Detector,
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
