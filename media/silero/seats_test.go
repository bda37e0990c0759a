package silero

import "testing"

func TestSeats(t *testing.T) {
	m, busy := &Model{}, false
	s := NewSeats(m, 2, func() bool { return busy })
	first, leave := s.Take()
	second, _ := s.Take()
	third, nothing := s.Take()
	if first != m || second != m || third != nil || s.Taken() != 2 {
		t.Fatalf("%d taken", s.Taken())
	}
	nothing()
	leave()
	busy = true
	if late, _ := s.Take(); late != nil {
		t.Error("a seat on a beat that is too busy")
	}
	busy = false
	if again, _ := s.Take(); again != m || s.Taken() != 2 {
		t.Errorf("the seat that was left is not free; %d taken", s.Taken())
	}
	for _, none := range []*Seats{nil, NewSeats(nil, 5, nil)} {
		if m, leave := none.Take(); m != nil || none.Taken() != 0 {
			t.Error("a seat without a model")
		} else {
			leave()
		}
	}
}
