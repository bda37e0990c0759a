package trial

import (
	"math"
	"math/rand/v2"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/media/jitter"
)

// airLevel is the faint noise of every line, in dB of full scale: a line that
// is digitally silent is no telephone.
const airLevel = -66

// scene is a case composed: what the customer's line brings, tick by tick.
type scene struct {
	customer []float32 // without echo
	prompts  []playing // as in the case
	path     *path     // nil without echo
	loss     []bool    // by tick; nil without
	buffer   *jitter.Buffer
	law      media.Codec
	recorded bool // the sound is a recording's: nothing is added to it

	frame   [160]float32
	pcm     []int16
	payload []byte
}

// compose makes the scene of a case. Equal cases give equal scenes.
func (f *Folder) compose(c Case) (*scene, error) {
	r := rand.New(rand.NewPCG(c.Seed, 0x7472_6961_6c))
	s := &scene{law: codec.PCMU, recorded: c.Recording != ""}
	if c.Language == "zh" {
		s.law = codec.PCMA
	}
	if s.recorded {
		return s, f.play(s, c)
	}
	s.customer = make([]float32, samples(c.Length))
	air := 32768 * math.Pow(10, airLevel/20)
	for i := range s.customer {
		s.customer[i] = float32(air * r.NormFloat64())
	}
	if err := f.speak(s, c, r); err != nil {
		return nil, err
	}
	if err := f.surround(s, c.Noise, r); err != nil {
		return nil, err
	}
	var all []int16
	for _, p := range c.Prompts {
		pcm, err := f.sound(p.Sound)
		if err != nil {
			return nil, err
		}
		s.prompts = append(s.prompts, playing{pcm, f.Sounds[p.Sound].Marks})
		all = append(all, pcm[:min(len(pcm), samples(4000))]...)
	}
	if c.Echo != nil {
		s.path = newPath(*c.Echo, r, all)
	}
	if c.Loss > 0 {
		s.loss = losses(r, c.Loss, c.Length/20+1)
		s.buffer = jitter.New(jitter.Options{})
	}
	return s, nil
}

// play takes both sides from a recording.
func (f *Folder) play(s *scene, c Case) error {
	customer, bot, err := f.recording(c.Recording)
	if err != nil {
		return err
	}
	s.customer = make([]float32, samples(c.Length))
	for i := range min(len(customer), len(s.customer)) {
		s.customer[i] = float32(customer[i])
	}
	for _, p := range c.Prompts {
		from, to := min(samples(p.At), len(bot)), min(samples(p.To), len(bot))
		s.prompts = append(s.prompts, playing{pcm: bot[from:to]})
	}
	return nil
}

// speak lays the customer's sounds down.
func (f *Folder) speak(s *scene, c Case, r *rand.Rand) error {
	for _, p := range c.Customer {
		pcm, err := f.sound(p.Sound)
		if err != nil {
			return err
		}
		to := len(pcm)
		if p.To > 0 {
			to = min(to, samples(p.To))
		}
		pcm = pcm[min(samples(p.From), to):to]
		gain := float32(math.Pow(10, p.Gain/20))
		voice := make([]float32, len(pcm), len(pcm)+samples(600))
		for i, v := range pcm {
			voice[i] = gain * float32(v)
		}
		if p.Far {
			voice = far(r, voice)
		} else {
			fade(voice)
		}
		for i, v := range voice {
			if k := samples(p.At) + i; k < len(s.customer) {
				s.customer[k] += v
			}
		}
	}
	return nil
}

// fade takes the click off the ends of a part: 2 ms.
func fade(x []float32) {
	n := min(16, len(x)/2)
	for i := range n {
		g := float32(i) / float32(n)
		x[i] *= g
		x[len(x)-1-i] *= g
	}
}

// far is a voice across a room: dull, and more reflections than voice. Its
// level is kept.
func far(r *rand.Rand, x []float32) []float32 {
	before := power(x)
	out := make([]float32, len(x)+samples(500))
	var low float32
	dull := make([]float32, len(x))
	for i, v := range x {
		low += 0.45 * (v - low)
		dull[i] = low
	}
	for k := range 60 {
		at, gain := r.IntN(samples(450)), 0.0
		gain = r.NormFloat64() * 0.4 * math.Pow(10, -3*float64(at)/float64(samples(500)))
		if k == 0 {
			at, gain = 0, 0.7
		}
		for i, v := range dull {
			out[at+i] += float32(gain) * v
		}
	}
	if after := power(out[:len(x)]); after > 0 {
		g := float32(math.Sqrt(before / after))
		for i := range out {
			out[i] *= g
		}
	}
	return out
}

// surround adds the noise.
func (f *Folder) surround(s *scene, n *Noise, r *rand.Rand) error {
	if n == nil {
		return nil
	}
	var voices [][]int16
	for _, name := range n.Sounds {
		pcm, err := f.sound(name)
		if err != nil {
			return err
		}
		voices = append(voices, pcm)
	}
	gain := float32(32768 * math.Pow(10, n.Level/20))
	for i, v := range noises[n.Kind](r, len(s.customer), voices) {
		s.customer[i] += gain * v
	}
	return nil
}

// losses are runs of lost packets, two long on average (Gilbert, 1960).
func losses(r *rand.Rand, share float64, n int) []bool {
	lost := make([]bool, n)
	bad := false
	for i := range lost {
		if bad {
			bad = r.Float64() < 0.5
		} else {
			bad = r.Float64() < 0.5*share/(1-share)
		}
		lost[i] = bad
	}
	return lost
}

// hear is the frame that comes in with tick n; it belongs to the scene until
// the next.
func (s *scene) hear(n int) media.Frame {
	at := time.Duration(n) * media.Tick
	clear(s.frame[:])
	if from := n * 160; from < len(s.customer) {
		copy(s.frame[:], s.customer[from:])
	}
	if s.path != nil {
		s.path.add(s.frame[:])
	}
	s.pcm = s.pcm[:0]
	for _, v := range s.frame {
		s.pcm = append(s.pcm, int16(max(-32768, min(32767, v))))
	}
	if !s.recorded {
		s.payload = s.law.AppendPayload(s.payload[:0], s.pcm)
		s.pcm = s.law.AppendPCM(s.pcm[:0], s.payload)
	}
	if s.buffer == nil {
		return media.Frame{At: at, Rate: media.Rate8k, PCM: s.pcm}
	}
	if !s.loss[min(n, len(s.loss)-1)] {
		s.buffer.Put(jitter.Packet{Timestamp: uint32(n) * 160, Arrival: at, PCM: s.pcm})
	}
	var f media.Frame
	s.buffer.Get(at, &f)
	f.At = at
	return f
}

// sent tells the scene what went out in this tick.
func (s *scene) sent(pcm []int16) {
	if s.path != nil {
		s.path.send(pcm)
	}
}
