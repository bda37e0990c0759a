package sip

import "time"

// way is how a key came.
type way uint8

const (
	inMedia way = iota // a telephone event, or tones
	inINFO
)

// sameKey: a far side that sends its keys in two ways at once presses each once,
// and the two come within so long.
const sameKey = 400 * time.Millisecond

// lastKey is the latest key of a leg.
type lastKey struct {
	key rune
	way way
	at  time.Time
}

// repeats reports whether a key is the latest one again, by the other way.
func (k *lastKey) repeats(key rune, by way, now time.Time) bool {
	if key == k.key && by != k.way && now.Sub(k.at) < sameKey {
		k.key = 0 // a third time is another press
		return true
	}
	*k = lastKey{key, by, now}
	return false
}
