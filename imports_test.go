package parley_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// floors is the law of the house: a package imports only packages of a lower
// floor. The longest matching pattern decides; "x/*" is every folder below x.
// A new edge needs a record in docs/decisions.
var floors = map[string]int{
	"cmd/parley": 7,
	"app":        6, "bench": 6,
	"api": 5, "web": 5, "store": 5, "cluster": 5,
	"sip": 4, "agent": 4, "record": 4, "campaign": 4, "tenant": 4, "review": 4, "outbox": 4, "sim": 4,
	"call": 3, "dialog/*": 3, "probe": 3, "trial": 3,
	"dialog": 2, "flows": 2, "ear": 2, "media/line": 2, "asr/*": 2, "tts/*": 2, "nlu/*": 2,
	"asr": 1, "tts": 1, "nlu": 1, "barge": 1, "progress": 1, "rules": 1, "blob": 1, "media/*": 1,
	"ladder": 0, "rates": 0, "plot": 0, "media": 0, "phone": 0, "event": 0, "worker": 0, "fetch": 0, "spoken": 0, "phrase": 0, "outcome": 0,
}

// helpers of tests: anyone's tests may use them, nothing else imports them.
// The suites stand beside their ports; sharedtest serves every floor, since
// each has tests on the data beside the repository.
var testOnly = map[string]bool{"store/storetest": true, "asr/asrtest": true, "tts/ttstest": true, "sharedtest": true, "sim/relay": true, "media/echo/echotest": true}

// outside says who may import what from outside the module.
var outside = map[string][]string{
	"github.com/emiago/sipgo": {"sip", "sim", "bench"},
	"github.com/miekg/dns":    {"sip"},
	"github.com/pion/webrtc":  {"agent"},
	"github.com/pion/srtp":    {"media"},
	"database/sql":            {"store", "bench"},
	"github.com/nats-io":      {"cluster"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags", "slow", "-json=ImportPath,Imports", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list's output: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages; the check would mean nothing", len(all))
	}
	return all
}

// floor finds the floor of a package path inside the module.
func floor(pkg string) (int, bool) {
	if n, ok := floors[pkg]; ok {
		return n, true
	}
	if n, ok := floors[path.Dir(pkg)+"/*"]; ok {
		return n, true
	}
	return 0, false
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "parley/")
		if p.ImportPath == "parley" || testOnly[name] {
			continue
		}
		own, ok := floor(name)
		if !ok {
			t.Errorf("%s stands on no floor: add it to the table with a decision record", name)
			continue
		}
		for _, imp := range p.Imports {
			inside, isOurs := strings.CutPrefix(imp, "parley/")
			if !isOurs {
				checkOutside(t, name, imp)
				continue
			}
			if testOnly[inside] {
				t.Errorf("%s imports %s, which is for tests only", name, inside)
				continue
			}
			if theirs, ok := floor(inside); ok && theirs >= own {
				t.Errorf("%s (floor %d) imports %s (floor %d): only lower floors may be imported", name, own, inside, theirs)
			}
		}
	}
}

func checkOutside(t *testing.T, name, imp string) {
	t.Helper()
	root, _, _ := strings.Cut(name, "/")
	for prefix, allowed := range outside {
		if imp != prefix && !strings.HasPrefix(imp, prefix+"/") {
			continue
		}
		var ok bool
		for _, a := range allowed {
			ok = ok || a == root
		}
		if !ok {
			t.Errorf("%s imports %s, which is for %s only", name, imp, strings.Join(allowed, ", "))
		}
	}
}
