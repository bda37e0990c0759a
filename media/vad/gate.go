package vad

import "math"

// Levels of the gate, in dB of full scale, and its pace.
const (
	gateOpen    = 6.0   // above the noise floor
	gateLeast   = -55.0 // what is quieter is never a voice
	floorLow    = -75.0
	floorHigh   = -38.0 // what is louder by gateOpen is never taken for noise
	floorRise   = 3.0   // dB a second: a new steady noise is learnt in seconds
	floorFall   = 0.3   // share of the way down a packet
	gateHold    = 200   // ms that the gate stays open after the last loud packet
	gateStartAt = -60.0
)

// Gate is the cheap look at every packet: whether it is louder than the noise
// behind it. It costs a tenth of a microsecond and errs towards open; what is
// a voice is decided by a detector, which runs only while the gate is open. The
// zero value is a gate at its start.
type Gate struct {
	started bool
	floor   float64
	level   float64
	hold    float64 // ms
}

// Open takes one packet's samples at 8 kHz, any number of them, and tells
// whether the gate is open.
func (g *Gate) Open(pcm []int16) bool {
	if len(pcm) == 0 {
		return g.hold > 0
	}
	var sum int64
	for i := 0; i < len(pcm); i += 2 { // every other sample carries the level well enough
		sum += int64(pcm[i]) * int64(pcm[i])
	}
	power := float64(sum) / float64((len(pcm)+1)/2)
	level := floorLow
	if power > 1 {
		level = 10*math.Log10(power) - 90.3
	}
	if !g.started {
		g.started, g.floor = true, gateStartAt
	}
	ms := float64(len(pcm)) / 8
	if level < g.floor {
		g.floor += (level - g.floor) * floorFall
	} else {
		g.floor += floorRise * ms / 1000
	}
	g.floor = min(max(g.floor, floorLow), floorHigh)
	if level > g.floor+gateOpen && level > gateLeast {
		g.hold = gateHold + ms
	}
	g.hold = max(g.hold-ms, 0)
	g.level = level
	return g.hold > 0
}

// LevelDB is the power of the last packet, 0 being full scale, and at least -75.
func (g *Gate) LevelDB() float64 { return g.level }
