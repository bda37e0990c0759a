package ladder

import (
	"os"
	"strings"
	"testing"
	"time"
)

// BenchmarkACall is what a usual call's eight messages cost to keep.
func BenchmarkACall(b *testing.B) {
	golden, err := os.ReadFile("testdata/ladder.txt")
	if err != nil {
		b.Fatal(err)
	}
	raw := []byte(strings.ReplaceAll(string(golden[len(golden)-900:]), "\n", "\r\n"))
	b.ReportAllocs()
	for b.Loop() {
		t := NewTape("c", noon)
		for i := range 8 {
			raw[0] = byte('A' + i)
			t.Add(Message{At: noon.Add(time.Duration(i)), Peer: "192.0.2.1:5060", Raw: raw})
		}
	}
}
