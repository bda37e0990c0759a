package ear

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"parley/media"
	"parley/media/silero"
	"parley/media/wav"
	"parley/sharedtest"
)

func voices(t *testing.T) map[string]*Voice {
	m, err := silero.Open(sharedtest.Silero(t))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Voice{"built in": NewVoice(nil), "with the model": NewVoice(m)}
}

// TestVoiceAfterQuiet: behind a gate that was shut for long, a voice is heard
// within 100 ms, and is no voice soon after it ended.
func TestVoiceAfterQuiet(t *testing.T) {
	said, err := wav.Read(sharedtest.Path(t, "data/speech/fsdd/7_george_0.wav"))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	quiet := func(n int) []int16 {
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = int16(r.NormFloat64() * 20)
		}
		return pcm
	}
	const before = 200
	pcm := append(quiet(before*160), said.PCM...)
	end := len(pcm) / 160
	pcm = append(pcm, quiet(100*160)...)
	for name, v := range voices(t) {
		first, last := -1, -1
		for i := 0; i+160 <= len(pcm); i += 160 {
			voice, _ := v.Frame(media.Frame{Rate: media.Rate8k, PCM: pcm[i : i+160]})
			if voice < 0 || voice > 100 {
				t.Fatalf("%s: a voice of %d", name, voice)
			}
			if voice >= heldVoiced {
				if first < 0 {
					first = i / 160
				}
				last = i / 160
			}
		}
		if first < before || first > before+5 || last > end+5 {
			t.Errorf("%s: a voice from tick %d to %d, spoken from %d to %d", name, first, last, before, end)
		}
	}
}

func TestVoiceIsSmallAndAllocatesNothing(t *testing.T) {
	for name, v := range voices(t) {
		r := rand.New(rand.NewPCG(3, 4))
		pcm := make([]int16, 160)
		for i := range pcm {
			pcm[i] = int16(r.NormFloat64() * 3000)
		}
		n := 0
		if a := testing.AllocsPerRun(200, func() {
			n++ // the gate opens and shuts
			f := media.Frame{Rate: media.Rate8k, PCM: pcm}
			if n/20%2 == 1 {
				f.PCM = make([]int16, 160)[:160:160]
			}
			v.Frame(f)
		}); a > 0 {
			t.Errorf("%s: a tick allocates %v times", name, a)
		}
	}
	if size := unsafe.Sizeof(Voice{}) + unsafe.Sizeof(silero.Stream{}); size > 4000 {
		t.Errorf("a voice takes %d bytes", size)
	}
}
