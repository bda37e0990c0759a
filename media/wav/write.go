package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"parley/media"
)

// HeaderSize is the length of the header that this package writes.
const HeaderSize = 44

// dataMost is what the format's 32-bit sizes can count: 37 hours of a call.
const dataMost = 1<<32 - 1 - HeaderSize

var errFull = errors.New("wav: the file is full; the format ends at 4 GB")

// Header is the header of a file with so many bytes of 16-bit samples.
func Header(rate media.Rate, channels int, data int64) [HeaderSize]byte {
	var h [HeaderSize]byte
	le := binary.LittleEndian
	block := 2 * channels
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], uint32(HeaderSize-8+data))
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], tagPCM)
	le.PutUint16(h[22:], uint16(channels))
	le.PutUint32(h[24:], uint32(rate))
	le.PutUint32(h[28:], uint32(int(rate)*block))
	le.PutUint16(h[32:], uint16(block))
	le.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	le.PutUint32(h[40:], uint32(data))
	return h
}

// Writer writes a file of 16-bit samples piece by piece. After NewWriter and
// after every Flush the file is whole; between them it only lacks the newest
// samples, and Repair finds those. It is used by one goroutine.
type Writer struct {
	w        io.WriterAt
	rate     media.Rate
	channels int
	data     int64
}

// NewWriter begins a file with a header without samples.
func NewWriter(w io.WriterAt, rate media.Rate, channels int) (*Writer, error) {
	wr := &Writer{w: w, rate: rate, channels: channels}
	return wr, wr.Flush()
}

// Write appends little-endian samples, channels interleaved. What was written
// before an error counts.
func (w *Writer) Write(b []byte) (int, error) {
	if w.data+int64(len(b)) > dataMost {
		return 0, errFull
	}
	n, err := w.w.WriteAt(b, HeaderSize+w.data)
	w.data += int64(n)
	if err != nil {
		return n, fmt.Errorf("wav: write samples: %w", err)
	}
	return n, nil
}

// Size is how long the file is up to its last whole block; what a failed write
// left behind it may be cut off.
func (w *Writer) Size() int64 {
	block := int64(2 * w.channels)
	return HeaderSize + w.data/block*block
}

// Flush makes the header count what was written, whole blocks only.
func (w *Writer) Flush() error {
	h := Header(w.rate, w.channels, w.Size()-HeaderSize)
	if _, err := w.w.WriteAt(h[:], 0); err != nil {
		return fmt.Errorf("wav: write the header: %w", err)
	}
	return nil
}

// Length is how long the sound written so far lasts.
func (w *Writer) Length() time.Duration {
	return w.rate.Duration(int(w.data) / (2 * w.channels))
}

// Write writes a whole file.
func Write(path string, s Sound) (err error) {
	if s.Channels < 1 || s.Channels > channelsMost || s.Rate < rateLeast || s.Rate > rateMost || len(s.PCM)%s.Channels != 0 {
		return fmt.Errorf("wav: %d samples in %d channels at %d Hz cannot be written", len(s.PCM), s.Channels, s.Rate)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := NewWriter(f, s.Rate, s.Channels)
	if err != nil {
		return err
	}
	b := make([]byte, 0, 2*len(s.PCM))
	for _, v := range s.PCM {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	return w.Flush()
}
