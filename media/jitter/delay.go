package jitter

import "time"

// remembered is over how many packets the delay is judged: 4 s of 20 ms.
const remembered = 200

// outliers of those may be later than the target: 1 %.
const outliers = remembered / 100

// delays remembers how long the latest packets were under way, relative to the
// first one, and judges from them how long sound must be held back. All values
// are samples; only differences mean anything.
type delays struct {
	ref     uint32 // arrival less timestamp of the first packet
	last    [remembered]int32
	n, next int
	// of the remembered ones; renewed every few packets
	least, late int32
}

// reset forgets everything.
func (d *delays) reset() { *d = delays{} }

// add notes a packet. A delay further than `most` from all others is that of
// another clock: it begins a new judgement.
func (d *delays) add(arrival, timestamp uint32, most int32) {
	x := int32(arrival - timestamp - d.ref)
	if d.n == 0 || x > d.least+most || x < d.least-most {
		d.reset()
		d.ref, x = arrival-timestamp, 0
	}
	d.last[d.next] = x
	d.next = (d.next + 1) % remembered
	d.n = min(d.n+1, remembered)
	if d.n < 16 || d.next%8 == 0 {
		d.judge()
	}
}

// judge finds the least delay and the one that all but the outliers keep.
func (d *delays) judge() {
	d.least = d.last[0]
	var top [outliers + 1]int32 // the greatest, descending
	for i := range top {
		top[i] = d.last[0]
	}
	allowed := d.n * outliers / remembered
	for _, x := range d.last[1:d.n] {
		d.least = min(d.least, x)
		for i := range top {
			if x > top[i] {
				copy(top[i+1:], top[i:])
				top[i] = x
				break
			}
		}
	}
	d.late = top[allowed]
}

// samples turns a moment into clock units, which wrap like timestamps do.
func samples(at time.Duration, rate int64) uint32 {
	return uint32(int64(at/time.Second)*rate + int64(at%time.Second)*rate/int64(time.Second))
}
