package worker

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFramesSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var wire []byte
		var want []frame
		for range rapid.IntRange(0, 5).Draw(t, "frames") {
			f := frame{
				kind:    kind(rapid.IntRange(int(kindSetup), int(kindLast)-1).Draw(t, "kind")),
				stream:  rapid.Uint32().Draw(t, "stream"),
				payload: rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "payload"),
			}
			want = append(want, f)
			wire = appendFrame(wire, f)
		}
		r := bytes.NewReader(wire)
		for _, w := range want {
			got, err := readFrame(r)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(w, got, cmp.AllowUnexported(frame{})); d != "" {
				t.Fatal(d)
			}
		}
		if _, err := readFrame(r); !errors.Is(err, io.EOF) {
			t.Fatalf("at the end: %v", err)
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	f.Add(appendFrame(nil, frame{kind: kindData, stream: 1, payload: []byte("hello")}))
	f.Add(appendFrame(nil, frame{kind: kindLast}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1})
	f.Add([]byte{0, 0, 0, 9, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readFrame(bytes.NewReader(b))
		if err != nil {
			return
		}
		if again := appendFrame(nil, got); !bytes.HasPrefix(b, again) {
			t.Errorf("read %x as %+v", b, got)
		}
	})
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 4: 800 * time.Millisecond,
		9: 25600 * time.Millisecond, 10: 30 * time.Second, 1000: 30 * time.Second,
	} {
		if got := backoff(n); got != want {
			t.Errorf("backoff(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestCreditLetsOneMessageOvershoot(t *testing.T) {
	c := newCredit()
	if !c.try(MaxMessage, window) {
		t.Fatal("the first message of any size must pass")
	}
	if c.try(1, window) {
		t.Error("a second one passed a window that is used up")
	}
	c.give(MaxMessage)
	if !c.try(1, window) {
		t.Error("no room after everything was given back")
	}
}
