package trial

import (
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
	// Speech names the detector of speech behind the gate.
	Speech string
	Barge  []BargeRow
	Alone  []AloneRow
	// Noise are the rows of Alone that are about noise, kind by kind.
	Noise []AloneRow
	Turns []TurnRow
	// Times are what the barge-in curves are drawn of.
	Times []Times
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
	// Resumes after which at most one word sounded twice at full level, and how
	// many words sounded twice at any.
	Once             Share
	Again50, Again95 Quantile
}

// AloneRow is how often a prompt was stopped for nothing. Noise is its kind,
// empty for all together.
type AloneRow struct {
	Language, Condition, Noise, Origin, Detector string
	Stops                                        Rate
}

// Times are those of every interruption of one language, origin and detector,
// in ms after the onset, sorted. What is missing up to Of did not happen.
type Times struct {
	Language, Origin, Detector string
	Of                         int
	First, Stop                []int
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
type group struct{ language, condition, noise, origin string }

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
		return strings.Compare(a.language+a.origin+a.condition+a.noise, b.language+b.origin+b.condition+b.noise)
	})
	return order, by
}

func report(all []verdict) Report {
	var r Report
	own, plain := func(v verdict) Result { return v.own }, func(v verdict) Result { return v.plain }
	full := func(c Case) group { return group{c.Language, c.Condition, "", c.Origin} }
	order, by := groups(all, func(c Case) bool { return c.Kind == Interruption || c.Kind == Backchannel }, full)
	for _, g := range order {
		r.Barge = append(r.Barge,
			bargeRow(g, ownName, by[g], own), bargeRow(g, plainName, by[g], plain))
	}
	order, by = groups(all, func(c Case) bool { return c.Kind == Nothing || c.Kind == Far }, full)
	for _, g := range order {
		r.Alone = append(r.Alone, aloneRow(g, ownName, by[g], own), aloneRow(g, plainName, by[g], plain))
	}
	order, by = groups(all, func(c Case) bool { return c.Kind == Nothing && c.Noise != nil && c.Echo == nil },
		func(c Case) group { return group{c.Language, c.Condition, c.Noise.Kind, c.Origin} })
	for _, g := range order {
		r.Noise = append(r.Noise, aloneRow(g, ownName, by[g], own), aloneRow(g, plainName, by[g], plain))
	}
	voice := func(c Case) group { return group{language: c.Language, origin: c.Origin} }
	order, by = groups(all, func(c Case) bool { return c.Kind == Interruption }, voice)
	for _, g := range order {
		r.Times = append(r.Times, times(g, ownName, by[g], own), times(g, plainName, by[g], plain))
	}
	order, by = groups(all, func(c Case) bool { return c.Kind == Turn }, voice)
	for _, g := range order {
		r.Turns = append(r.Turns,
			turnRow(g, ownName, by[g], scales, 100, func(v verdict) []int { return v.ends }),
			turnRow(g, "plain", by[g], silences, PlainSilence, func(v verdict) []int { return v.plainEnds }))
	}
	return r
}

func bargeRow(g group, detector string, all []verdict, of func(verdict) Result) BargeRow {
	var first, stop, ducked, back, again []int
	var interruptions, missed, early, short, stopped, late, cuts, right, once int
	for _, v := range all {
		r := of(v)
		if v.c.Kind == Backchannel {
			short++
			stopped += b2i(r.Stop != nil || r.Early)
			if r.Ducked != nil {
				ducked, back = append(ducked, *r.Ducked), append(back, *r.Back)
				late += b2i(*r.Back > 700)
			}
			if r.Again != nil {
				again = append(again, *r.Again)
				once += b2i(*r.Twice <= 1)
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
		Heard: share(right, cuts), Once: share(once, len(again)), Again50: quantile(again, 0.5), Again95: quantile(again, 0.95),
	}
}

func aloneRow(g group, detector string, all []verdict, of func(verdict) Result) AloneRow {
	var stops int
	var minutes float64
	for _, v := range all {
		stops += of(v).Stops
		minutes += of(v).Played.Minutes()
	}
	return AloneRow{Language: g.language, Condition: g.condition, Noise: g.noise, Origin: g.origin, Detector: detector, Stops: rate(stops, minutes)}
}

func times(g group, detector string, all []verdict, of func(verdict) Result) Times {
	t := Times{Language: g.language, Origin: g.origin, Detector: detector, Of: len(all)}
	for _, v := range all {
		r := of(v)
		if r.First != nil {
			t.First = append(t.First, *r.First)
		}
		if r.Stop != nil {
			t.Stop = append(t.Stop, *r.Stop)
		}
	}
	slices.Sort(t.First)
	slices.Sort(t.Stop)
	return t
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
