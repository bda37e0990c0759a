//go:build !race

package line

import (
	"testing"

	"parley/media"
	"parley/media/beat"
	"parley/media/srtp"
)

// The race detector empties the pools that the ciphers keep their state in.

func TestSecureWithoutAllocation(t *testing.T) {
	for _, suite := range srtp.Suites {
		var m beat.Manual
		a, b := open(t, nil), open(t, nil)
		a.now, b.now, a.virtual, b.virtual = m.Now, m.Now, true, true
		a.began, b.began = m.Now(), m.Now()
		secured(t, a, b, suite)
		said := tone(5000)(1)
		var f media.Frame
		turn := func() {
			m.Skip(1)
			_ = a.ReadFrame(&f)
			_ = a.WriteFrame(said)
			_ = b.ReadFrame(&f)
			_ = b.WriteFrame(said)
		}
		for range 400 { // the first packets and reports set up their state
			turn()
		}
		if n := testing.AllocsPerRun(200, turn); n != 0 {
			t.Errorf("%v: %v allocations a tick", suite, n)
		}
	}
}
