package line

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// drain is how long a closed port rests: packets still under way to the old
// call must not find a new one there.
const drain = 5 * time.Second

// ErrNoPort is returned by Open when every port is in use or resting.
var ErrNoPort = errors.New("line: no media port is free; widen the port range or place fewer calls at once")

// Ports hands out pairs of UDP ports: the even one for RTP, the next for RTCP.
// It may be shared by any number of lines.
type Ports struct {
	mu   sync.Mutex
	free []rest // in the order in which they were freed
}

type rest struct {
	port  uint16
	since time.Time
}

// NewPorts makes a range of all pairs between lo and hi, both included.
func NewPorts(lo, hi int) (*Ports, error) {
	lo += lo & 1
	if lo < 1024 || hi > 65535 || lo+1 > hi {
		return nil, fmt.Errorf("line: no pair of media ports lies in %d-%d; choose a range within 1024-65535", lo, hi)
	}
	p := &Ports{}
	for port := lo; port+1 <= hi; port += 2 {
		p.free = append(p.free, rest{port: uint16(port)})
	}
	// Ports that nobody can guess are harder to inject into.
	rand.Shuffle(len(p.free), func(i, j int) { p.free[i], p.free[j] = p.free[j], p.free[i] })
	return p, nil
}

// Free is how many pairs are not in use, resting ones included.
func (p *Ports) Free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.free)
}

// open binds the first rested pair that can be had; each is tried once.
func (p *Ports) open(local netip.Addr) (rtp, rtcp *socket, port uint16, err error) {
	for range p.Free() {
		port, ok := p.take()
		if !ok {
			break
		}
		rtp, err = listen(netip.AddrPortFrom(local, port))
		if err == nil {
			if rtcp, err = listen(netip.AddrPortFrom(local, port+1)); err == nil {
				return rtp, rtcp, port, nil
			}
			rtp.close()
		}
		p.put(port)
		if !errors.Is(err, errInUse) {
			return nil, nil, 0, err
		}
	}
	return nil, nil, 0, ErrNoPort
}

// take removes the port that has rested longest, if it rested long enough.
func (p *Ports) take() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 || time.Since(p.free[0].since) < drain {
		return 0, false
	}
	port := p.free[0].port
	p.free = p.free[1:]
	return port, true
}

func (p *Ports) put(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, rest{port: port, since: time.Now()})
}
