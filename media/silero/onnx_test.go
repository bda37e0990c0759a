package silero

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/sharedtest"
)

// Hand-made messages: a number and bytes as fields.

func number(field, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, field<<3), v)
}

func bytesOf(field uint64, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, field<<3|2), uint64(len(body))), body...)
}

// constant is a node with a tensor of the same number everywhere.
func constant(name string, value float32, dims ...uint64) []byte {
	size := uint64(1)
	var shape []byte
	for _, d := range dims {
		size *= d
		shape = binary.AppendUvarint(shape, d)
	}
	var raw []byte
	for range size {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(value))
	}
	tensor := slices.Concat(bytesOf(1, shape), number(2, float32Kind), bytesOf(8, []byte(name)), bytesOf(9, raw))
	return bytesOf(1, bytesOf(4, []byte("Constant")), bytesOf(5, bytesOf(1, []byte("value")), bytesOf(5, tensor)))
}

// file is an ONNX model with these nodes for 8 kHz.
func file(nodes ...[]byte) []byte {
	branch := bytesOf(5, bytesOf(1, []byte("else_branch")), bytesOf(6, nodes...))
	return bytesOf(7, bytesOf(1, bytesOf(4, []byte("If")), branch))
}

func TestOtherModels(t *testing.T) {
	bias := constant("decoder.decoder.2.bias", 0.5, 1)
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"nothing", "it has no stft.forward_basis_buffer for 8 kHz", nil},
		{"an empty graph", "it has no stft.forward_basis_buffer", file()},
		{"a page", "cut off or damaged", []byte("<!DOCTYPE html><html>not found</html>")},
		{"only a bias", "it has no stft.forward_basis_buffer", file(bias)},
		{"wide band only", "has the dimensions [258 1 256] instead of [130 1 128]", file(constant("stft.forward_basis_buffer", 0, 258, 1, 256))},
		{"weights that are none", "holds a number that is no weight", file(constant("stft.forward_basis_buffer", float32(math.NaN()), 130, 1, 128))},
		{"a length past the end", "cut off or damaged", []byte{7<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"a length past all numbers", "cut off or damaged", append([]byte{7<<3 | 2}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)},
		{"a great dimension", "cut off or damaged", file(bytesOf(1, bytesOf(4, []byte("Constant")), bytesOf(5, bytesOf(5, number(1, 1<<40)))))},
		{"a great file", "larger than 16 MB", make([]byte, largest+1)},
	} {
		if _, err := Load(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	_, err := Open(path)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "fetch it with `make models`") {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("PK\x03\x04"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path+" is not the Silero VAD (") {
		t.Errorf("another file: %v", err)
	}
}

// TestDamage: the real file, cut off or damaged anywhere, is an error or still
// a model whose chances are chances; never a panic.
func TestDamage(t *testing.T) {
	whole, err := os.ReadFile(sharedtest.Silero(t))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += len(whole)/60 + 1 {
		if _, err := Load(whole[:n]); err == nil {
			t.Errorf("the first %d bytes of %d passed for the model", n, len(whole))
		}
	}
	pcm := hiss(9, 2*Window, 3000)
	for at := 0; at < len(whole); at += len(whole)/60 + 1 {
		damaged := slices.Clone(whole)
		damaged[at] ^= 0xff
		m, err := Load(damaged)
		if err != nil {
			continue
		}
		s := m.Stream()
		s.Feed(pcm)
		if p := s.Prob(); !(p >= 0 && p <= 1) {
			t.Errorf("with byte %d damaged: a chance of %v", at, p)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(file(constant("decoder.decoder.2.bias", 1, 1)))
	f.Add(file(constant("stft.forward_basis_buffer", 0, 2, 2), bytesOf(1, bytesOf(4, []byte("Conv")))))
	f.Add(bytesOf(7, bytesOf(1, bytesOf(4, []byte("If")), bytesOf(5, number(1, 3), number(6, 9)))))
	f.Add([]byte{7<<3 | 2, 3, 1<<3 | 5, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip("more bytes say no more")
		}
		if m, err := Load(data); (m == nil) == (err == nil) {
			t.Errorf("model %v with error %v", m, err)
		}
	})
}
