package silero

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Sizes of the network's layers at 8 kHz.
const (
	segment = 128 // samples of one STFT frame, one every half of it
	frames  = 4
	bins    = 65
	// padded is bins rounded up to whole vectors.
	padded = 72
	// spectrum is the rows of the STFT, real parts then imaginary parts,
	// rounded up to whole blocks.
	spectrum  = 136
	channels0 = 128
	channels1 = 64
	channels2 = 64
	channels3 = hidden
)

// Model is the network's weights in the order in which they are used: every
// layer is rows of numbers, each the partner of a contiguous piece of input. It
// is never written after it was read.
type Model struct {
	stft         []float32 // [spectrum][segment]
	conv0, bias0 []float32 // [128][3 taps][padded]
	conv1, bias1 []float32 // [64][3 taps][128]
	conv2, bias2 []float32 // [64][2 taps][64]; the first only meets padding
	conv3, bias3 []float32 // [128][64]; the outer taps only meet padding
	lstm, gates  []float32 // [512][input 128, h 128], gates i f g o
	last         []float32 // [128]
	lastBias     float32
}

// largest file that is read: the real one has 2.3 MB.
const largest = 16 << 20

// Open reads the model from an ONNX file. The error is one sentence that names
// the file and says what to do.
func Open(path string) (*Model, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no speech model %s; fetch it with `make models` or name another file in vad.model: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read the speech model: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return nil, fmt.Errorf("read the speech model %s: %w", path, err)
	}
	m, err := Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s is not the Silero VAD (%w); fetch it again with `make models`", path, err)
	}
	return m, nil
}

// Load takes the bytes of an ONNX file, of which it keeps nothing. Any bytes may
// be given; those of another model are an error.
func Load(file []byte) (*Model, error) {
	if len(file) > largest {
		return nil, fmt.Errorf("it is larger than %d MB", largest>>20)
	}
	found, err := weights(file)
	if err != nil {
		return nil, err
	}
	r := reading{found: found}
	m := &Model{
		stft:  taps(r.read("stft.forward_basis_buffer", 130, 1, segment), 130, segment, 1, 0, 1, segment, spectrum),
		conv0: taps(r.read("encoder.0.reparam_conv.weight", channels0, bins, 3), channels0, bins, 3, 0, 3, padded, channels0),
		bias0: r.read("encoder.0.reparam_conv.bias", channels0),
		conv1: taps(r.read("encoder.1.reparam_conv.weight", channels1, channels0, 3), channels1, channels0, 3, 0, 3, channels0, channels1),
		bias1: r.read("encoder.1.reparam_conv.bias", channels1),
		conv2: taps(r.read("encoder.2.reparam_conv.weight", channels2, channels1, 3), channels2, channels1, 3, 1, 3, channels1, channels2),
		bias2: r.read("encoder.2.reparam_conv.bias", channels2),
		conv3: taps(r.read("encoder.3.reparam_conv.weight", channels3, channels2, 3), channels3, channels2, 3, 1, 2, channels2, channels3),
		bias3: r.read("encoder.3.reparam_conv.bias", channels3),
		lstm:  beside(r.read("decoder.rnn.weight_ih", 4*hidden, hidden), r.read("decoder.rnn.weight_hh", 4*hidden, hidden)),
		gates: sum(r.read("decoder.rnn.bias_ih", 4*hidden), r.read("decoder.rnn.bias_hh", 4*hidden)),
		last:  r.read("decoder.decoder.2.weight", 1, hidden, 1),
	}
	m.lastBias = r.read("decoder.decoder.2.bias", 1)[0]
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// reading keeps the first error, so that a model is read in one expression.
type reading struct {
	found map[string]tensor
	err   error
}

// read returns zeros after an error.
func (r *reading) read(name string, dims ...int) []float32 {
	t, ok := r.found[name]
	var values []float32
	err := fmt.Errorf("it has no %s for 8 kHz", name)
	if ok {
		values, err = t.floats(dims...)
	}
	if err == nil {
		return values
	}
	if r.err == nil {
		r.err = err
	}
	size := 1
	for _, d := range dims {
		size *= d
	}
	return make([]float32, size)
}

// taps turns a convolution's weights [out][in][kernel] into rows
// [out][taps from..to)[width], the order of an input that is kept frame after
// frame, so that one row meets one contiguous piece of it. Widths and rows that
// are longer than the layer are filled with zeros.
func taps(w []float32, out, in, kernel, from, to, width, rows int) []float32 {
	kept := to - from
	t := make([]float32, rows*kept*width)
	for o := range out {
		for i := range in {
			for k := range kept {
				t[(o*kept+k)*width+i] = w[(o*in+i)*kernel+from+k]
			}
		}
	}
	return t
}

// beside joins the rows of two matrices of hidden columns.
func beside(a, b []float32) []float32 {
	joined := make([]float32, 0, len(a)+len(b))
	for i := 0; i < len(a); i += hidden {
		joined = append(append(joined, a[i:i+hidden]...), b[i:i+hidden]...)
	}
	return joined
}

func sum(a, b []float32) []float32 {
	for i := range a {
		a[i] += b[i]
	}
	return a
}
