package line

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const errInUse = unix.EADDRINUSE

const (
	// batchSize packets are received in one system call: one comes in a usual
	// tick, a few after a late one.
	batchSize = 4
	// packetMax holds 60 ms of G.711 with every header extension in use. What
	// is longer is cut by the kernel and then dropped.
	packetMax = 1024
	// expedited is the DSCP for voice (RFC 3246), as a TOS byte.
	expedited = 0xB8
)

// socket is a non-blocking UDP socket outside Go's poller: the beat asks it
// once a tick, and nothing ever waits for it.
//
// The calls use RawSyscall, which keeps the runtime's processor: they return
// within microseconds, and giving it up would cost more than the call.
type socket struct {
	fd   int
	peer netip.AddrPort // connected to; invalid while not
}

// listen binds an address. IPv4-mapped addresses are taken as IPv4.
func listen(at netip.AddrPort) (*socket, error) {
	at = unmap(at)
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("line: open a UDP socket: %w", err)
	}
	var to unix.Sockaddr
	if family == unix.AF_INET {
		to = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	} else {
		to = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	if err := unix.Bind(fd, to); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("line: bind UDP %v: %w", at, err)
	}
	// Both are wishes: sound flows without them.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if family == unix.AF_INET {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, expedited)
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expedited)
	}
	return &socket{fd: fd}, nil
}

func (s *socket) close() { _ = unix.Close(s.fd) }

// connect makes the kernel drop whatever does not come from peer; an invalid
// peer undoes it. Packets queued before are still delivered.
func (s *socket) connect(peer netip.AddrPort) error {
	var name sockaddr
	size := name.set(peer)
	if _, _, e := unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(&name)), size); e != 0 {
		return e
	}
	s.peer = peer
	return nil
}

// send sends one packet to an address.
func (s *socket) send(packet []byte, to netip.AddrPort) error {
	var name sockaddr
	var at unsafe.Pointer
	var size uintptr
	if s.peer != to { // a connected socket saves the kernel the route
		size = name.set(to)
		at = unsafe.Pointer(&name)
	}
	_, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&packet[0])), uintptr(len(packet)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(at), size)
	if e != 0 {
		return e
	}
	return nil
}

// sockaddr holds an IPv4 or IPv6 socket address.
type sockaddr struct{ raw unix.RawSockaddrInet6 }

// set writes an address and returns its size; an invalid one is AF_UNSPEC.
func (n *sockaddr) set(a netip.AddrPort) uintptr {
	switch {
	case a.Addr().Is4():
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&n.raw))
		v4.Family, v4.Addr = unix.AF_INET, a.Addr().As4()
		v4.Port = network(a.Port())
		return unix.SizeofSockaddrInet4
	case a.Addr().Is6():
		n.raw.Family, n.raw.Addr = unix.AF_INET6, a.Addr().As16()
		n.raw.Port = network(a.Port())
		return unix.SizeofSockaddrInet6
	}
	n.raw.Family = unix.AF_UNSPEC
	return unix.SizeofSockaddrInet4
}

// get reads the address that the kernel wrote.
func (n *sockaddr) get() netip.AddrPort {
	switch n.raw.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&n.raw))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), network(v4.Port))
	case unix.AF_INET6:
		return unmap(netip.AddrPortFrom(netip.AddrFrom16(n.raw.Addr), network(n.raw.Port)))
	}
	return netip.AddrPort{}
}

// network swaps a port between the machine's order and the network's.
func network(p uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&p))
	return uint16(b[0])<<8 | uint16(b[1])
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// mmsghdr is the kernel's struct of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	size uint32
	_    [4]byte
}

// batch is the memory for receiving; it must not move once prepared. The lines
// of a thread take turns with one, which so stays in the processor's caches and
// out of every call's memory.
type batch struct {
	heads   [batchSize]mmsghdr
	vectors [batchSize]unix.Iovec
	names   [batchSize]sockaddr
	control [batchSize][32]byte // one timestamp: 16 bytes of head, 16 of timespec
	packets [batchSize][packetMax]byte
	pcm     [packetMax]int16 // one packet, decoded
}

// spare are the batches that nobody uses now: one for each thread of a beat, and
// some for whoever else drives a line.
var spare [8]atomic.Pointer[batch]

// borrow takes a batch for the length of one tick; it allocates only when more
// threads than ever before want one.
func borrow() *batch {
	for i := range spare {
		if b := spare[i].Swap(nil); b != nil {
			return b
		}
	}
	return newBatch()
}

// giveBack ends borrow; one too many is left to the collector.
func (b *batch) giveBack() {
	for i := range spare {
		if spare[i].CompareAndSwap(nil, b) {
			return
		}
	}
}

func newBatch() *batch {
	b := &batch{}
	for i := range b.heads {
		b.vectors[i].Base = &b.packets[i][0]
		b.vectors[i].SetLen(packetMax)
		h := &b.heads[i].Msghdr
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Iov = &b.vectors[i]
		h.SetIovlen(1)
		h.Control = &b.control[i][0]
	}
	return b
}

// receive takes what is there, up to batchSize packets; n is 0 with EAGAIN when
// nothing is.
func (b *batch) receive(s *socket) (n int, e unix.Errno) {
	for i := range b.heads {
		h := &b.heads[i].Msghdr
		h.Namelen = uint32(unsafe.Sizeof(b.names[i]))
		h.SetControllen(len(b.control[i]))
	}
	r, _, e := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&b.heads)), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(r), 0
}

// packet is the i-th packet received; nil if it was too long.
func (b *batch) packet(i int) (raw []byte, from netip.AddrPort) {
	if b.heads[i].Flags&unix.MSG_TRUNC != 0 {
		return nil, netip.AddrPort{}
	}
	return b.packets[i][:b.heads[i].size], b.names[i].get()
}

// age is how long before now the kernel received the i-th packet; 0 if it did
// not say.
func (b *batch) age(i int, now time.Time) time.Duration {
	if b.heads[i].Controllen < 32 {
		return 0
	}
	head := (*unix.Cmsghdr)(unsafe.Pointer(&b.control[i]))
	if head.Level != unix.SOL_SOCKET || head.Type != unix.SO_TIMESTAMPNS {
		return 0
	}
	at := (*unix.Timespec)(unsafe.Pointer(&b.control[i][unix.SizeofCmsghdr]))
	age := time.Duration(now.UnixNano() - at.Nano())
	if age < 0 || age > time.Second { // the wall clock was set meanwhile
		return 0
	}
	return age
}
