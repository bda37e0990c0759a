// Package silero tells speech from everything else by the Silero VAD, version 6:
// a small neural network (github.com/snakers4/silero-vad, MIT) whose weights are
// read from its ONNX file and whose 8 kHz half is computed here. A window is 256
// samples, 32 ms:
//
//	288 samples ─▶ STFT ─▶ 4 convolutions ─▶ LSTM ─▶ chance of speech
//	(32 of them from the window before)     state ⟲
//
// The weights, about 900 KB, are shared by every stream; a stream is 1.7 KB.
package silero

// What the network is made of.
const (
	// Window is how many new samples one probability is about.
	Window = 256
	// context is how many samples before them the network sees again.
	context = 32
	hidden  = 128
)

// Stream is the model's ear on one stream of sound. It is not safe for use by
// several goroutines; any number of streams may share a Model.
type Stream struct {
	model *Model
	h, c  [hidden]float32
	// samples are the context, then what has come of the next window.
	samples [context + Window]int16
	have    int
	prob    float32
}

// Stream returns a stream at its start.
func (m *Model) Stream() *Stream { return &Stream{model: m} }

// Reset forgets all that was heard.
func (s *Stream) Reset() { *s = Stream{model: s.model} }

// Feed takes samples at 8 kHz, any number of them, and returns how many windows
// they completed. It never waits and never allocates; a window costs some 20 µs
// where the processor has AVX2, else about 100.
func (s *Stream) Feed(pcm []int16) (windows int) {
	for len(pcm) > 0 {
		n := copy(s.samples[context+s.have:], pcm)
		pcm = pcm[n:]
		if s.have += n; s.have < Window {
			break
		}
		s.prob = s.model.window(&s.samples, &s.h, &s.c)
		copy(s.samples[:context], s.samples[Window:])
		s.have = 0
		windows++
	}
	return windows
}

// Prob is the chance of speech in the last whole window, 0 to 1; 0 before there
// was one.
func (s *Stream) Prob() float32 { return s.prob }
