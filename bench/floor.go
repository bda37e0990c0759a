package bench

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// packetSize is an RTP packet with 20 ms of G.711.
const packetSize = 172

// floorTick is the processor time of what no media plane can leave out: one
// packet sent and one received, on a connected socket of loopback, by one
// thread, without allocation.
func floorTick() (time.Duration, error) {
	a, b, err := socketPair()
	if err != nil {
		return 0, err
	}
	defer unix.Close(a)
	defer unix.Close(b)
	const rounds = 50_000
	packet := make([]byte, packetSize)
	before := cpu()
	for range rounds {
		if _, err := unix.Write(a, packet); err != nil {
			return 0, fmt.Errorf("send on loopback: %w", err)
		}
		if _, err := unix.Read(b, packet); err != nil {
			return 0, fmt.Errorf("receive on loopback: %w", err)
		}
	}
	return (cpu() - before) / rounds, nil
}

// socketPair makes two connected UDP sockets on loopback.
func socketPair() (a, b int, err error) {
	if a, err = loopback(); err != nil {
		return 0, 0, err
	}
	if b, err = loopback(); err != nil {
		unix.Close(a)
		return 0, 0, err
	}
	for _, s := range [][2]int{{a, b}, {b, a}} {
		to, nameErr := unix.Getsockname(s[1])
		if err = nameErr; err == nil {
			err = unix.Connect(s[0], to)
		}
		if err != nil {
			unix.Close(a)
			unix.Close(b)
			return 0, 0, fmt.Errorf("connect on loopback: %w", err)
		}
	}
	return a, b, nil
}

// loopback opens a UDP socket with a port of the system's choice.
func loopback() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open a UDP socket: %w", err)
	}
	to := unix.SockaddrInet4{Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}
	if err := unix.Bind(fd, &to); err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("bind a UDP socket: %w", err)
	}
	return fd, nil
}

// portOf is the port that a socket is bound to.
func portOf(fd int) (uint16, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, fmt.Errorf("ask for a socket's port: %w", err)
	}
	in4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("a socket of another family: %T", name)
	}
	return uint16(in4.Port), nil
}
