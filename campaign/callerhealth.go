package campaign

import (
	"errors"
	"fmt"
	"math"
	"time"

	"parley/outcome"
)

// CallerHealth judges caller IDs by how their calls are taken: a number that
// carriers or phones mark as a nuisance is answered less than others, and left
// sooner. Rates are of its newest calls, against the other numbers of its pool
// and against bounds of their own.
type CallerHealth struct {
	// Off: no number ever rests.
	Off bool
	// Window is how far back calls count; Samples how many it takes for a
	// judgement.
	Window  time.Duration
	Samples int
	// LeastAnswered is the answer rate (ASR) below which a number rests, MostShort
	// the share of its answered calls that may end within Short; 0 to 1.
	LeastAnswered, MostShort float64
	Short                    time.Duration
	// AgainstPool: a number also rests when it is answered less than this times
	// as often as the others of its pool, or has more short calls than theirs
	// divided by it, and neither is chance.
	AgainstPool float64
	// Rest is how long a number rests. One that relapses rests twice as long, at
	// most eight times.
	Rest time.Duration
}

// NewCallerHealth are the bounds that parley has of itself.
func NewCallerHealth() CallerHealth {
	return CallerHealth{
		Window: 6 * time.Hour, Samples: 30, LeastAnswered: 0.05, MostShort: 0.6, Short: 6 * time.Second, AgainstPool: 0.5, Rest: 4 * time.Hour,
	}
}

// maxSamples bounds what is read of one number.
const maxSamples = 200

// Check says in one sentence what is wrong with bounds that somebody wrote.
func (h CallerHealth) Check() error {
	switch {
	case h.Window < 10*time.Minute || h.Window > 7*24*time.Hour:
		return errors.New("window must be between 10m and 168h")
	case h.Samples < 10 || h.Samples > maxSamples:
		return fmt.Errorf("samples must be between 10 and %d; fewer calls are chance", maxSamples)
	case h.LeastAnswered < 0 || h.LeastAnswered >= 1:
		return errors.New("least_answered must be a share from 0 to below 1")
	case h.MostShort <= 0 || h.MostShort > 1:
		return errors.New("most_short must be a share above 0 and at most 1")
	case h.AgainstPool < 0 || h.AgainstPool >= 1:
		return errors.New("against_pool must be from 0, which compares nothing, to below 1")
	case h.Short < time.Second || h.Short > time.Minute:
		return errors.New("short must be between 1s and 1m")
	case h.Rest < time.Minute || h.Rest > 7*24*time.Hour:
		return errors.New("rest must be between 1m and 168h")
	}
	return nil
}

// CallerSamples count calls that say how a caller ID is taken.
type CallerSamples struct {
	Calls, Answered, Short int
	// Talked are the answered calls that no machine took.
	Talked int
}

// Add counts a call that has ended. One that failed for a reason of its line or
// of its number says nothing about ours. A call that a machine answered is no
// short one: there we hang up ourselves.
func (s *CallerSamples) Add(n outcome.Network, by outcome.AnsweredBy, talk, short time.Duration) {
	switch n {
	case outcome.Answered:
		s.Answered++
		if !by.Machine() {
			s.Talked++
			if talk < short {
				s.Short++
			}
		}
	case outcome.Busy, outcome.NoAnswer, outcome.Rejected, outcome.CallBarred, outcome.Unreachable:
	default:
		return
	}
	s.Calls++
}

// ASR is the share of calls that were answered, ShortShare that of short ones
// among those a person may have answered; 0 without any.
func (s CallerSamples) ASR() float64        { return share(s.Answered, s.Calls) }
func (s CallerSamples) ShortShare() float64 { return share(s.Short, s.Talked) }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func (s CallerSamples) plus(o CallerSamples) CallerSamples {
	return CallerSamples{s.Calls + o.Calls, s.Answered + o.Answered, s.Short + o.Short, s.Talked + o.Talked}
}

// CallerRest is a rest of a number.
type CallerRest struct {
	Number string `json:"number"`
	// From and Until bound it; afterwards the number is on trial.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
	// Times counts rests in a row, this one included.
	Times int `json:"times"`
}

// Judge decides which numbers of a pool begin to rest now: pure, counts and a
// clock in.
func (h CallerHealth) Judge(pool []CallerUse, now time.Time) []CallerRest {
	if h.Off {
		return nil
	}
	var sum CallerSamples
	for _, u := range pool {
		sum = sum.plus(u.Samples)
	}
	var rests []CallerRest
	for _, u := range pool {
		if now.Before(u.Rest.Until) {
			continue
		}
		s := u.Samples
		others := sum.plus(CallerSamples{-s.Calls, -s.Answered, -s.Short, -s.Talked})
		if why := h.complaint(s, others); why != "" {
			rests = append(rests, h.rest(u, why, now))
		}
	}
	return rests
}

// complaint says why a number should rest; "" when it need not.
func (h CallerHealth) complaint(s, others CallerSamples) string {
	if s.Calls < h.Samples {
		return ""
	}
	if s.ASR() < h.LeastAnswered {
		return fmt.Sprintf("%d of %d calls were answered, less than %.0f %%", s.Answered, s.Calls, 100*h.LeastAnswered)
	}
	compared := h.AgainstPool > 0 && others.Calls >= h.Samples
	if compared && s.ASR() < h.AgainstPool*others.ASR() && unlikely(others.ASR(), 0, s.Answered, s.Calls) {
		return fmt.Sprintf("%d of %d calls were answered, of the other caller IDs %.0f %%", s.Answered, s.Calls, 100*others.ASR())
	}
	// Of a third of the calls it is known how long somebody stayed.
	if s.Talked < h.Samples/3 {
		return ""
	}
	if s.ShortShare() > h.MostShort {
		return fmt.Sprintf("%d of %d answered calls ended within %v, more than %.0f %%", s.Short, s.Talked, h.Short, 100*h.MostShort)
	}
	if compared && others.Talked >= h.Samples/3 && h.AgainstPool*s.ShortShare() > others.ShortShare() && unlikely(others.ShortShare(), s.Short, s.Talked, s.Talked) {
		return fmt.Sprintf("%d of %d answered calls ended within %v, of the other caller IDs %.0f %%", s.Short, s.Talked, h.Short, 100*others.ShortShare())
	}
	return ""
}

// unlikely: at the rate of the pool between few and many of n calls would come
// less than once in a thousand times. A number is judged again and again, so
// what is merely rare does happen.
func unlikely(rate float64, few, many, n int) bool {
	// Where none of the others' calls was so, or each, half a call is assumed.
	rate = min(max(rate, 0.5/float64(n)), 1-0.5/float64(n))
	p := 0.0
	for k := few; k <= many; k++ {
		p += binomial(n, k, rate)
	}
	return p < 0.001
}

// binomial is the probability of k among n at a rate between 0 and 1.
func binomial(n, k int, rate float64) float64 {
	of, _ := math.Lgamma(float64(n) + 1)
	in, _ := math.Lgamma(float64(k) + 1)
	out, _ := math.Lgamma(float64(n-k) + 1)
	return math.Exp(of - in - out + float64(k)*math.Log(rate) + float64(n-k)*math.Log1p(-rate))
}

// maxDoubled bounds how often a rest grows.
const maxDoubled = 3

func (h CallerHealth) rest(u CallerUse, why string, now time.Time) CallerRest {
	times := 1
	if !u.Rest.Until.IsZero() && now.Before(u.Rest.Until.Add(h.Window)) {
		times += u.Rest.Times
	}
	length := h.Rest << min(times-1, maxDoubled)
	return CallerRest{Number: u.Number, From: now, Until: now.Add(length), Why: why, Times: times}
}
