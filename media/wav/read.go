// Package wav reads and writes RIFF WAVE files.
//
// Its writer keeps a file readable while it grows, its reader takes files from
// strangers, and Repair makes whole what a crash left behind.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"parley/media"
)

// Bounds on what is read; a recording of an hour keeps well within them.
const (
	sizeMost     = 256 << 20 // bytes of a file
	channelsMost = 8
	rateLeast    = 4000
	rateMost     = 192000
	chunksMost   = 1000 // before the data
)

// Sound is a whole file's content.
type Sound struct {
	Rate     media.Rate
	Channels int
	PCM      []int16 // interleaved
}

// ErrNotWAV wraps every error about the content of a file.
var ErrNotWAV = errors.New("not a usable WAV file")

// refuse makes an error that says what is wrong with the file.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotWAV, fmt.Sprintf(format, args...))
}

// Read reads a file of at most 256 MB.
func Read(path string) (Sound, error) {
	f, err := os.Open(path)
	if err != nil {
		return Sound{}, fmt.Errorf("wav: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Sound{}, fmt.Errorf("wav: %w", err)
	}
	s, err := Decode(f, info.Size())
	if err != nil {
		return Sound{}, fmt.Errorf("wav: read %s: %w", path, err)
	}
	return s, nil
}

// Decode reads a file of the given size: linear PCM of 8, 16, 24 or 32 bits, or
// 32-bit floats, becomes 16 bits. It allocates no more than the size calls for,
// whatever the file says about itself. A data chunk that claims to be longer
// than the file is read as far as it goes: programs that write to a pipe cannot
// know its length.
func Decode(r io.ReaderAt, size int64) (Sound, error) {
	if size > sizeMost {
		return Sound{}, refuse("it is longer than %d MB", sizeMost>>20)
	}
	l, err := scan(r, size)
	if err != nil {
		return Sound{}, err
	}
	convert, err := l.format.converter()
	if err != nil {
		return Sound{}, err
	}
	width := l.format.width()
	data := make([]byte, min(l.size, size-l.data))
	if _, err := io.ReadFull(io.NewSectionReader(r, l.data, int64(len(data))), data); err != nil {
		return Sound{}, fmt.Errorf("read the samples: %w", err)
	}
	frames := len(data) / l.format.block
	pcm := make([]int16, frames*l.format.channels)
	for i := range pcm {
		pcm[i] = convert(data[i*width:])
	}
	return Sound{Rate: media.Rate(l.format.rate), Channels: l.format.channels, PCM: pcm}, nil
}

// Format tags.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE
)

// format is a fmt chunk.
type format struct {
	tag, channels, rate, block, bits int
}

// width is the bytes of one sample.
func (f format) width() int { return f.block / f.channels }

// converter finds how to turn a sample's bytes into 16 bits.
func (f format) converter() (func(b []byte) int16, error) {
	switch {
	case f.tag == tagPCM && f.bits == 8:
		return func(b []byte) int16 { return int16(int(b[0])-128) << 8 }, nil
	case f.tag == tagPCM && f.bits == 16:
		return func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) }, nil
	case f.tag == tagPCM && f.bits == 24:
		return func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b[1:])) }, nil
	case f.tag == tagPCM && f.bits == 32:
		return func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b[2:])) }, nil
	case f.tag == tagFloat && f.bits == 32:
		return func(b []byte) int16 { return fromFloat(math.Float32frombits(binary.LittleEndian.Uint32(b))) }, nil
	}
	return nil, refuse("format %d with %d bits is not known; convert it to 16-bit PCM", f.tag, f.bits)
}

func fromFloat(v float32) int16 {
	if v != v { // not a number
		return 0
	}
	return int16(min(max(float64(v)*32768, -32768), 32767))
}

// parseFormat reads a fmt chunk's content.
func parseFormat(b []byte) (format, error) {
	if len(b) < 16 {
		return format{}, refuse("its format chunk is too short")
	}
	le := binary.LittleEndian
	f := format{
		tag: int(le.Uint16(b)), channels: int(le.Uint16(b[2:])), rate: int(int32(le.Uint32(b[4:]))),
		block: int(le.Uint16(b[12:])), bits: int(le.Uint16(b[14:])),
	}
	if f.tag == tagExtensible {
		if len(b) < 40 {
			return format{}, refuse("its format chunk is too short")
		}
		f.tag = int(le.Uint16(b[24:]))
	}
	switch {
	case f.channels < 1 || f.channels > channelsMost:
		return format{}, refuse("it has %d channels, 1 to %d can be read", f.channels, channelsMost)
	case f.rate < rateLeast || f.rate > rateMost:
		return format{}, refuse("its rate is %d Hz, %d to %d can be read", f.rate, rateLeast, rateMost)
	case f.bits == 0 || f.block*8 != f.channels*f.bits:
		return format{}, refuse("%d bits in %d channels do not fill blocks of %d bytes", f.bits, f.channels, f.block)
	}
	return f, nil
}

// layout says where things are in a file.
type layout struct {
	format   format
	data     int64 // where the samples begin
	size     int64 // what the data chunk claims
	riffSize int64 // what the file claims
}

// scan finds the format and the data.
func scan(r io.ReaderAt, size int64) (layout, error) {
	var head [12]byte
	if err := readAt(r, head[:], 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return layout{}, refuse("it does not begin like one")
	}
	l := layout{riffSize: int64(binary.LittleEndian.Uint32(head[4:]))}
	var hasFormat bool
	at := int64(12)
	for range chunksMost {
		var chunk [8]byte
		if at+8 > size {
			return layout{}, refuse("it has no sound")
		}
		if err := readAt(r, chunk[:], at); err != nil {
			return layout{}, err
		}
		length := int64(binary.LittleEndian.Uint32(chunk[4:]))
		at += 8
		switch string(chunk[:4]) {
		case "fmt ":
			body := make([]byte, min(length, 40, size-at))
			if err := readAt(r, body, at); err != nil {
				return layout{}, err
			}
			var err error
			if l.format, err = parseFormat(body); err != nil {
				return layout{}, err
			}
			hasFormat = true
		case "data":
			if !hasFormat {
				return layout{}, refuse("its samples come before their format")
			}
			l.data, l.size = at, length
			return l, nil
		}
		at += length + length&1 // chunks are padded to even lengths
	}
	return layout{}, refuse("it has more than %d chunks", chunksMost)
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}
