package sip

import "time"

// TrunkState is what a trunk is doing.
type TrunkState struct {
	Name string
	// Live calls, of Channels; 0 channels are without bound.
	Live, Channels int
	// Takes is whether it gets calls now: it neither rests nor lacks its
	// registration, nor is one call or probe finding out whether it works again.
	Takes bool
	// Failures in a row of calls and probes. Rests is until when it gets no
	// calls because of them or of its own Retry-After; zero without a rest.
	Failures int
	Rests    time.Time
	Breaker  Breaker
	// Registration is nil for a trunk without one.
	Registration *RegistrationState
	// Probe is the last OPTIONS, nil before the first one.
	Probe *Probed
}

// RegistrationState is how a trunk's registration stands.
type RegistrationState struct {
	// Stands is whether calls may count on it, Until how long.
	Stands bool
	Until  time.Time
	// Next is when the registrar is asked again.
	Next time.Time
	// Err is why it failed last, nil after a success.
	Err error
}

// Trunks tells how each trunk stands, in the order of Options.Trunks.
func (s *Stack) Trunks() []TrunkState {
	now := time.Now()
	var all []TrunkState
	for _, name := range s.order {
		all = append(all, s.trunks[name].state(now))
	}
	return all
}

func (a *account) state(now time.Time) TrunkState {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := TrunkState{Name: a.Name, Takes: a.health.admits(now) && a.registered(now) == nil,
		Live: int(a.live.Load()), Channels: a.Channels, Failures: a.health.failures, Breaker: a.health.breaker(now),
	}
	if now.Before(a.health.until) {
		t.Rests = a.health.until
	}
	if a.Register.Registrar != "" {
		b := a.binding
		t.Registration = &RegistrationState{Stands: b.stands(now), Until: b.until, Next: b.next, Err: b.err}
	}
	if p := a.probed; !p.At.IsZero() {
		t.Probe = &p
	}
	return t
}
