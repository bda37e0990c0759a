package rtp

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"
	pion "github.com/pion/rtp"
	"pgregory.net/rapid"
)

func drawPion(t *rapid.T) pion.Packet {
	p := pion.Packet{
		Header: pion.Header{
			Version:        2,
			Marker:         rapid.Bool().Draw(t, "marker"),
			PayloadType:    rapid.Uint8Range(0, 127).Draw(t, "pt"),
			SequenceNumber: rapid.Uint16().Draw(t, "seq"),
			Timestamp:      rapid.Uint32().Draw(t, "ts"),
			SSRC:           rapid.Uint32().Draw(t, "ssrc"),
			CSRC:           rapid.SliceOfN(rapid.Uint32(), 0, 15).Draw(t, "csrc"),
		},
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 480).Draw(t, "payload"),
	}
	if rapid.Bool().Draw(t, "extension") {
		_ = p.SetExtension(1, rapid.SliceOfN(rapid.Byte(), 1, 16).Draw(t, "ext"))
	}
	if n := rapid.Uint8Range(0, 40).Draw(t, "padding"); n > 0 {
		p.Padding, p.PaddingSize = true, n
	}
	return p
}

func TestParseAgreesWithPion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPion(t)
		raw, err := p.Marshal()
		if err != nil {
			t.Skip(err)
		}
		h, payload, err := Parse(raw)
		if err != nil {
			t.Fatalf("%v: %+v", err, p)
		}
		want := Header{p.Marker, p.PayloadType, p.SequenceNumber, p.Timestamp, p.SSRC}
		if h != want || string(payload) != string(p.Payload) {
			t.Fatalf("got %+v and %d bytes, want %+v and %d", h, len(payload), want, len(p.Payload))
		}
	})
}

func TestAppendParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Header{
			rapid.Bool().Draw(t, "marker"), rapid.Uint8Range(0, 127).Draw(t, "pt"),
			rapid.Uint16().Draw(t, "seq"), rapid.Uint32().Draw(t, "ts"), rapid.Uint32().Draw(t, "ssrc"),
		}
		got, payload, err := Parse(append(want.Append(nil), "sound"...))
		if err != nil || got != want || string(payload) != "sound" {
			t.Fatalf("%+v %q %v, want %+v", got, payload, err, want)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	good := Header{PayloadType: 8}.Append(nil)
	edit := func(first byte, more ...byte) []byte {
		b := append(append([]byte{}, good...), more...)
		b[0] = first
		return b
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"nothing", nil, ErrShort},
		{"eleven bytes", good[:11], ErrShort},
		{"version 1", edit(1 << 6), ErrVersion},
		{"CSRCs beyond the end", edit(2<<6|3, 0, 0, 0, 0), ErrShort},
		{"extension without a header", edit(2<<6|0x10, 0, 0), ErrShort},
		{"extension beyond the end", edit(2<<6|0x10, 0, 0, 0xFF, 0xFF), ErrShort},
		{"padding of nothing", edit(2<<6|0x20, 1, 0), ErrPadding},
		{"padding beyond the payload", edit(2<<6|0x20, 1, 3), ErrPadding},
		{"padding into the header", edit(2<<6 | 0x20), ErrPadding},
	} {
		if _, _, err := Parse(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Header{Marker: true, PayloadType: 101, Sequence: 65535}.Append(nil))
	f.Add([]byte{0xB1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 9, 9, 2})
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, payload, err := Parse(raw)
		if err != nil {
			return
		}
		if len(payload) > len(raw)-HeaderSize {
			t.Fatalf("%d bytes of payload in %d", len(payload), len(raw))
		}
		var p pion.Packet
		if p.Unmarshal(raw) == nil && (p.SequenceNumber != h.Sequence || p.SSRC != h.SSRC) {
			t.Fatalf("%+v, pion reads %+v", h, p.Header)
		}
	})
}

func TestReceptionCounts(t *testing.T) {
	run := func(seqs ...uint16) (r Reception, extended []int64) {
		r = NewReception(8000)
		for _, s := range seqs {
			x, ok := r.Packet(Header{Sequence: s}, 0)
			if !ok {
				x = -1
			}
			extended = append(extended, x)
		}
		return r, extended
	}
	for _, c := range []struct {
		name           string
		seqs           []uint16
		extended       []int64
		expected, lost int64
	}{
		{"nothing", nil, nil, 0, 0},
		{"in order over the wrap", []uint16{65534, 65535, 0, 1}, []int64{65534, 65535, 65536, 65537}, 4, 0},
		{"a loss", []uint16{5, 6, 8}, []int64{5, 6, 8}, 4, 1},
		{"reordered over the wrap", []uint16{65535, 1, 0}, []int64{65535, 65537, 65536}, 3, 0},
		{"older than the first", []uint16{5, 4}, []int64{5, 4}, 1, -1},
		{"a duplicate", []uint16{5, 5, 6}, []int64{5, 5, 6}, 2, -1},
		{"one wild packet is not believed", []uint16{5, 40000, 6}, []int64{5, -1, 6}, 2, 0},
		{"two in sequence are a restart", []uint16{5, 40000, 40001, 40002}, []int64{5, -1, 2<<16 + 40001, 2<<16 + 40002}, 3, 0},
	} {
		r, extended := run(c.seqs...)
		if d := cmp.Diff(c.extended, extended); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if r.Expected() != c.expected || r.Lost() != c.lost {
			t.Errorf("%s: expected %d lost %d, want %d and %d", c.name, r.Expected(), r.Lost(), c.expected, c.lost)
		}
	}
}

// TestReceptionLoss drops packets of a long stream at random and reorders
// neighbours: the count must be exact.
func TestReceptionLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewReception(8000)
		first := rapid.Uint16().Draw(t, "first")
		drops := rapid.SliceOfN(rapid.IntRange(0, 3), 50, 400).Draw(t, "drops")
		var sent, got int64
		for i, d := range drops {
			last := i == len(drops)-1
			if sent++; d == 0 && i > 0 && !last { // the ends are seen, so the span is known
				continue
			}
			got++
			r.Packet(Header{Sequence: first + uint16(i)}, 0)
		}
		if r.Expected() != sent || r.Lost() != sent-got {
			t.Fatalf("expected %d lost %d, want %d and %d", r.Expected(), r.Lost(), sent, sent-got)
		}
	})
}

// TestJitterConverges: packets alternately 0 and 5 ms late differ by 5 ms each
// time, so J tends to 5 ms; a timestamp wrap in the middle changes nothing.
func TestJitterConverges(t *testing.T) {
	r := NewReception(8000)
	for i := range 400 {
		late := time.Duration(i%2) * 5 * time.Millisecond
		ts := uint32(math.MaxUint32-200*160) + uint32(i*160)
		r.Packet(Header{Sequence: uint16(i), Timestamp: ts}, time.Duration(i)*20*time.Millisecond+late)
	}
	if got := r.Jitter(); got < 4900*time.Microsecond || got > 5*time.Millisecond {
		t.Errorf("jitter %v, want nearly 5 ms", got)
	}
}

func TestFractionLostIsOfTheInterval(t *testing.T) {
	r := NewReception(8000)
	seq := uint16(0)
	feed := func(n int, lose func(i int) bool) {
		for i := range n {
			if !lose(i) {
				r.Packet(Header{Sequence: seq}, 0)
			}
			seq++
		}
	}
	feed(100, func(i int) bool { return i%4 == 1 })
	if got := r.Report(9); got.FractionLost != 64 || got.Lost != 25 || got.SSRC != 9 {
		t.Errorf("first report %+v, want 64/256 and 25", got)
	}
	feed(100, func(int) bool { return false })
	if got := r.Report(9); got.FractionLost != 0 || got.Lost != 25 || got.Highest != 199 {
		t.Errorf("second report %+v, want 0/256, 25 and 199", got)
	}
}

func TestReportsAgreeWithPion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Report{
			SSRC:   rapid.Uint32Range(1, math.MaxUint32).Draw(t, "ssrc"),
			Sender: rapid.Bool().Draw(t, "sender"),
			Bye:    rapid.Bool().Draw(t, "bye"),
		}
		if want.Sender {
			want.NTP, want.Timestamp = rapid.Uint64().Draw(t, "ntp"), rapid.Uint32().Draw(t, "ts")
			want.Packets, want.Octets = rapid.Uint32().Draw(t, "packets"), rapid.Uint32().Draw(t, "octets")
		}
		if rapid.Bool().Draw(t, "block") {
			want.Block = ReportBlock{7, rapid.Uint8().Draw(t, "fraction"), rapid.Int32Range(-1<<23, 1<<23-1).Draw(t, "lost"), 1, 2, 3, 4}
		}
		cname := rapid.StringMatching(`[a-z0-9]{0,300}`).Draw(t, "cname")
		raw := want.Append(nil, cname)

		got, ok := ParseReport(raw, 7)
		if !ok || got != want {
			t.Fatalf("%v %+v, want %+v", ok, got, want)
		}
		packets, err := rtcp.Unmarshal(raw)
		if err != nil {
			t.Fatalf("pion: %v", err)
		}
		if err := rtcp.CompoundPacket(packets).Validate(); err != nil {
			t.Fatalf("pion: %v", err)
		}
		sdes := packets[1].(*rtcp.SourceDescription)
		if text := sdes.Chunks[0].Items[0].Text; text != cname[:min(255, len(cname))] {
			t.Fatalf("CNAME %q, want %q", text, cname)
		}
		if sr, ok := packets[0].(*rtcp.SenderReport); ok != want.Sender || ok && (sr.NTPTime != want.NTP || len(sr.Reports) == 1 && int32(sr.Reports[0].TotalLost<<8)>>8 != want.Block.Lost) {
			t.Fatalf("pion reads %+v", packets[0])
		}
	})
}

func TestRoundTrip(t *testing.T) {
	sent := time.Date(2026, 5, 4, 10, 0, 0, 123e6, time.UTC)
	b := ReportBlock{LastSR: uint32(NTP(sent) >> 16), Delay: 65536 / 2}
	got, ok := b.RoundTrip(NTP(sent.Add(580 * time.Millisecond)))
	if !ok || got < 79*time.Millisecond || got > 81*time.Millisecond {
		t.Errorf("%v %v, want 80 ms", got, ok)
	}
	if _, ok := (ReportBlock{}).RoundTrip(NTP(sent)); ok {
		t.Error("a block that echoes no report gave a round trip")
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add(Report{SSRC: 1, Sender: true, Block: ReportBlock{SSRC: 7}}.Append(nil, "a"))
	f.Add(Report{SSRC: 1, Bye: true}.Append(nil, ""))
	f.Add([]byte{0x9F, 200, 0, 6})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, ok := ParseReport(raw, 7)
		if ok && r.Block.SSRC != 0 && r.Block.SSRC != 7 {
			t.Fatalf("a block about %d", r.Block.SSRC)
		}
	})
}

func TestNoAllocation(t *testing.T) {
	r, buf := NewReception(8000), make([]byte, 0, 200)
	var seq uint16
	if n := testing.AllocsPerRun(100, func() {
		raw := Header{Sequence: seq}.Append(buf)
		seq++
		h, _, _ := Parse(raw)
		r.Packet(h, 0)
		_, _ = ParseReport(Report{SSRC: 3, Block: r.Report(1)}.Append(buf, "parley"), 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := append(Header{PayloadType: 8}.Append(nil), make([]byte, 160)...)
	for b.Loop() {
		_, _, _ = Parse(raw)
	}
}
