//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"parley/bench"
)

// TestBenchCalls holds a few calls; it asserts what was counted, not how fast it
// was.
func TestBenchCalls(t *testing.T) {
	need(t, "flite")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	plot := filepath.Join(t.TempDir(), "calls.svg")
	var out, log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, "bench", "calls", "--max", "20", "--conversing", "25",
		"--settle", "1s", "--measure", "2s", "--api", "--json", "--plot", plot)
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	var r bench.CallsResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Steps) != 1 || r.FloorTick <= 0 {
		t.Fatalf("%+v", r)
	}
	// 20 calls of 50 packets a second for two seconds; the far side counts.
	if s := r.Steps[0]; s.Calls != 20 || s.Sent < 1900 || s.Sent > 2400 || s.Cores <= 0 || s.Bytes <= 0 {
		t.Errorf("%+v", s)
	}
	if v := r.Steps[0].Visits; v == nil || v.Requests == 0 || v.Rows == 0 {
		t.Errorf("nobody asked the API meanwhile: %+v", v)
	}
	drawn, err := os.ReadFile(plot)
	if err != nil {
		t.Fatal(err)
	}
	var root struct{ XMLName xml.Name }
	if err := xml.Unmarshal(drawn, &root); err != nil || root.XMLName.Local != "svg" {
		t.Errorf("the plot is %v, %v", root.XMLName, err)
	}
}

// TestBenchDial sets up calls both ways; it asserts what was counted, not how
// fast it was.
func TestBenchDial(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, "bench", "dial", "--workers", "20", "--measure", "1s", "--json")
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	var r bench.DialResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]bench.DialPart{"signalling": r.Signalling, "durable": r.Durable} {
		if p.Setups == 0 || p.Failed > 0 || p.CPU <= r.Floor || p.P99 < p.P50 || p.P50 <= 0 {
			t.Errorf("%s: %+v beside a floor of %.1f", name, p, r.Floor)
		}
	}
	if r.Floor <= 0 {
		t.Errorf("the floor is %v", r.Floor)
	}
}
