package ladder

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// Bounds of a tape. The set-up of a call, and how it ended, say most: so it
// keeps its first and its last entries.
const (
	headEntries, tailEntries = 48, 64
	headBytes, tailBytes     = 24 << 10, 24 << 10
	maxStep                  = 500
)

// Tape takes what happens to one call as it happens. It never waits and never
// grows beyond its bounds; several goroutines may use it.
type Tape struct {
	mu         sync.Mutex
	call       string
	started    time.Time
	n          int
	head, tail []Entry
	headSize   int
	tailSize   int
	isFull     bool // the head takes no more
	watch      func(Entry)
}

// NewTape begins the ladder of a call.
func NewTape(call string, started time.Time) *Tape {
	return &Tape{call: call, started: started}
}

// Watch tells every entry from now on as it is kept, one at a time and in
// their order. The tape waits for it.
func (t *Tape) Watch(told func(Entry)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watch = told
}

// Add takes a message.
func (t *Tape) Add(m Message) {
	e := read(m)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.same(e); n > 0 {
		e.Raw, e.Cut, e.Repeats = "", 0, n
	}
	t.keep(m.At, e)
}

// Step takes what happened beside the messages.
func (t *Tape) Step(at time.Time, what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep(at, Entry{Step: clip(what, maxStep)})
}

// Ladder is what was kept so far, in the order of its times: what is sent is
// told by one goroutine, the answer to it by another, which may be faster.
func (t *Tape) Ladder() Ladder {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.Concat(t.head, t.tail)
	inTime := func(a, b Entry) int { return cmp.Compare(a.OffsetMS, b.OffsetMS) }
	slices.SortStableFunc(all[:len(t.head)], inTime)
	slices.SortStableFunc(all[len(t.head):], inTime)
	l := Ladder{Call: t.call, Started: t.started, Entries: all, LeftOut: t.n - len(all)}
	now := make(map[int]int, len(all)) // by the number it was told with
	for i := range all {
		n := i + 1
		if i >= len(t.head) {
			n += l.LeftOut
		}
		now[all[i].N], all[i].N = n, n
	}
	for i := range all {
		if all[i].Repeats > 0 {
			all[i].Repeats = now[all[i].Repeats]
		}
	}
	return l
}

// same finds the kept message of which e is a retransmission.
func (t *Tape) same(e Entry) int {
	for _, part := range [][]Entry{t.head, t.tail} {
		for i := range part {
			k := &part[i]
			if k.Direction == e.Direction && k.Raw == e.Raw && k.Peer == e.Peer && k.Cut == e.Cut {
				return k.N
			}
		}
	}
	return 0
}

func (t *Tape) keep(at time.Time, e Entry) {
	t.n++
	e.N = t.n
	e.OffsetMS = math.Round(float64(at.Sub(t.started))/float64(time.Microsecond)) / 1000
	if t.watch != nil {
		defer t.watch(e)
	}
	size := e.size()
	if !t.isFull && len(t.head) < headEntries && t.headSize+size <= headBytes {
		t.head, t.headSize = append(t.head, e), t.headSize+size
		return
	}
	t.isFull = true
	for len(t.tail) > 0 && (len(t.tail) >= tailEntries || t.tailSize+size > tailBytes) {
		t.tailSize -= t.tail[0].size()
		copy(t.tail, t.tail[1:]) // a few kilobytes, and only in calls that are very long
		t.tail = t.tail[:len(t.tail)-1]
	}
	t.tail, t.tailSize = append(t.tail, e), t.tailSize+size
}

// size is about the memory of an entry's text.
func (e *Entry) size() int { return len(e.Raw) + len(e.First) + len(e.Peer) + len(e.Step) }
