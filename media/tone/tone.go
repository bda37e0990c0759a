// Package tone finds signalling tones in telephone sound: ringback, busy and
// congestion by country, the special information tone, fax, and the beep after
// which a voicemail records. It takes frames and gives events; nothing else.
package tone

import "time"

// Kind is what a tone means.
type Kind uint8

const (
	None Kind = iota
	Ringback
	Busy
	Congestion
	// SIT is the three rising tones before an announcement (ITU-T E.180).
	SIT
	// Beep is one sustained tone of 300 to 2500 Hz, told when it has ended.
	Beep
	// Fax is a machine's answering tone of 2100 Hz or its calling tone (ITU-T
	// T.30), or its first data (V.21), told while it lasts.
	Fax
	// The SIT with its reason in the North American code.
	SITIntercept
	SITVacant
	SITReorder
	SITNoCircuit
	// Unobtainable is Britain's steady tone.
	Unobtainable

	// Kinds is how many there are.
	Kinds
)

var names = [...]string{
	"none", "ringback", "busy", "congestion", "sit", "beep", "fax",
	"sit_intercept", "sit_vacant", "sit_reorder", "sit_no_circuit", "unobtainable",
}

func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Event is a tone that was found.
type Event struct {
	Kind Kind
	// Country whose plan it fits: "CN", "US", "GB", "EU", …; empty when it is
	// only E.180's. Where countries share a tone it is one of them.
	Country string
	// Hz and Length of a Beep or Fax.
	Hz     float64
	Length time.Duration
}

const tick = 20 * time.Millisecond

// Detector follows one direction of one call.
type Detector struct {
	x    [160]float32
	bank bank
	cad  cadence
	solo solo
	fsk  fsk
}

// New returns a detector for frames of 160 samples at 8 kHz.
func New() *Detector {
	return &Detector{bank: newBank(), solo: solo{voice: spoken + tick, calling: time.Hour}}
}

// Frame takes the next 20 ms; ok reports that a tone was found in it. It never
// allocates and panics when pcm is shorter than 160 samples.
func (d *Detector) Frame(pcm []int16) (e Event, ok bool) {
	for i, s := range pcm[:160] {
		d.x[i] = float32(s) / 32768
	}
	f := fit(d.x[:])
	if f.level < weakest {
		d.bank.skip()
	} else {
		d.bank.hear(d.x[:])
	}
	s := d.bank.signal()
	if v, ok := d.cad.hear(s, d.solo.voice <= spoken); ok {
		return Event{Kind: v.kind, Country: v.country}, true
	}
	if d.fsk.hear(d.x[:], f) {
		return Event{Kind: Fax, Hz: 1750, Length: d.fsk.length}, true
	}
	return d.solo.hear(f, s, d.cad.told != None)
}

// Sounding reports whether the last frame belongs to a tone, known or not, so
// that it is nobody's speech.
func (d *Detector) Sounding() bool {
	return d.cad.sounding && d.cad.sounds != none && d.cad.other == 0 || d.solo.length >= 3*tick && d.solo.gap == 0
}
