package worker

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A frame on the socket is four bytes of payload length and four of stream
// number, both big-endian, one of kind, and the payload.
const headerSize = 9

type kind uint8

const (
	kindSetup  kind = 1 + iota // server → worker: setup as JSON
	kindHello                  // worker → server: ready; a payload says why not
	kindPing                   // server → worker
	kindPong                   // worker → server: resident bytes, 8 bytes
	kindOpen                   // server → worker: hello of a new stream
	kindOpened                 // worker → server
	kindData                   // both ways
	kindCredit                 // both ways: bytes handled, 4 bytes
	kindClose                  // server → worker: end this stream
	kindClosed                 // worker → server: it has ended; a payload says why
	kindLast
)

type frame struct {
	kind    kind
	stream  uint32
	payload []byte
}

func appendFrame(dst []byte, f frame) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(f.payload)))
	dst = binary.BigEndian.AppendUint32(dst, f.stream)
	dst = append(dst, byte(f.kind))
	return append(dst, f.payload...)
}

// readFrame reads one frame into memory of its own. It returns io.EOF only
// between frames.
func readFrame(r io.Reader) (frame, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	f := frame{stream: binary.BigEndian.Uint32(head[4:8]), kind: kind(head[8])}
	if n > MaxMessage {
		return frame{}, fmt.Errorf("a frame of %d bytes: %w", n, ErrTooLong)
	}
	if f.kind < kindSetup || f.kind >= kindLast {
		return frame{}, fmt.Errorf("worker: unknown kind of frame %d", f.kind)
	}
	f.payload = make([]byte, n)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return frame{}, io.ErrUnexpectedEOF
	}
	return f, nil
}

// setup is the first message to a worker.
type setup struct {
	Nice     int    `json:"nice"`
	Settings []byte `json:"settings"`
}
