package jitter

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/media"
)

const ms = time.Millisecond

// stream is a sender whose packets reach the buffer through a scripted network.
type stream struct {
	buffer *Buffer
	now    time.Duration
	out    []int16
	frames []media.Frame // PCM nil
}

// arrival is one packet under way.
type arrival struct {
	at time.Duration
	Packet
}

// sound is sample i of a tone whose period, 8001/97 samples, hides no shift.
func sound(i int) int16 { return int16(9000 * math.Sin(2*math.Pi*97*float64(i)/8001)) }

// packets cuts n samples of sound into packets of ptime.
func packets(n int, ptime time.Duration, first uint32, voiced bool) []arrival {
	size := media.Rate8k.Count(ptime)
	var all []arrival
	for i := 0; i+size <= n; i += size {
		pcm := make([]int16, size)
		for j := range pcm {
			pcm[j] = sound(i + j)
		}
		at := time.Duration(i+size) * time.Second / 8000
		all = append(all, arrival{at, Packet{Timestamp: first + uint32(i), PCM: pcm, Voiced: voiced}})
	}
	return all
}

// play runs ticks until everything has arrived and `after` more.
func (s *stream) play(t interface{ Fatalf(string, ...any) }, all []arrival, after int) {
	slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })
	for left := after; left > 0; {
		for len(all) > 0 && all[0].at <= s.now {
			all[0].Arrival = all[0].at
			s.buffer.Put(all[0].Packet)
			all = all[1:]
		}
		var f media.Frame
		s.buffer.Get(s.now, &f)
		if len(f.PCM) != 160 || f.Rate != media.Rate8k {
			t.Fatalf("at %v: %d samples at %d Hz", s.now, len(f.PCM), f.Rate)
		}
		s.out = append(s.out, f.PCM...)
		f.PCM = nil
		s.frames = append(s.frames, f)
		if s.now += media.Tick; len(all) == 0 {
			left--
		}
	}
}

// TestPerfectNetwork: whatever the packet length, phase and timestamps, all
// samples come out once, in order, in one piece.
func TestPerfectNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ptime := time.Duration(rapid.SampledFrom([]int{10, 15, 20, 30, 40, 50, 60}).Draw(t, "ptime")) * ms
		phase := time.Duration(rapid.IntRange(0, 19).Draw(t, "phase")) * ms
		all := packets(8000, ptime, rapid.Uint32().Draw(t, "first"), true)
		for i := range all {
			all[i].at += phase
		}
		s := stream{buffer: New(Options{})}
		s.play(t, all, 5)
		start := slices.IndexFunc(s.out, func(v int16) bool { return v != 0 }) - 1
		want := len(all) * media.Rate8k.Count(ptime)
		for i := range want {
			if s.out[start+i] != sound(i) {
				t.Fatalf("sample %d is %d, want %d", i, s.out[start+i], sound(i))
			}
		}
		if got := s.buffer.Stats(); got.Played != media.Rate8k.Duration(want) || got.Delay > 80*ms {
			t.Fatalf("%+v", got)
		}
		if first := time.Duration(start/160) * media.Tick; first > ptime+phase+40*ms {
			t.Fatalf("sound began only at %v", first)
		}
	})
}

// TestLateButWhole: a network that delays without loss, reordering or mercy:
// speech is paused and resumed, and every sample is played exactly once.
func TestLateButWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := packets(16000, 20*ms, rapid.Uint32().Draw(t, "first"), true)
		var last time.Duration
		for i := range all {
			late := time.Duration(rapid.IntRange(0, 150).Draw(t, "late")) * ms
			all[i].at = max(all[i].at+late, last)
			last = all[i].at
		}
		s := stream{buffer: New(Options{})}
		s.play(t, all, 15)
		got := s.buffer.Stats()
		if got.Played != 2*time.Second || got.Late+got.Duplicates+got.Restarts != 0 || got.Dropped != 0 {
			t.Fatalf("%+v", got)
		}
	})
}

// TestDisorder: duplicates and neighbours that overtake each other cost nothing
// within the least delay.
func TestDisorder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := packets(8000, 20*ms, rapid.Uint32().Draw(t, "first"), true)
		var all []arrival
		for i, p := range plain {
			if i > 0 && rapid.Bool().Draw(t, "late") {
				p.at += 20 * ms // together with its follower
			}
			all = append(all, p)
			if rapid.Bool().Draw(t, "twice") {
				p.at += time.Duration(rapid.IntRange(0, 10).Draw(t, "copy")) * ms
				all = append(all, p)
			}
		}
		s := stream{buffer: New(Options{})}
		s.play(t, all, 10)
		if got := s.buffer.Stats(); got.Played != time.Second {
			t.Fatalf("%+v", got)
		}
		for i := 1; i < len(plain); i++ {
			if f := s.frames[i]; f.Is(media.Concealed) && i > 3 && i < 45 {
				t.Fatalf("frame %d was concealed", i)
			}
		}
	})
}

// TestLossIsConcealed: what is lost is invented, and nothing else; the delay
// does not grow.
func TestLossIsConcealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := packets(16000, 20*ms, 7, true)
		lose := rapid.SliceOfNDistinct(rapid.IntRange(3, len(all)-8), 0, 30, rapid.ID[int]).Draw(t, "lost")
		kept := slices.Clone(all[:0])
		for i, p := range all {
			if !slices.Contains(lose, i) {
				kept = append(kept, p)
			}
		}
		var longest, gap int
		for i := range all {
			if gap++; !slices.Contains(lose, i) {
				gap = 0
			}
			longest = max(longest, gap)
		}
		if longest >= 9 {
			t.Skip("a gap that ends the talk spurt")
		}
		s := stream{buffer: New(Options{})}
		s.play(t, kept, 3)
		got := s.buffer.Stats()
		if want := time.Duration(len(lose)) * 20 * ms; got.Played != 2*time.Second-want || got.Late != 0 {
			t.Fatalf("%d packets lost: %+v", len(lose), got)
		}
		if got.Delay != 40*ms {
			t.Fatalf("delay %v after %d losses", got.Delay, len(lose))
		}
	})
}

// run plays `seconds` of quiet packets with a delay for each and returns the
// statistics.
func (s *stream) run(t *testing.T, first, seconds int, delay func(i int) time.Duration) Stats {
	all := packets(8000*seconds, 20*ms, uint32(first*8000), false)
	for i := range all {
		all[i].at += time.Duration(first)*time.Second + delay(i)
	}
	s.play(t, all, 1)
	return s.buffer.Stats()
}

func TestDelayFollowsTheNetwork(t *testing.T) {
	s := stream{buffer: New(Options{})}
	calm := s.run(t, 0, 5, func(int) time.Duration { return 0 })
	if calm.Delay != 40*ms || calm.Inserted+calm.Dropped+calm.Concealed != 0 {
		t.Errorf("calm: %+v, want a delay of 40 ms and nothing invented", calm)
	}
	rough := s.run(t, 5, 10, func(i int) time.Duration { return time.Duration(i%7) * 13 * ms })
	if rough.Delay < 80*ms || rough.Delay > 130*ms || rough.Target < 90*ms {
		t.Errorf("rough, up to 78 ms: %+v", rough)
	}
	rougher := s.run(t, 15, 5, func(i int) time.Duration { return time.Duration(i%7) * 13 * ms })
	if got := rougher.Concealed - rough.Concealed; got > 40*ms {
		t.Errorf("the same again: %v concealed though the buffer knew", got)
	}
	again := s.run(t, 20, 10, func(int) time.Duration { return 0 })
	if again.Delay > 60*ms || again.Dropped == 0 {
		t.Errorf("calm again: %+v", again)
	}
}

// TestClockDrift: a sender whose clock is off by 1000 ppm, ten times what is
// real, is followed for a minute without a concealed frame beyond the first.
func TestClockDrift(t *testing.T) {
	for _, ppm := range []int{1000, -1000} {
		s := stream{buffer: New(Options{})}
		got := s.run(t, 0, 60, func(i int) time.Duration { return time.Duration(i*20*ppm) * time.Microsecond / 1000 })
		if got.Delay > 80*ms || got.Concealed > 60*ms || got.Late != 0 {
			t.Errorf("%d ppm: %+v", ppm, got)
		}
		if moved := got.Inserted - got.Dropped; moved*time.Duration(ppm) < 20*ms*1000 {
			t.Errorf("%d ppm: inserted %v, dropped %v", ppm, got.Inserted, got.Dropped)
		}
	}
}

// TestDelayHasABound: a second's worth arriving at once must not be played a
// second late.
func TestDelayHasABound(t *testing.T) {
	s := stream{buffer: New(Options{})}
	all := packets(24000, 20*ms, 0, true)
	for i := 50; i < 70; i++ {
		all[i].at = all[70].at
	}
	s.play(t, all, 1)
	if got := s.buffer.Stats(); got.Delay > 200*ms {
		t.Errorf("%+v", got)
	}
}

func TestRestart(t *testing.T) {
	s := stream{buffer: New(Options{})}
	all := packets(8000, 20*ms, 1000, true)
	stray := packets(160, 20*ms, 900_000_000, true)[0]
	stray.at = all[10].at
	other := packets(8000, 20*ms, 3_000_000_000, true)
	for i := range other {
		other[i].at += time.Second
	}
	s.play(t, append(append(all, stray), other...), 5)
	got := s.buffer.Stats()
	if got.Restarts != 1 {
		t.Errorf("%d restarts, want 1: the stray packet must not be one", got.Restarts)
	}
	if got.Played < 1960*ms || got.Played > 1980*ms {
		t.Errorf("played %v of 2 s; one packet is spent on believing the new clock", got.Played)
	}
}

// TestTalkSpurts: a sender that is silent between words is held back afresh and
// the pause is silence, not invention.
func TestTalkSpurts(t *testing.T) {
	s := stream{buffer: New(Options{})}
	all := packets(8000, 20*ms, 0, true)
	for i := 25; i < 50; i++ {
		all[i].Timestamp += 8000
		all[i].at += time.Second
	}
	s.play(t, all, 10)
	got := s.buffer.Stats()
	if got.Played != time.Second || got.Delay > 80*ms {
		t.Errorf("%+v", got)
	}
	var silent int
	for _, f := range s.frames[25:75] {
		if f.Is(media.Silence) {
			silent++
		}
	}
	if silent < 40 {
		t.Errorf("%d of 50 frames of the pause are silent", silent)
	}
}

// TestConcealment loses one packet of a voice-like tone: the invention must be
// as loud as the original, look like it, and join without a click; a long gap
// must fade to silence.
func TestConcealment(t *testing.T) {
	voice := func(i int) int16 { // 125 Hz with harmonics
		x := 2 * math.Pi * 125 * float64(i) / 8000
		return int16(4000*math.Sin(x) + 2500*math.Sin(2*x+1) + 1500*math.Sin(5*x+2))
	}
	c := newConcealer(media.Rate8k)
	original := make([]int16, 1600)
	for i := range original {
		original[i] = voice(i)
	}
	c.heard(slices.Clone(original[:480]))
	lost := make([]int16, 160)
	c.invent(lost)
	var cross, a, b, click float64
	for i, v := range lost {
		x, y := float64(original[480+i]), float64(v)
		cross, a, b = cross+x*y, a+x*x, b+y*y
	}
	if r := cross / math.Sqrt(a*b); r < 0.95 {
		t.Errorf("the invention resembles the original by %.3f", r)
	}
	if level := 10 * math.Log10(b/a); level < -3 || level > 1 {
		t.Errorf("the invention's level is off by %.1f dB", level)
	}
	next := slices.Clone(original[640:800])
	c.heard(next)
	joined := slices.Concat(original[400:480], lost, next)
	for i := 1; i < len(joined); i++ {
		click = max(click, math.Abs(float64(joined[i])-float64(joined[i-1])))
	}
	var steepest float64
	for i := 1; i < len(original); i++ {
		steepest = max(steepest, math.Abs(float64(original[i])-float64(original[i-1])))
	}
	if click > 1.5*steepest {
		t.Errorf("a step of %.0f, the original's steepest is %.0f", click, steepest)
	}
	long := make([]int16, 8000/10)
	c.invent(long)
	for i, v := range long[640:] {
		if v != 0 {
			t.Fatalf("sample %d of a long gap is %d", 640+i, v)
		}
	}
}

func TestRefusedPackets(t *testing.T) {
	b := New(Options{})
	b.Put(Packet{Timestamp: 1})
	b.Put(Packet{Timestamp: 1, PCM: make([]int16, 3000)})
	var f media.Frame
	b.Get(0, &f)
	if b.state != idle || !f.Is(media.Silence) {
		t.Errorf("state %v, flags %v", b.state, f.Flags)
	}
}

// FuzzBuffer feeds wild timestamps, times and lengths: whatever comes, a frame
// goes out and nothing breaks.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 0, 0, 160, 0, 1, 0, 160, 255, 0, 0, 10, 3, 3, 3, 3})
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := New(Options{})
		var now time.Duration
		var ts uint32
		for ; len(raw) >= 4; raw = raw[4:] {
			ts += uint32(int32(int8(raw[0])) << (raw[1] & 31))
			now += time.Duration(raw[1]>>5) * 10 * ms
			b.Put(Packet{Timestamp: ts, Arrival: now, PCM: make([]int16, int(raw[2])*8), Voiced: raw[3]&1 != 0})
			if raw[3]&2 != 0 {
				var frame media.Frame
				b.Get(now, &frame)
				if len(frame.PCM) != 160 {
					t.Fatalf("%d samples", len(frame.PCM))
				}
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	b, pcm := New(Options{}), make([]int16, 160)
	var i int
	var f media.Frame
	if n := testing.AllocsPerRun(500, func() {
		if i++; i%5 != 0 {
			b.Put(Packet{Timestamp: uint32(i * 160), Arrival: time.Duration(i) * media.Tick, PCM: pcm})
		}
		b.Get(time.Duration(i)*media.Tick, &f)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPutGet(b *testing.B) {
	for _, c := range []struct {
		name string
		lose int
	}{{"clean", 1 << 30}, {"loss 5 %", 20}} {
		b.Run(c.name, func(b *testing.B) {
			buf, pcm := New(Options{}), make([]int16, 160)
			var f media.Frame
			var i int
			b.ReportAllocs()
			for b.Loop() {
				if i++; i%c.lose != 0 {
					buf.Put(Packet{Timestamp: uint32(i * 160), Arrival: time.Duration(i) * media.Tick, PCM: pcm, Voiced: true})
				}
				buf.Get(time.Duration(i)*media.Tick, &f)
			}
		})
	}
}
