package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-audio/audio"
	goaudio "github.com/go-audio/wav"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parley/media"
	"parley/sharedtest"
)

func draw(t *rapid.T) Sound {
	s := Sound{
		Rate:     media.Rate(rapid.SampledFrom([]int{8000, 16000, 22050, 48000}).Draw(t, "rate")),
		Channels: rapid.IntRange(1, 3).Draw(t, "channels"),
	}
	s.PCM = make([]int16, s.Channels*rapid.IntRange(0, 300).Draw(t, "frames"))
	for i := range s.PCM {
		s.PCM[i] = rapid.Int16().Draw(t, "sample")
	}
	return s
}

// TestWriteRead also lets go-audio read what we write.
func TestWriteRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	rapid.Check(t, func(t *rapid.T) {
		want := draw(t)
		if err := Write(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		theirs, err := goaudio.NewDecoder(f).FullPCMBuffer()
		if err != nil {
			t.Fatal(err)
		}
		if theirs.Format.SampleRate != int(want.Rate) || theirs.Format.NumChannels != want.Channels || len(theirs.Data) != len(want.PCM) {
			t.Fatalf("go-audio reads %+v and %d samples", theirs.Format, len(theirs.Data))
		}
		for i, v := range theirs.Data {
			if int16(v) != want.PCM[i] {
				t.Fatalf("go-audio reads %d as sample %d, want %d", v, i, want.PCM[i])
			}
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	for _, s := range []Sound{{}, {Rate: 8000}, {Rate: 8000, Channels: 2, PCM: make([]int16, 3)}, {Rate: 1, Channels: 1}} {
		if err := Write(path, s); err == nil {
			t.Errorf("%+v was written", s)
		}
	}
}

// TestSharedFiles: real files of many formats are read as go-audio reads them,
// and hostile ones are refused; a file's name says which it is.
func TestSharedFiles(t *testing.T) {
	dir := sharedtest.Path(t, "data", "files", "wav")
	files, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		got, err := Read(path)
		hostile := strings.HasPrefix(name, "crash") || strings.HasPrefix(name, "oom")
		// 24 bits in blocks of 4 bytes, against the format's own rule.
		if hostile || name == "pcmwaveformat-24bit-4byte-48kHz-stereo.wav" {
			if !errors.Is(err, ErrNotWAV) {
				t.Errorf("%s: %d samples, %v; want it refused", name, len(got.PCM), err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.PCM) == 0 {
			t.Errorf("%s: no samples", name)
		}
		compare(t, path, got)
	}
}

// compare holds 16-bit files against go-audio's reading.
func compare(t *testing.T, path string, got Sound) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := goaudio.NewDecoder(f)
	theirs, err := d.FullPCMBuffer()
	if err != nil || d.BitDepth != 16 {
		return
	}
	if len(theirs.Data) < len(got.PCM) { // it reads chunks behind the data, too
		t.Errorf("%s: %d samples, go-audio reads %d", path, len(got.PCM), len(theirs.Data))
		return
	}
	for i, v := range got.PCM {
		if int(v) != theirs.Data[i] {
			t.Errorf("%s: sample %d is %d, go-audio reads %d", path, i, v, theirs.Data[i])
			return
		}
	}
}

// file builds a file by hand.
func file(tag, channels, rate, bits int, data []byte) []byte {
	h := Header(media.Rate(rate), channels, int64(len(data)))
	binary.LittleEndian.PutUint16(h[20:], uint16(tag))
	binary.LittleEndian.PutUint16(h[32:], uint16(channels*bits/8))
	binary.LittleEndian.PutUint16(h[34:], uint16(bits))
	return append(h[:], data...)
}

func TestDecodeFormats(t *testing.T) {
	floats := func(vs ...float32) (b []byte) {
		for _, v := range vs {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want []int16
	}{
		{"8 bits", file(tagPCM, 1, 8000, 8, []byte{0, 128, 255}), []int16{-32768, 0, 32512}},
		{"24 bits", file(tagPCM, 1, 8000, 24, []byte{9, 0x34, 0x12, 9, 0xFF, 0xFF}), []int16{0x1234, -1}},
		{"32 bits", file(tagPCM, 1, 8000, 32, []byte{9, 9, 0x34, 0x12}), []int16{0x1234}},
		{"floats", file(tagFloat, 1, 8000, 32, floats(0, 0.5, -1, 7, float32(math.NaN()), float32(math.Inf(-1)))), []int16{0, 16384, -32768, 32767, 0, -32768}},
		{"half a block at the end", file(tagPCM, 2, 8000, 16, []byte{1, 0, 2, 0, 3, 0}), []int16{1, 2}},
	} {
		got, err := Decode(bytes.NewReader(c.raw), int64(len(c.raw)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, got.PCM); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	piped := file(tagPCM, 1, 8000, 16, []byte{1, 0, 2, 0})
	binary.LittleEndian.PutUint32(piped[40:], math.MaxUint32)
	if got, err := Decode(bytes.NewReader(piped), int64(len(piped))); err != nil || len(got.PCM) != 2 {
		t.Errorf("of unknown length: %v %v", got.PCM, err)
	}
	for _, raw := range [][]byte{
		file(7, 1, 8000, 8, []byte{1}), file(tagPCM, 9, 8000, 16, nil), file(tagPCM, 1, 1, 16, nil), file(tagPCM, 1, 8000, 12, nil),
		file(tagPCM, 0, 8000, 16, nil), file(tagPCM, 1, 8000, 0, nil), piped[:43], piped[:20], nil,
	} {
		if _, err := Decode(bytes.NewReader(raw), int64(len(raw))); !errors.Is(err, ErrNotWAV) {
			t.Errorf("%x: %v", raw, err)
		}
	}
	if _, err := Decode(bytes.NewReader(nil), sizeMost+1); !errors.Is(err, ErrNotWAV) {
		t.Errorf("a giant: %v", err)
	}
}

// TestEveryTruncation cuts a file that was never closed at every byte: from the
// header's end on, Repair makes it readable with every whole block.
func TestEveryTruncation(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.wav")
	f, err := os.Create(whole)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(f, media.Rate8k, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 { // flushed once in the middle, never at the end
		b := make([]byte, 40)
		for j := range b {
			b[j] = byte(40*i + j + 1)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.Close()
	raw, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) != HeaderSize+120 {
		t.Fatalf("%d bytes", len(raw))
	}
	path := filepath.Join(dir, "cut.wav")
	for n := range len(raw) + 1 {
		if err := os.WriteFile(path, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		changed, err := Repair(path)
		if n < HeaderSize {
			if !errors.Is(err, ErrNotWAV) {
				t.Errorf("%d bytes: %v", n, err)
			}
			continue
		}
		if err != nil || changed != (n != HeaderSize+40) {
			t.Errorf("%d bytes: changed %v, %v", n, changed, err)
		}
		got, err := Read(path)
		if want := (n - HeaderSize) / 4 * 2; err != nil || len(got.PCM) != want {
			t.Errorf("%d bytes: %d samples, %v; want %d", n, len(got.PCM), err, want)
		}
		if changed, err := Repair(path); changed || err != nil {
			t.Errorf("%d bytes: repaired twice: %v", n, err)
		}
	}
	os.Remove(whole)
	os.WriteFile(filepath.Join(dir, "empty.wav"), nil, 0o600)
	os.WriteFile(filepath.Join(dir, "b.wav"), raw, 0o600)
	changed, err := RepairDir(dir)
	if changed != 1 || !errors.Is(err, ErrNotWAV) || !strings.Contains(err.Error(), "empty.wav") {
		t.Errorf("RepairDir: %d, %v", changed, err)
	}
}

func TestRepairKeepsChunksBehindTheSamples(t *testing.T) {
	raw := file(tagPCM, 1, 8000, 16, []byte{1, 0, 2, 0})
	raw = append(raw, "LIST\x06\x00\x00\x00INFOab"...)
	binary.LittleEndian.PutUint32(raw[4:], uint32(len(raw)-8))
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := Repair(path); changed || err != nil {
		t.Errorf("%v %v", changed, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(file(tagPCM, 2, 8000, 16, []byte{1, 2, 3, 4}))
	f.Add(file(tagFloat, 1, 48000, 32, []byte{0, 0, 128, 63}))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEJUNK\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Decode(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		if s.Channels < 1 || len(s.PCM)%s.Channels != 0 || len(s.PCM) > len(raw) {
			t.Fatalf("%d channels, %d samples of %d bytes", s.Channels, len(s.PCM), len(raw))
		}
		path := filepath.Join(t.TempDir(), "a.wav")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Repair(path); err != nil {
			t.Fatalf("readable, but: %v", err)
		}
		again, err := Read(path)
		if err != nil || len(again.PCM) < len(s.PCM) {
			t.Fatalf("after the repair: %d samples, %v; had %d", len(again.PCM), err, len(s.PCM))
		}
	})
}

// BenchmarkWriter writes a second of a stereo call: ours in pieces of 8 KB, and
// go-audio's encoder frame by frame as it wants its buffers.
func BenchmarkWriter(b *testing.B) {
	const frames = 50
	b.Run("own", func(b *testing.B) {
		f := scratch(b)
		w, err := NewWriter(f, media.Rate8k, 2)
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 8192)
		b.ReportAllocs()
		for b.Loop() {
			for range frames * 640 / len(buf) {
				_, _ = w.Write(buf)
			}
			w.data = 0
		}
	})
	b.Run("go-audio", func(b *testing.B) {
		f := scratch(b)
		e := goaudio.NewEncoder(f, 8000, 16, 2, 1)
		buf := &audio.IntBuffer{Format: &audio.Format{NumChannels: 2, SampleRate: 8000}, Data: make([]int, 320), SourceBitDepth: 16}
		b.ReportAllocs()
		for b.Loop() {
			for range frames {
				_ = e.Write(buf)
			}
			_, _ = f.Seek(44, io.SeekStart)
		}
	})
}

func scratch(b *testing.B) *os.File {
	f, err := os.Create(filepath.Join(b.TempDir(), "a.wav"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}
