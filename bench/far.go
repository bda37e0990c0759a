package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/rtp"
	"parley/media/wav"
)

// order is what the measured process asks of its far side, a line of JSON.
type order struct {
	// Join opens a socket for each of these ports of ours. Of every hundred,
	// Talking speak; the others are a quiet line.
	Join    []uint16 `json:"join,omitempty"`
	Talking int      `json:"talking,omitempty"`
	// Speak lets those that talk begin; before they are quiet too, so that
	// calls begin beside idle recognisers.
	Speak bool `json:"speak,omitempty"`
	// Count starts counting anew and answers with what was counted.
	Count bool `json:"count,omitempty"`
}

// answer is the far side's reply, a line of JSON.
type answer struct {
	Ports    []uint16 `json:"ports,omitempty"`
	Received int64    `json:"received"`
	Lost     int64    `json:"lost"`
	// CPU is the processor time that the far side used since the last count.
	CPU   time.Duration `json:"cpu,omitempty"`
	Error string        `json:"error,omitempty"`
}

// Far is the other process: the far side of media calls. It sends and counts
// RTP on one socket a call until in ends. Speech, if named, is a WAV file of
// 8 kHz that talking calls repeat.
func Far(ctx context.Context, in io.Reader, out io.Writer, speech string) error {
	if _, err := raiseFiles(); err != nil {
		return err
	}
	f := &far{quiet: quietLine()}
	if speech != "" {
		said, err := wav.Read(speech)
		if err != nil {
			return fmt.Errorf("read the speech: %w", err)
		}
		f.speech = padTo(said.PCM, 4*8000)
	}
	wheel := beat.New(beat.Options{Threads: 1})
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = wheel.Run(ctx) })
	defer running.Wait()
	defer cancel()
	defer f.close()
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		var a answer
		if o.Speak {
			f.speak()
		}
		if o.Count {
			a.Received, a.Lost = f.count()
			used := cpu()
			a.CPU, f.seenCPU = used-f.seenCPU, used
		}
		for _, port := range o.Join {
			p, err := f.join(wheel, port, o.Talking)
			if err != nil {
				a.Error = err.Error()
				break
			}
			a.Ports = append(a.Ports, p)
		}
		if err := answers.Encode(a); err != nil {
			return fmt.Errorf("answer an order: %w", err)
		}
	}
}

type far struct {
	quiet, speech []byte // mu-law, whole ticks
	mu            sync.Mutex
	calls         []*party
	seenGot       int64
	seenLost      int64
	seenCPU       time.Duration
}

// party is the far side of one call; its fields belong to its beat.
type party struct {
	mu     sync.Mutex // held by a tick, and by whoever counts
	fd     int
	sound  []byte
	speech []byte // nil for one that stays quiet
	at     int
	header rtp.Header
	packet []byte
	buf    [512]byte
	began  bool
	next   uint16
	got    int64
	lost   int64
	leave  func()
}

func (f *far) join(wheel *beat.Wheel, to uint16, talking int) (uint16, error) {
	fd, err := loopback()
	if err != nil {
		return 0, err
	}
	if err := errors.Join(unix.SetNonblock(fd, true), unix.Connect(fd, &unix.SockaddrInet4{Port: int(to), Addr: [4]byte{127, 0, 0, 1}})); err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("connect to port %d: %w", to, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.calls)
	p := &party{fd: fd, sound: f.quiet, header: rtp.Header{SSRC: uint32(n) + 1}, packet: make([]byte, 0, packetSize)}
	if talks(n, talking) && f.speech != nil {
		p.speech = f.speech
	}
	p.leave = wheel.Join(func(beat.Tick) { p.tick() })
	f.calls = append(f.calls, p)
	return portOf(fd)
}

// talks spreads the talking calls among the others.
func talks(n, share int) bool { return (n*share)%100 < share }

const tick = 160

func (p *party) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		n, err := unix.Read(p.fd, p.buf[:])
		if err != nil || n == 0 {
			break
		}
		p.count(p.buf[:n])
	}
	p.packet = p.header.Append(p.packet[:0])
	p.packet = append(p.packet, p.sound[p.at:p.at+tick]...)
	p.at = (p.at + tick) % len(p.sound)
	p.header.Sequence++
	p.header.Timestamp += tick
	_, _ = unix.Write(p.fd, p.packet) // a full buffer is a lost packet of the generator
}

func (p *party) count(raw []byte) {
	if len(raw) < rtp.HeaderSize || rtp.IsRTCP(raw) {
		return
	}
	sequence := binary.BigEndian.Uint16(raw[2:])
	if p.began {
		if gap := int16(sequence - p.next); gap > 0 {
			p.lost += int64(gap)
		}
	}
	p.began, p.next = true, sequence+1
	p.got++
}

// speak begins all speech that has not begun.
func (f *far) speak() {
	for n, p := range f.calls {
		p.mu.Lock()
		if p.speech != nil {
			p.sound, p.speech = p.speech, nil
			p.at = n * 37 % (len(p.sound) / tick) * tick // not all at once
		}
		p.mu.Unlock()
	}
}

// count is what came and what did not since the last time.
func (f *far) count() (got, lost int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.calls {
		p.mu.Lock()
		got += p.got
		lost += p.lost
		p.mu.Unlock()
	}
	got, f.seenGot = got-f.seenGot, got
	lost, f.seenLost = lost-f.seenLost, lost
	return got, lost
}

func (f *far) close() {
	for _, p := range f.calls {
		p.leave()
		unix.Close(p.fd)
	}
}

// quietLine is a second of a line's own noise, -66 dB of full scale.
func quietLine() []byte {
	pcm := make([]int16, media.Rate8k.Samples()*50)
	state := uint32(1)
	for i := range pcm {
		state = state*1664525 + 1013904223
		pcm[i] = int16(state>>16%32) - 16
	}
	return codec.PCMU.AppendPayload(nil, pcm)
}

// padTo makes whole ticks of speech with silence behind it, at least n samples.
func padTo(pcm []int16, n int) []byte {
	n = max(n, len(pcm)+2*8000)
	n = (n + tick - 1) / tick * tick
	return codec.PCMU.AppendPayload(nil, append(pcm, make([]int16, n-len(pcm))...))
}

// speechFile keeps speech where the far side can read it.
func speechFile(dir string, pcm []int16) (string, error) {
	f, err := os.CreateTemp(dir, "speech-*.wav")
	if err != nil {
		return "", fmt.Errorf("keep the far side's speech: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("keep the far side's speech: %w", err)
	}
	return f.Name(), wav.Write(f.Name(), wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: pcm})
}
