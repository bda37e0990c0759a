package trial

import (
	"math"
	"slices"

	"parley/media"
)

const (
	windowMS = 5
	window   = 8 * windowMS // samples at 8 kHz
	// pauseMS: a silence as long as this inside speech is a pause.
	pauseMS = 200
	// clickMS: sound shorter than this is no speech.
	clickMS = 25
)

// powers are those of windows of 5 ms.
func powers(pcm []int16) []float64 {
	all := make([]float64, 0, len(pcm)/window)
	for ; len(pcm) >= window; pcm = pcm[window:] {
		var sum float64
		for _, v := range pcm[:window] {
			sum += float64(v) * float64(v)
		}
		all = append(all, sum/window)
	}
	return all
}

// activeLevel is the level of the windows within 30 dB of the loudest, in dB of
// full scale, after the idea of ITU-T P.56; -120 for silence.
func activeLevel(pcm []int16) float64 {
	all := powers(pcm)
	var loudest, sum float64
	n := 0
	for _, p := range all {
		loudest = max(loudest, p)
	}
	for _, p := range all {
		if p >= loudest/1000 {
			sum += p
			n++
		}
	}
	if loudest == 0 {
		return -120
	}
	return 10 * math.Log10(sum/float64(n)/(32768*32768))
}

// voiced labels a recording of one voice without looking at it as a turn-taker
// does: whatever is within 28 dB of the voice's own level, and 8 dB over the
// recording's quietest tenth, is voice; silences under gap ms belong to it.
func voiced(pcm []int16, gap int) []Span {
	all := powers(pcm)
	if len(all) == 0 {
		return nil
	}
	active := activeLevel(pcm)
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	floor := 10 * math.Log10(max(sorted[len(sorted)/10], 1e-3)/(32768*32768))
	bar := max(active-28, min(floor+8, active-15))
	limit := 32768 * 32768 * math.Pow(10, bar/10)
	var spans []Span
	for i, p := range all {
		if p < limit {
			continue
		}
		from, to := i*windowMS, (i+1)*windowMS
		if n := len(spans); n > 0 && from-spans[n-1].To < gap {
			spans[n-1].To = to
			continue
		}
		spans = append(spans, Span{from, to})
	}
	return slices.DeleteFunc(spans, func(s Span) bool { return s.To-s.From < clickMS })
}

// samples of so many milliseconds.
func samples(ms int) int { return ms * int(media.Rate8k) / 1000 }
