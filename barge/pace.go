package barge

import "time"

// pace learns how long this customer pauses inside a turn: the mean of an
// exponential distribution, which begins as everybody's and follows what was
// heard in this call. Its high quantiles, which are what a budget is, follow
// with it.
type pace struct {
	sum   time.Duration // of the pauses heard, over the shortest
	count int
}

const (
	// shortPause: shorter silences lie between syllables and are no pause.
	shortPause = 200 * time.Millisecond
	// usualPause is everybody's mean: on telephone turns 56 % of the pauses
	// inside are longer than 300 ms and 22 % longer than 600 ms (eot-bench).
	usualPause = 320 * time.Millisecond
	// belief is how many pauses of one's own outweigh everybody's.
	belief = 4
	// longestPause is as much as a single one teaches.
	longestPause = 1500 * time.Millisecond
)

// paused: the customer spoke on after a silence.
func (p *pace) paused(silence time.Duration) {
	if silence < shortPause {
		return
	}
	// A pause longer than the budget ends the turn and is not heard as one, so
	// those that are heard stand for more than themselves.
	p.sum += (min(silence, longestPause) - shortPause) * 3 / 2
	p.count++
}

// mean is the mean pause of this customer beyond the shortest.
func (p *pace) mean() time.Duration {
	return (belief*usualPause + p.sum) / time.Duration(belief+p.count)
}

// deciban is what a deciban of evidence is worth: mean · ln(10)/10.
func (p *pace) deciban() time.Duration { return p.mean() * 23 / 100 }

// stretch is a budget for everybody, made this customer's.
func (p *pace) stretch(wait time.Duration) time.Duration {
	own := time.Duration(int64(wait) * int64(p.mean()) / int64(usualPause))
	return max(wait*4/5, min(own, wait*8/5))
}
