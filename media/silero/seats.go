package silero

import "sync/atomic"

// Seats bound how many calls use a model at a time: it runs on the beat, and a
// machine carries only so many. Nil seats, and seats without a model, are always
// taken.
type Seats struct {
	model *Model
	most  int64
	busy  func() bool
	taken atomic.Int64
}

// NewSeats gives so many calls the model. busy, when it is not nil, says that
// none more should have it now; it is asked for every call.
func NewSeats(m *Model, most int, busy func() bool) *Seats {
	return &Seats{model: m, most: int64(most), busy: busy}
}

// Take is the model for one more call, or nil when it must do without. leave is
// called once when the call is over, in either case.
func (s *Seats) Take() (m *Model, leave func()) {
	if s == nil || s.model == nil || s.busy != nil && s.busy() {
		return nil, func() {}
	}
	if s.taken.Add(1) > s.most {
		s.taken.Add(-1)
		return nil, func() {}
	}
	return s.model, func() { s.taken.Add(-1) }
}

// Taken is how many calls have the model.
func (s *Seats) Taken() int {
	if s == nil {
		return 0
	}
	return int(s.taken.Load())
}
