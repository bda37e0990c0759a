package sip

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/call"
)

func TestOrderOfOffers(t *testing.T) {
	r := newRig(t, func(o *Options) {
		trunk := func(name string, priority, weight int, change func(*Trunk)) {
			tr := Trunk{Name: name, Host: "127.0.0.1", Priority: priority, Weight: weight}
			if change != nil {
				change(&tr)
			}
			o.Trunks = append(o.Trunks, tr)
		}
		trunk("late", 2, 0, nil)
		trunk("later", 2, 0, nil)
		trunk("small", 1, 10, nil)
		trunk("great", 1, 30, nil)
		trunk("uk", 0, 1, func(tr *Trunk) { tr.Dial.Callee = []Rewrite{{Prefix: "+44"}} })
		trunk("full", 0, 1, func(tr *Trunk) { tr.Channels = 1 })
		trunk("tired", 0, 1, nil)
		trunk("unknown", 0, 1, func(tr *Trunk) { tr.Register = Registration{Registrar: "192.0.2.1", User: "a"} })
	})
	r.trunks["full"].live.Add(1)
	for range breakAfter {
		r.trunks["tired"].health.bad(time.Now(), 0)
	}
	all, err := r.Offers(call.Target{To: "+15550009"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range all {
		if o.Err == nil {
			got = append(got, fmt.Sprintf("%s %.2f", o.Trunk, o.Share))
		}
	}
	if diff := cmp.Diff([]string{"great 0.75", "small 0.25", "late 1.00", "later 0.00"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, o := range all[4:] {
		want := map[string]error{"uk": ErrNotRouted, "full": ErrTrunkFull, "tired": ErrTrunkRests, "unknown": ErrNotRegistered}[o.Trunk]
		if want == nil || !errors.Is(o.Err, want) {
			t.Errorf("%s: %v, want %v", o.Trunk, o.Err, want)
		}
	}
	if _, err := r.Offers(call.Target{To: "+15550009", Trunk: "none"}); !errors.Is(err, ErrTarget) {
		t.Errorf("a trunk that is not there: %v", err)
	}
}
