package tts

import (
	"context"
	"math"
	"testing"
	"time"

	"parley/media"
)

// sine is d of a tone with the given peak, between two silences.
func sine(d time.Duration, peak float64, silence time.Duration) []int16 {
	quiet := make([]int16, media.Rate8k.Count(silence))
	pcm := append([]int16{}, quiet...)
	for i := range media.Rate8k.Count(d) {
		pcm = append(pcm, int16(peak*math.Sin(2*math.Pi*440*float64(i)/8000)))
	}
	return append(pcm, quiet...)
}

func TestActiveLevelIgnoresPauses(t *testing.T) {
	want := 20*math.Log10(10000.0/32768) - 3.01
	for _, silence := range []time.Duration{0, 2 * time.Second} {
		got, ok := ActiveLevel(sine(time.Second, 10000, silence))
		if !ok || math.Abs(got-want) > 0.1 {
			t.Errorf("beside %v of silence: %.2f dB (%v), want %.2f", silence, got, ok, want)
		}
	}
	if _, ok := ActiveLevel(make([]int16, 8000)); ok {
		t.Error("silence has a level")
	}
}

func TestMasteredLevelsByVoiceNotBySentence(t *testing.T) {
	peaks := map[string]float64{"loud": 12000, "soft": 600}
	render := Mastered(func(_ context.Context, v Voice, text string) ([]int16, error) {
		peak := peaks[v.Name]
		if text == "quiet word" {
			peak /= 2
		}
		return sine(time.Second, peak, 300*time.Millisecond), nil
	})
	for _, c := range []struct {
		voice, text string
		want        float64
	}{
		{"loud", "sentence", Level}, {"soft", "sentence", Level},
		{"loud", "quiet word", Level - 6.02}, {"soft", "quiet word", Level - 6.02},
	} {
		pcm, err := render(t.Context(), Voice{Name: c.voice}, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := ActiveLevel(pcm); math.Abs(got-c.want) > 0.3 {
			t.Errorf("%s, %s: %.2f dB, want %.2f", c.voice, c.text, got, c.want)
		}
		if got, want := media.Rate8k.Duration(len(pcm)), time.Second+Lead+Tail; (got - want).Abs() > 10*time.Millisecond {
			t.Errorf("%s, %s: %v of sound, want %v", c.voice, c.text, got, want)
		}
	}
}

func TestAmplifyNeverClips(t *testing.T) {
	pcm := []int16{0, 100, -100, 20000, -20000, math.MaxInt16, math.MinInt16}
	amplify(pcm, 10)
	for i := 1; i < len(pcm); i++ {
		if pcm[i] > 31200 || pcm[i] < -31200 {
			t.Errorf("sample %d is %d", i, pcm[i])
		}
	}
	if pcm[1] != 1000 || pcm[2] != -1000 || pcm[3] <= 0 || pcm[4] >= 0 {
		t.Errorf("small samples must be scaled and signs kept: %v", pcm)
	}
}

func TestTrimSilence(t *testing.T) {
	if got := trim(make([]int16, 8000)); len(got) != 0 {
		t.Errorf("silence leaves %d samples", len(got))
	}
}

func FuzzReadWAV(f *testing.F) {
	wav := []byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00data\xf0\xff\xff\x7f\x01\x00\x02\x00")
	f.Add(wav)
	f.Add(wav[:30])
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVELIST\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, rate, err := ReadWAV(b)
		if err == nil && (rate == 0 || 2*len(pcm) > len(b)) {
			t.Errorf("%d samples at %d Hz from %d bytes", len(pcm), rate, len(b))
		}
	})
}

func TestReadWAVBelievesTheBytes(t *testing.T) {
	wav := "RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00data\xf0\xff\xff\x7f\x01\x00\x02\x00"
	pcm, rate, err := ReadWAV([]byte(wav))
	if err != nil || rate != 22050 || len(pcm) != 2 || pcm[1] != 2 {
		t.Errorf("got %v at %d Hz, %v", pcm, rate, err)
	}
}
