package relay

import (
	"container/heap"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Relay.
type Options struct {
	// Towards is what happens to packets from the near to the far side, Back to
	// the others.
	Towards, Back Impairment
	Seed          uint64
	// Local is the address of both sockets; the zero value is 127.0.0.1.
	Local netip.Addr
}

// Stats count packets of both directions.
type Stats struct {
	Received, Lost, Repeated, Sent int64
	// Overrun packets found more than waitMost under way.
	Overrun int64
}

// waitMost bounds the packets under way in one direction.
const waitMost = 4096

// Relay stands between two sides. The near one talks to Near and hears the far
// one from there, the far one talks to Far:
//
//	near side <--> Near | relay | Far <--> far side
//
// Whoever describes the near side to the far one names Far in its place, and the
// other way round: a wrapper around a leg's media does so in ten lines.
type Relay struct {
	towards, back *lane
	work          sync.WaitGroup
}

// lane is one direction.
type lane struct {
	in, out *net.UDPConn
	began   time.Time
	path    *Path // of the reader
	to      atomic.Pointer[netip.AddrPort]

	mu     sync.Mutex
	wait   queue
	closed bool
	wake   chan struct{}

	received, lost, repeated, sent, overrun atomic.Int64
}

// Open binds the two sockets. Packets are dropped before Connect.
func Open(o Options) (*Relay, error) {
	if !o.Local.IsValid() {
		o.Local = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	bind := func() (*net.UDPConn, error) {
		return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(o.Local, 0)))
	}
	near, err := bind()
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	far, err := bind()
	if err != nil {
		_ = near.Close()
		return nil, fmt.Errorf("relay: %w", err)
	}
	began := time.Now()
	r := &Relay{
		towards: &lane{in: near, out: far, began: began, path: NewPath(o.Towards, o.Seed), wake: make(chan struct{}, 1)},
		back:    &lane{in: far, out: near, began: began, path: NewPath(o.Back, o.Seed+1), wake: make(chan struct{}, 1)},
	}
	for _, l := range []*lane{r.towards, r.back} {
		r.work.Go(l.read)
		r.work.Go(l.send)
	}
	return r, nil
}

// Near is where the near side sends to.
func (r *Relay) Near() netip.AddrPort { return local(r.towards.in) }

// Far is where the far side sends to.
func (r *Relay) Far() netip.AddrPort { return local(r.back.in) }

func local(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// Connect says where the two sides are; it may be called again.
func (r *Relay) Connect(near, far netip.AddrPort) {
	r.towards.to.Store(&far)
	r.back.to.Store(&near)
}

// Stats may be asked at any time.
func (r *Relay) Stats() (towards, back Stats) { return r.towards.stats(), r.back.stats() }

func (l *lane) stats() Stats {
	return Stats{l.received.Load(), l.lost.Load(), l.repeated.Load(), l.sent.Load(), l.overrun.Load()}
}

// Close drops what is under way and returns after the last goroutine.
func (r *Relay) Close() {
	for _, l := range []*lane{r.towards, r.back} {
		_ = l.in.Close()
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.nudge()
	}
	r.work.Wait()
}

func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// read takes packets and decides about them.
func (l *lane) read() {
	buf := make([]byte, 1<<16)
	var times []time.Duration
	for {
		n, _, err := l.in.ReadFromUDPAddrPort(buf)
		if err != nil {
			if l.over() {
				return
			}
			continue // an ICMP answer to something sent before
		}
		l.received.Add(1)
		times = l.path.Next(times[:0], time.Since(l.began))
		switch len(times) {
		case 0:
			l.lost.Add(1)
		case 2:
			l.repeated.Add(1)
		}
		packet := append([]byte(nil), buf[:n]...)
		for _, at := range times {
			l.put(parcel{at, l.received.Load(), packet})
		}
	}
}

func (l *lane) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (l *lane) put(p parcel) {
	l.mu.Lock()
	if len(l.wait) >= waitMost {
		l.overrun.Add(1)
	} else {
		heap.Push(&l.wait, p)
	}
	l.mu.Unlock()
	l.nudge()
}

// send lets packets go at their times.
func (l *lane) send() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p, wait, closed := l.next()
		if closed {
			return
		}
		if wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-l.wake:
			}
			continue
		}
		if to := l.to.Load(); to != nil {
			if _, err := l.out.WriteToUDPAddrPort(p.packet, *to); err == nil {
				l.sent.Add(1)
			}
		}
	}
}

// next is the packet that is due, or how long to wait.
func (l *lane) next() (p parcel, wait time.Duration, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return p, 0, true
	case len(l.wait) == 0:
		return p, time.Hour, false
	}
	if wait = l.wait[0].at - time.Since(l.began); wait > 0 {
		return p, wait, false
	}
	return heap.Pop(&l.wait).(parcel), 0, false
}

// parcel is a packet under way.
type parcel struct {
	at     time.Duration
	n      int64 // in the order of arrival
	packet []byte
}

// queue has the next one first.
type queue []parcel

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].n < q[j].n
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(parcel)) }
func (q *queue) Pop() any {
	old := *q
	p := old[len(old)-1]
	old[len(old)-1] = parcel{}
	*q = old[:len(old)-1]
	return p
}
