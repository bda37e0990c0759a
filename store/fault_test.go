package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/tenant"
)

func openForTest(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestFullDisk: a full disk refuses in one sentence, keeps every acknowledged
// write, and work goes on when there is room again.
func TestFullDisk(t *testing.T) {
	s := openForTest(t)
	pragma := func(p string) {
		if err := s.w.do(t.Context(), "pragma", func(tx *tx) error {
			var n int64
			return tx.one(p, nil, &n)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetSetting(t.Context(), tenant.Default, "before", "kept"); err != nil {
		t.Fatal(err)
	}
	pragma("PRAGMA max_page_count = 1") // SQLite takes it as: no page more than now
	kept, full := 0, error(nil)
	for ; kept < 10_000 && full == nil; kept++ {
		full = s.SetSetting(t.Context(), tenant.Default, fmt.Sprint("n", kept), fmt.Sprintf("%1000d", kept))
	}
	kept--
	var unavailable Unavailable
	if !errors.As(full, &unavailable) || unavailable.Why != "the disk of the data folder is full; make room, nothing was lost" {
		t.Fatalf("after %d writes: %v", kept, full)
	}
	pragma("PRAGMA max_page_count = 1000000")
	if err := s.SetSetting(t.Context(), tenant.Default, "after", "kept"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	for _, name := range []string{"before", "after"} {
		if v, err := s.Setting(t.Context(), tenant.Default, name); err != nil || v != "kept" {
			t.Errorf("%s: %q, %v", name, v, err)
		}
	}
	for i := range kept {
		if v, err := s.Setting(t.Context(), tenant.Default, fmt.Sprint("n", i)); err != nil || v == "" {
			t.Errorf("acknowledged write %d of %d is lost: %v", i, kept, err)
		}
	}
}

// TestJournalFails: without its line in the journal an attempt never was.
func TestJournalFails(t *testing.T) {
	s := openForTest(t)
	target := call.Target{Call: "c1", Attempt: "c1", Tenant: tenant.Default, To: "+12125550123"}
	broken := s.journal.f
	broken.Close() // as a disk that fails does
	if _, err := s.BeginCall(t.Context(), target, nil); !errors.As(err, new(Unavailable)) {
		t.Fatalf("a call began without its witness: %v", err)
	}
	if state, err := s.CallState(t.Context(), tenant.Default, "c1"); err != nil || state != "released" {
		t.Errorf("the attempt is %q, %v", state, err)
	}
	c, err := s.Case(t.Context(), campaign.Campaign{Tenant: tenant.Default}, campaign.Contact{Phone: target.To})
	if err != nil || c.Live || len(c.Calls) != 0 {
		t.Errorf("the rules count it: %+v, %v", c, err)
	}
}

// TestClosed: what comes after the end is refused, what was queued before is done.
func TestClosed(t *testing.T) {
	s := openForTest(t)
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() { errs[i] = s.SetSetting(t.Context(), tenant.Default, fmt.Sprint(i), "x") })
	}
	s.stop()
	wg.Wait()
	for i, err := range errs {
		v, readErr := s.Setting(t.Context(), tenant.Default, fmt.Sprint(i))
		if readErr != nil {
			t.Fatal(readErr)
		}
		if acknowledged := err == nil; acknowledged != (v == "x") {
			t.Errorf("request %d: answered %v, and the book has %q", i, err, v)
		}
	}
	<-s.w.done
	if err := s.SetSetting(t.Context(), tenant.Default, "late", "x"); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func FuzzJournal(f *testing.F) {
	line, err := record{Attempt: "a", Number: "+12125550123", At: 1, Tenant: "t"}.line()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(append(line, line[:10]...))
	f.Add([]byte("00000000 {}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		j := readAll(t, raw)
		// What was read stays readable when a torn end is cut off.
		again := readAll(t, raw[:j.size])
		if len(again.found) != len(j.found) || again.damaged != j.damaged || again.size != j.size {
			t.Fatalf("%d records and %d damaged became %d and %d", len(j.found), j.damaged, len(again.found), again.damaged)
		}
	})
}

func readAll(t *testing.T, raw []byte) *journal {
	t.Helper()
	j := &journal{}
	var err error
	if j.found, j.size, j.damaged, err = readJournal(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return j
}

func BenchmarkGroupCommit(b *testing.B) {
	s := openForTest(b)
	b.SetParallelism(100)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := s.SetSetting(b.Context(), tenant.Default, "n", "v"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

// BenchmarkBegin is the whole durable way before an INVITE: database, journal.
func BenchmarkBegin(b *testing.B) {
	s := openForTest(b)
	var n int64
	var mu sync.Mutex
	b.SetParallelism(50)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			id := n
			mu.Unlock()
			t := call.Target{Call: fmt.Sprint(id), Attempt: fmt.Sprint(id), Tenant: tenant.Default, To: fmt.Sprintf("+1212%07d", id)}
			ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
			_, err := s.BeginCall(ctx, t, nil)
			cancel()
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "begins/s")
}
