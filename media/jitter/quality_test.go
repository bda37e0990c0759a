package jitter

import (
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/media/resample"
	"parley/media/wav"
	"parley/sharedtest"
	"parley/sim/relay"
)

// speech is some recorded speech at 8 kHz, at most a minute.
func speech(t *testing.T) []int16 {
	t.Helper()
	var pcm []int16
	err := filepath.WalkDir(sharedtest.Path(t, "data", "speech", "clips"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".wav" || len(pcm) > 60*8000 {
			return err
		}
		sound, err := wav.Read(path)
		if err != nil {
			return err
		}
		if sound.Rate != media.Rate8k {
			if sound.PCM, err = resample.Convert(sound.PCM, sound.Rate, media.Rate8k); err != nil {
				return err
			}
		}
		pcm = append(pcm, sound.PCM...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pcm) < 20*8000 {
		t.Fatalf("only %d samples of speech", len(pcm))
	}
	return pcm[:min(len(pcm), 60*8000)/160*160]
}

// bands are the centres in Hz of what the ear tells apart in a telephone call,
// one to a critical band.
var bands = []float64{150, 250, 350, 450, 570, 700, 840, 1000, 1170, 1370, 1600, 1850, 2150, 2500, 2900, 3400}

// spectrum is the level of each band of a frame in dB of full scale, not below
// the noise of G.711.
func spectrum(pcm []int16) (dB [16]float64) {
	for b, hz := range bands {
		var re, im float64
		for i, v := range pcm {
			w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(pcm)))
			re += w * float64(v) * math.Cos(2*math.Pi*hz*float64(i)/8000)
			im += w * float64(v) * math.Sin(2*math.Pi*hz*float64(i)/8000)
		}
		power := (re*re + im*im) / float64(len(pcm)*len(pcm)) * 16 / (32768 * 32768)
		dB[b] = 10 * math.Log10(power+1e-6) // -60 dB
	}
	return dB
}

// distance is the log-spectral distance of two frames in dB: how differently
// they sound, whatever their phases.
func distance(a, b []int16) float64 {
	x, y := spectrum(a), spectrum(b)
	var sum float64
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return math.Sqrt(sum / float64(len(x)))
}

func level(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return 10*math.Log10(sum/float64(len(pcm))+1) - 90.3
}

// TestSoundAfterLoss sends speech through lossy paths and measures what is heard
// against what was sent, over the frames of speech that were hit: as it is, and
// with nought in the place of what was invented. Concealment must bring it
// nearer.
func TestSoundAfterLoss(t *testing.T) {
	said := speech(t)
	said = codec.PCMU.AppendPCM(nil, codec.PCMU.AppendPayload(nil, said)) // what any receiver would hear
	for _, c := range []struct {
		loss, burst float64
		gain        float64 // least share by which the distance must fall
	}{{0.01, 1, 0.3}, {0.03, 1, 0.3}, {0.05, 1, 0.3}, {0.1, 1, 0.3}, {0.2, 1, 0.25}, {0.05, 3, 0.15}} {
		t.Run(fmt.Sprintf("%.0f%% by %.0f", 100*c.loss, c.burst), func(t *testing.T) {
			path := relay.NewPath(relay.Impairment{Loss: c.loss, Burst: c.burst}, 3)
			b := New(Options{})
			var heard, without []int16
			var times []time.Duration
			for i := 0; i < len(said)/160; i++ {
				now := time.Duration(i+1) * media.Tick
				if times = path.Next(times[:0], now); len(times) > 0 {
					// Voiced keeps the delay where it is, so that both stay aligned.
					b.Put(Packet{Timestamp: uint32(i * 160), Arrival: now, PCM: said[i*160 : (i+1)*160], Voiced: true})
				}
				var f media.Frame
				b.Get(now, &f)
				heard = append(heard, f.PCM...)
				if f.Is(media.Concealed) {
					clear(f.PCM)
				}
				without = append(without, f.PCM...)
			}
			start := slices.IndexFunc(heard, func(v int16) bool { return v != 0 }) / 160 * 160
			first := slices.IndexFunc(said, func(v int16) bool { return v != 0 }) / 160 * 160
			shift := start - first
			var with, none float64
			var hit int
			for at := 0; at+shift+160 <= len(heard); at += 160 {
				want, got, bare := said[at:at+160], heard[at+shift:][:160], without[at+shift:][:160]
				if slices.Equal(want, got) || level(want) < -40 {
					continue
				}
				hit++
				with += distance(want, got)
				none += distance(want, bare)
			}
			if hit < 5 {
				t.Fatalf("only %d frames of speech were hit", hit)
			}
			with, none = with/float64(hit), none/float64(hit)
			t.Logf("%d frames of speech hit: %.1f dB from what was sent, %.1f dB without concealment", hit, with, none)
			if with > none*(1-c.gain) {
				t.Errorf("concealment brings %.1f dB down to %.1f only", none, with)
			}
		})
	}
}
