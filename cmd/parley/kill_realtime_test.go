//go:build !race

package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/sim"
)

// carrier is `parley sim` in a process of its own.
type carrier struct {
	*process
	address, log string
}

func simulate(t *testing.T, args ...string) *carrier {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	c := &carrier{log: filepath.Join(t.TempDir(), "carrier.jsonl")}
	c.process = spawn(t, bin, append([]string{"sim", "--listen", "127.0.0.1:0", "--log", c.log}, args...)...)
	const said = "the simulated carrier listens on "
	line := c.waitLine(said, 30*time.Second)
	c.address = strings.TrimSpace(line[strings.Index(line, said)+len(said):])
	return c
}

// records are what the carrier saw so far, of one event or of all ("").
func (c *carrier) records(event string) (some []sim.Record) {
	c.t.Helper()
	all, err := readWitness(c.log)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range all {
		if event == "" || r.Event == event {
			some = append(some, r)
		}
	}
	return some
}

// against is a configuration with the carrier as its only trunk. The SIP port
// is fixed, as a carrier expects of its peer, over restarts too.
func against(t *testing.T, c *carrier, more string) string {
	t.Helper()
	return fmt.Sprintf(`http: {listen: "127.0.0.1:0"}
sip: {listen: "127.0.0.1:%d"}
trunks: [{name: sim, host: "%s", calls_per_second: 50, channels: 100}]
rules: {test_numbers: ["+1202555*"]}
limits: {calls: 100, calls_per_second: 50}
log: {level: warn}
%s`, freePort(t), c.address, more)
}

// numbers is a list of n customers from the first number on.
func numbers(first, n int) string {
	var b strings.Builder
	b.WriteString("phone,name,amount_due,currency,due_date,creditor,verify_factor\n")
	for i := range n {
		fmt.Fprintf(&b, "+1202555%04d,Lee,128.50,USD,2026-12-01,Acme Store,0472\n", first+i)
	}
	return b.String()
}

// allCalls reads every page of the API's calls.
func (s *server) allCalls() map[string]callRow {
	s.t.Helper()
	all := map[string]callRow{}
	for cursor := ""; ; {
		var page struct {
			Items []callRow
			Next  string
		}
		s.must("GET", "/calls?limit=500&cursor="+cursor, nil, &page)
		for _, c := range page.Items {
			all[c.ID] = c
		}
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

func (s *server) state(id string) string {
	s.t.Helper()
	var c struct{ State string }
	s.must("GET", "/campaigns/"+id, nil, &c)
	return c.State
}

// TestKilledInTheMiddleOfACampaign kills the server and its workers three
// times while calls ring and talk.
func TestKilledInTheMiddleOfACampaign(t *testing.T) {
	killed(t, 3, 70)
}

// killed runs a campaign over the kills to its end and checks what the
// witnesses saw.
func killed(t *testing.T, kills, contacts int) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	const attempts = 2
	never := map[string]any{"times": 0, "delay": "1h"}

	c := simulate(t, "--no-media", "--personas", "testdata/kill")
	data := t.TempDir()
	config := against(t, c, "")
	s := serve(t, data, config)
	list := s.upload(numbers(1000, contacts))
	run := s.campaign(map[string]any{
		"list": list, "cps": 8, "concurrency": 15, "max_attempts": attempts,
		"retry": map[string]any{"busy": map[string]any{"times": 5, "delay": "1s"}, "hung_up_early": never,
			// On a busy machine an INVITE that cannot leave within a second of its
			// lease never leaves; that is not what this test is about.
			"cancelled": map[string]any{"times": 20, "delay": "1s"}, "no_response": never},
	})
	held := s.campaign(map[string]any{"list": s.upload(numbers(5000, 30)), "cps": 5, "max_attempts": 1})
	s.start(held)
	s.must("POST", "/campaigns/"+held+"/pause", nil, nil)
	s.start(run)

	e := evidence{before: map[string]callRow{}}
	for range kills {
		was := len(c.records("invite"))
		until(t, 30*time.Second, "the campaign goes on by itself", func() bool { return len(c.records("invite")) > was+3 })
		moment := time.NewTimer(time.Duration(random.IntN(2000)) * time.Millisecond)
		<-moment.C
		for id, call := range s.allCalls() {
			if call.State == "ended" {
				e.before[id] = call
			}
		}
		s.kill()
		e.kills = append(e.kills, time.Now())
		s = serve(t, data, config)
		e.starts = append(e.starts, time.Now())
		if got := s.state(held); got != "paused" {
			t.Errorf("after a kill the paused campaign is %s", got)
		}
		if st := s.stats(run); st.Contacts != contacts {
			t.Errorf("after a kill the campaign has %d contacts, want %d", st.Contacts, contacts)
		}
	}
	t.Logf("after the last kill %+v", s.stats(run).Counts)
	defer func() {
		if t.Failed() && s.state(run) != "finished" {
			t.Logf("unfinished: %+v", s.stats(run))
		}
	}()
	until(t, 90*time.Second, "the campaign ends", func() bool { return s.state(run) == "finished" })

	e.carrier, e.after = c.records(""), s.allCalls()
	var err error
	if e.journal, err = readJournal(data); err != nil {
		t.Fatal(err)
	}
	for _, v := range e.check() {
		t.Error(v)
	}
	for number, n := range e.attemptsPerNumber() {
		if n > attempts {
			t.Errorf("%s was rung for %d attempts, want at most %d", number, n, attempts)
		}
		if strings.Contains(number, "12025555") {
			t.Errorf("%s belongs to the paused campaign", number)
		}
	}
	st := s.stats(run)
	if st.Counts.Done+st.Counts.Uncertain != contacts || st.Counts.Waiting+st.Counts.Claimed+st.Counts.Dialling != 0 {
		t.Errorf("in the end the contacts are %+v, want %d ended", st.Counts, contacts)
	}
	orphans := 0
	for i := range e.kills {
		orphans += len(e.leftUp(i))
	}
	t.Logf("%d calls were up at the kills", orphans)
	if orphans == 0 {
		t.Error("no call was up at any kill; the test shows nothing of their end")
	}
	t.Logf("%d INVITEs, %d calls ended before a kill, %+v", len(e.invites()), len(e.before), st.Counts)
	if len(e.before) == 0 || st.Counts.Uncertain == 0 && len(e.invites()) < contacts {
		t.Error("the kills hit nothing; the test shows nothing")
	}
}

// TestAnOptOutOutlivesAKill: a customer says it on the telephone, and the
// server is killed one second after the fact is known.
func TestAnOptOutOutlivesAKill(t *testing.T) {
	need(t, "flite")
	c := simulate(t, "--personas", "testdata/optout")
	data := t.TempDir()
	config := against(t, c, "")
	s := serve(t, data, config)
	opted := s.events(t)
	csv := numbers(130, 1)
	list := s.upload(csv)
	first := s.campaign(map[string]any{"list": list, "max_attempts": 3})
	s.start(first)
	waitEvent(t, opted, "contact.opted_out", 60*time.Second)
	second := time.NewTimer(time.Second)
	<-second.C
	s.kill()

	s = serve(t, data, config)
	dialled := len(c.records("invite"))
	if dialled != 1 {
		t.Fatalf("%d INVITEs before the kill, want 1", dialled)
	}
	for _, again := range []string{list, s.upload(csv)} {
		id := s.campaign(map[string]any{"list": again, "max_attempts": 3})
		var ask struct{ Confirm int }
		if status := s.call("POST", "/campaigns/"+id+"/start", nil, &ask); status != http.StatusConflict {
			t.Fatalf("start answered %d", status)
		}
		if ask.Confirm > 0 {
			s.must("POST", "/campaigns/"+id+"/start", map[string]int{"confirm": ask.Confirm}, nil)
			until(t, 20*time.Second, "the new campaign ends", func() bool { return s.state(id) == "finished" })
		}
	}
	until(t, 20*time.Second, "the first campaign ends", func() bool { return s.state(first) == "finished" })
	if n := len(c.records("invite")); n != dialled {
		t.Errorf("%d INVITEs after the opt-out", n-dialled)
	}
}

// events reads the server's event stream until the test ends; it gives the
// name of each event.
func (s *server) events(t *testing.T) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	names := make(chan string, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				names <- name
			}
		}
	}()
	t.Cleanup(func() { resp.Body.Close(); <-done })
	return names
}

func waitEvent(t *testing.T, names <-chan string, want string, limit time.Duration) {
	t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case name := <-names:
			if name == want {
				return
			}
		case <-timeout:
			t.Fatalf("no event %s within %v", want, limit)
		}
	}
}

// writeFile is a file of the test's own folder.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
