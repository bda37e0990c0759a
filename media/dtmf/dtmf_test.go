package dtmf

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// event is one packet of a script.
type event struct {
	ts       uint32
	marker   bool
	key      byte // event code
	end      bool
	duration uint16
}

func (e event) payload() []byte {
	b := []byte{e.key, volume, byte(e.duration >> 8), byte(e.duration)}
	if e.end {
		b[1] |= 0x80
	}
	return b
}

func TestReceive(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []event
		want   string
	}{
		{"a press with its end three times", []event{
			{1000, true, 5, false, 160}, {1000, false, 5, false, 320},
			{1000, false, 5, true, 480}, {1000, false, 5, true, 480}, {1000, false, 5, true, 480},
		}, "5"},
		{"only the last end arrived", []event{{1000, false, 11, true, 800}}, "#"},
		{"all ends lost, then the same key again", []event{
			{1000, true, 1, false, 160}, {1000, false, 1, false, 320},
			{3000, true, 1, false, 160},
		}, "11"},
		{"all ends and the next marker lost", []event{
			{1000, true, 1, false, 160}, {3000, false, 1, false, 320},
		}, "11"},
		{"an end that comes after the next press", []event{
			{1000, true, 1, false, 160}, {2000, true, 2, false, 160}, {1000, false, 1, true, 480}, {2000, false, 2, true, 480},
		}, "12"},
		{"a long press in three segments", []event{
			{1000, true, 9, false, 160}, {1000, false, 9, false, 0xFFFF},
			{1000 + 0xFFFF, false, 9, false, 160}, {1000 + 0xFFFF, false, 9, false, 0xFFFF},
			{1000 + 2*0xFFFF, false, 9, true, 800},
		}, "9"},
		{"the last packet of a full segment lost", []event{
			{1000, true, 9, false, 0xFFFF - 160}, {1000 + 0xFFFF, false, 9, true, 160},
		}, "9"},
		{"a long press, ended, then the same key", []event{
			{1000, true, 9, true, 0xFFFF}, {1000 + 0xFFFF, true, 9, false, 160},
		}, "99"},
		{"the clock wraps", []event{
			{0xFFFFFF00, true, 0, true, 160}, {0x100, true, 10, false, 160},
		}, "0*"},
		{"another clock, far behind", []event{{1 << 30, true, 7, true, 160}, {1000, true, 8, true, 160}}, "78"},
		{"the first timestamp is nought", []event{{0, true, 3, false, 160}, {0, false, 3, true, 320}}, "3"},
		{"a hook flash is no key", []event{{1000, true, 16, false, 160}, {2000, true, 4, false, 160}}, "4"},
		{"letters", []event{{1, true, 12, true, 1}, {2, true, 13, true, 1}, {3, true, 14, true, 1}, {4, true, 15, true, 1}}, "ABCD"},
	} {
		var r Receiver
		var got strings.Builder
		for _, e := range c.events {
			if key, ok := r.Receive(e.ts, e.marker, e.payload()); ok {
				got.WriteRune(key)
			}
		}
		if got.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.String(), c.want)
		}
	}
	var r Receiver
	if key, ok := r.Receive(1, true, []byte{5, 10, 0}); ok {
		t.Errorf("three bytes gave %q", key)
	}
}

// TestSentKeysArrive sends keys through loss and duplication: as long as one
// packet of each press arrives, each key is heard exactly once and in order.
func TestSentKeysArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringMatching(`[0-9*#A-D]{0,12}`).Draw(t, "keys")
		var s Sender
		if !s.Press(want) {
			t.Fatalf("%q was refused", want)
		}
		var r Receiver
		var got strings.Builder
		now := rapid.Uint32().Draw(t, "clock")
		var packets []Packet
		var presses int
		for tick := 0; s.Busy(); tick++ {
			if tick > len(want)*(pressTicks+pauseTicks) {
				t.Fatal("the sender does not come to an end")
			}
			packets = s.Next(packets, now, 160)
			if now += 160; len(packets) < pressTicks+endRepeats-1 {
				continue
			}
			presses++
			kept := rapid.IntRange(0, len(packets)-1).Draw(t, "kept")
			for i, p := range packets {
				copies := rapid.IntRange(0, 2).Draw(t, "copies")
				if i == kept {
					copies = max(copies, 1)
				}
				for range copies {
					if key, ok := r.Receive(p.Timestamp, p.Marker, p.Payload[:]); ok {
						got.WriteRune(key)
					}
				}
			}
			packets = packets[:0]
		}
		if got.String() != want || presses != len(want) {
			t.Fatalf("heard %q, pressed %q in %d presses", got.String(), want, presses)
		}
	})
}

func TestPressRefuses(t *testing.T) {
	var s Sender
	if s.Press("12x") || s.Busy() {
		t.Error("12x was taken")
	}
	if s.Press(strings.Repeat("1", maxQueue+1)) || !s.Press(strings.Repeat("1", maxQueue)) || s.Press("1") {
		t.Error("the queue has no bound")
	}
}

func FuzzReceive(f *testing.F) {
	f.Add(uint32(0), true, []byte{1, 0x8A, 0, 160})
	f.Fuzz(func(t *testing.T, ts uint32, marker bool, payload []byte) {
		var r Receiver
		key, ok := r.Receive(ts, marker, payload)
		if ok && !Valid(key) {
			t.Fatalf("%q", key)
		}
		if _, again := r.Receive(ts, marker, payload); again {
			t.Fatal("the same packet was two presses")
		}
	})
}
