package relay

import (
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// fates sends packets of 20 ms and gives the times at which they leave, by
// packet.
func fates(i Impairment, seed uint64, n int) [][]time.Duration {
	p := NewPath(i, seed)
	all := make([][]time.Duration, n)
	for k := range all {
		all[k] = p.Next(nil, time.Duration(k)*20*ms)
	}
	return all
}

func TestPath(t *testing.T) {
	const n = 20000
	for _, c := range []struct {
		name string
		i    Impairment
	}{
		{"nothing", Impairment{}},
		{"loss", Impairment{Loss: 0.05}},
		{"bursts", Impairment{Loss: 0.2, Burst: 4}},
		{"all of it", Impairment{Loss: 1}},
		{"delay", Impairment{Delay: 60 * ms, Jitter: 20 * ms}},
		{"reordering", Impairment{Delay: 20 * ms, Reorder: 0.1}},
		{"duplicates", Impairment{Duplicate: 0.3}},
		{"all", Impairment{Loss: 0.1, Burst: 2, Delay: 60 * ms, Jitter: 40 * ms, Reorder: 0.05, Duplicate: 0.1}},
	} {
		all := fates(c.i, 7, n)
		if !slices.EqualFunc(all, fates(c.i, 7, n), slices.Equal) {
			t.Errorf("%s: the same seed gives other fates", c.name)
		}
		var lost, bursts, twice, overtaken int
		for k, times := range all {
			switch len(times) {
			case 0:
				if lost++; k == 0 || len(all[k-1]) > 0 {
					bursts++
				}
				continue
			case 2:
				twice++
			}
			late := times[0] - time.Duration(k)*20*ms
			if late < c.i.Delay-c.i.Jitter || late > c.i.Delay+c.i.Jitter+50*ms {
				t.Fatalf("%s: packet %d is %v under way", c.name, k, late)
			}
			if k+1 < n && len(all[k+1]) > 0 && all[k+1][0] < times[0] {
				overtaken++
			}
		}
		near := func(what string, got int, of int, want float64) {
			if share := float64(got) / float64(of); math.Abs(share-want) > 0.1*want+0.002 {
				t.Errorf("%s: %s is %.4f, want %.4f", c.name, what, share, want)
			}
		}
		near("loss", lost, n, c.i.Loss)
		near("duplication", twice, n-lost+1, c.i.Duplicate)
		if c.i.Jitter == 0 && c.i.Loss == 0 { // a neighbour that is late itself overtakes nobody
			near("reordering", overtaken, n, c.i.Reorder*(1-c.i.Reorder))
		} else if c.i.Reorder > 0 && overtaken == 0 {
			t.Errorf("%s: nothing is reordered", c.name)
		}
		if c.i.Burst > 1 {
			near("packets a burst", lost, bursts, c.i.Burst)
		}
	}
	if slices.EqualFunc(fates(Impairment{Loss: 0.5}, 1, 100), fates(Impairment{Loss: 0.5}, 2, 100), slices.Equal) {
		t.Error("the seed changes nothing")
	}
}

// TestRelay sends numbered packets both ways through sockets.
func TestRelay(t *testing.T) {
	r, err := Open(Options{Towards: Impairment{Loss: 0.3, Delay: 5 * ms}, Back: Impairment{Duplicate: 1}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	bind := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	near, far := bind(), bind()
	r.Connect(local(near), local(far))
	for i := range 100 {
		if _, err := near.WriteToUDPAddrPort([]byte{byte(i)}, r.Near()); err != nil {
			t.Fatal(err)
		}
		if _, err := far.WriteToUDPAddrPort([]byte{byte(i)}, r.Far()); err != nil {
			t.Fatal(err)
		}
	}
	read := func(c *net.UDPConn, n int, from string) (got []byte) {
		buf := make([]byte, 10)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		for range n {
			_, src, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				t.Fatalf("after %d packets: %v", len(got), err)
			}
			if src.String() != from {
				t.Fatalf("from %v, want %s", src, from)
			}
			got = append(got, buf[0])
		}
		return got
	}
	back := read(near, 200, r.Near().String())
	if !slices.IsSorted(back) || back[0] != 0 || back[199] != 99 {
		t.Errorf("what came back is %v", back)
	}
	want := 0
	for _, times := range fates(r.towards.path.Impairment, 1, 100) {
		want += len(times)
	}
	if forth := read(far, want, r.Far().String()); !slices.IsSorted(forth) {
		t.Errorf("what went forth is %v", forth)
	}
	towards, again := r.Stats()
	if towards.Received != 100 || towards.Lost != int64(100-want) || towards.Sent != int64(want) || again.Repeated != 100 || again.Sent != 200 {
		t.Errorf("%+v %+v", towards, again)
	}
}
