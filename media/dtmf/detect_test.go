package dtmf

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/media"
	"parley/media/resample"
	"parley/media/wav"
	"parley/sharedtest"
)

// tonePair is one press as a telephone makes it.
type tonePair struct {
	key         byte
	length      time.Duration
	pause       time.Duration
	low, high   float64 // dB of full scale
	off         float64 // relative error of the frequencies
	phase, hiss float64 // hiss in dB of full scale, 0 for none
}

func (p tonePair) append(pcm []int16, random *rand.Rand) []int16 {
	at := strings.IndexByte(keypad, p.key)
	low, high := tones[at/4]*(1+p.off), tones[4+at%4]*(1+p.off)
	level := func(dB float64) float64 { return 32768 * math.Sqrt2 * math.Pow(10, dB/20) }
	hiss := 0.0
	if p.hiss != 0 {
		hiss = 32768 * math.Pow(10, p.hiss/20)
	}
	for i := range int((p.length + p.pause) * 8000 / time.Second) {
		v := hiss * random.NormFloat64()
		if x := float64(i) / 8000; x < p.length.Seconds() {
			v += level(p.low)*math.Sin(2*math.Pi*low*x+p.phase) + level(p.high)*math.Sin(2*math.Pi*high*x)
		}
		pcm = append(pcm, int16(min(max(v, -32768), 32767)))
	}
	return pcm
}

// hear gives all keys in a sound, frame by frame.
func hear(pcm []int16) string {
	var d Detector
	var got strings.Builder
	for ; len(pcm) >= 160; pcm = pcm[160:] {
		if key, ok := d.Frame(pcm[:160]); ok {
			got.WriteRune(key)
		}
	}
	return got.String()
}

// TestDetect: every key, at the edges of what ITU-T Q.24 has to be taken and
// beyond those of what must not be, at every place within a frame.
func TestDetect(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		press tonePair
		heard bool
	}{
		{"plain", tonePair{length: 100 * ms, pause: 60 * ms, low: -15, high: -13}, true},
		{"the shortest", tonePair{length: 40 * ms, pause: 40 * ms, low: -15, high: -15}, true},
		{"long", tonePair{length: 3 * time.Second, pause: 60 * ms, low: -15, high: -15}, true},
		{"quiet", tonePair{length: 60 * ms, pause: 60 * ms, low: -38, high: -38}, true},
		{"loud", tonePair{length: 60 * ms, pause: 60 * ms, low: -9, high: -9}, true},
		{"the low tone stronger", tonePair{length: 60 * ms, pause: 60 * ms, low: -13, high: -20}, true},
		{"the high tone stronger", tonePair{length: 60 * ms, pause: 60 * ms, low: -20, high: -13}, true},
		{"frequencies too high", tonePair{length: 60 * ms, pause: 60 * ms, low: -15, high: -15, off: 0.015}, true},
		{"frequencies too low", tonePair{length: 60 * ms, pause: 60 * ms, low: -15, high: -15, off: -0.015}, true},
		{"hiss", tonePair{length: 60 * ms, pause: 60 * ms, low: -20, high: -20, hiss: -32}, true},
		{"a click", tonePair{length: 15 * ms, pause: 60 * ms, low: -15, high: -15}, false},
		{"twist of 14 dB", tonePair{length: 60 * ms, pause: 60 * ms, low: -10, high: -24}, false},
		{"frequencies far off", tonePair{length: 60 * ms, pause: 60 * ms, low: -15, high: -15, off: 0.05}, false},
		{"too quiet", tonePair{length: 60 * ms, pause: 60 * ms, low: -60, high: -60}, false},
		{"lost in noise", tonePair{length: 60 * ms, pause: 60 * ms, low: -20, high: -20, hiss: -15}, false},
	} {
		random := rand.New(rand.NewPCG(1, 7))
		var wrong, all int
		for shift := 0; shift < 160; shift += 7 {
			pcm := make([]int16, shift, 1<<16)
			for i := range len(keypad) {
				p := c.press
				p.key, p.phase = keypad[i], 6*random.Float64()
				pcm = p.append(pcm, random)
			}
			got, want := hear(append(pcm, make([]int16, 480)...)), ""
			if c.heard {
				want = keypad
			}
			if all++; got != want {
				if wrong++; wrong == 1 {
					t.Logf("%s: %q, want %q", c.name, got, want)
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: wrong at %d of %d places within a frame", c.name, wrong, all)
		}
	}
}

// TestDetectRepeats: the same key twice is two, a hole of 10 ms in one is none.
func TestDetectRepeats(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 7))
	p := tonePair{key: '5', length: 60 * time.Millisecond, pause: 40 * time.Millisecond, low: -15, high: -15}
	if got := hear(append(p.append(p.append(nil, random), random), make([]int16, 480)...)); got != "55" {
		t.Errorf("two presses: %q", got)
	}
	p.pause = 10 * time.Millisecond
	if got := hear(append(p.append(p.append(nil, random), random), make([]int16, 480)...)); got != "5" {
		t.Errorf("a hole: %q", got)
	}
}

// TestDetectOverLoss: a frame that was lost within a press does not make two.
func TestDetectOverLoss(t *testing.T) {
	p := tonePair{key: '#', length: 200 * time.Millisecond, pause: 60 * time.Millisecond, low: -15, high: -15}
	pcm := p.append(nil, rand.New(rand.NewPCG(1, 7)))
	var d Detector
	var got []rune
	for i := 0; i+160 <= len(pcm); i += 160 {
		if frame := i / 160; frame >= 3 && frame < 6 {
			d.Skip()
			continue
		}
		if key, ok := d.Frame(pcm[i : i+160]); ok {
			got = append(got, key)
		}
	}
	if string(got) != "#" {
		t.Errorf("heard %q", string(got))
	}
	if d.Busy() {
		t.Error("still busy after the pause")
	}
}

// TestTalkOff plays all speech there is beside the repository: people saying
// digits and sentences, machines saying prompts. None of it is a key.
func TestTalkOff(t *testing.T) {
	dir := sharedtest.Path(t, "data", "speech")
	var length time.Duration
	var files int
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.EqualFold(filepath.Ext(path), ".wav") {
			return err
		}
		sound, err := wav.Read(path)
		if err != nil {
			return err
		}
		pcm := sound.PCM
		if sound.Channels != 1 {
			return fmt.Errorf("%s is not mono", path)
		}
		if sound.Rate != media.Rate8k {
			if pcm, err = resample.Convert(pcm, sound.Rate, media.Rate8k); err != nil {
				return err
			}
		}
		if got := hear(pcm); got != "" {
			t.Errorf("%s: heard %q", filepath.Base(path), got)
		}
		files++
		length += time.Duration(len(pcm)) * time.Second / 8000
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %v of speech", files, length.Round(time.Second))
	if length < time.Minute {
		t.Errorf("only %v of speech", length)
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte{0, 0x80, 0xFF, 0x7F}, byte(200))
	f.Add(make([]byte, 4*block), byte(1))
	pcm := tonePair{key: 'D', length: 50 * time.Millisecond, low: -9, high: -9}.append(nil, rand.New(rand.NewPCG(1, 1)))
	var raw []byte
	for _, v := range pcm {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	f.Add(raw, byte(160))
	f.Fuzz(func(t *testing.T, raw []byte, size byte) {
		var d Detector
		pcm := make([]int16, len(raw)/2)
		for i := range pcm {
			pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		keys, total := 0, len(pcm)
		for n := int(size)%160 + 1; len(pcm) > 0; {
			n = min(n, len(pcm))
			if key, ok := d.Frame(pcm[:n]); ok {
				if keys++; !Valid(key) {
					t.Fatalf("%q", key)
				}
			}
			pcm = pcm[n:]
		}
		if most := total / (beginBlocks * block); keys > most {
			t.Fatalf("%d keys in %d samples", keys, total)
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	pcm := tonePair{key: '5', length: 20 * time.Millisecond, low: -15, high: -15}.append(nil, rand.New(rand.NewPCG(1, 1)))
	var d Detector
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.Frame(pcm)
	}
}
