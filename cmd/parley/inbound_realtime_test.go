//go:build !race

package main

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/ladder"
	"parley/media"
	"parley/media/resample"
	"parley/media/wav"
	"parley/outcome"
)

// says is a person who says each text after so many seconds, in a voice that is
// not the bot's.
func says(lines ...any) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		var pcm []int16
		for i := 0; i < len(lines); i += 2 {
			pcm = append(pcm, make([]int16, lines[i].(int)*8000)...)
			spoken := filepath.Join(t.TempDir(), "spoken.wav")
			if out, err := exec.Command("flite", "-voice", "rms", "-t", lines[i+1].(string), "-o", spoken).CombinedOutput(); err != nil {
				t.Fatalf("flite: %v\n%s", err, out)
			}
			s, err := wav.Read(spoken)
			if err != nil {
				t.Fatal(err)
			}
			narrow, err := resample.Convert(s.PCM, s.Rate, media.Rate8k)
			if err != nil {
				t.Fatal(err)
			}
			pcm = append(pcm, narrow...)
		}
		pcm = append(pcm, make([]int16, 60*8000)...)
		if err := wav.Write(path, wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: pcm}); err != nil {
			t.Fatal(err)
		}
	}
}

// open is a configuration whose trunk may call a number of ours; it gives the
// SIP port.
func open(t *testing.T, carrier, more string) (config string, port int) {
	t.Helper()
	port = freePort(t)
	return fmt.Sprintf(`http: {listen: "127.0.0.1:0"}
sip: {listen: "127.0.0.1:%d"}
trunks: [{name: sim, host: "%s", calls_per_second: 50, channels: 100}]
inbound: [{number: "+12025550199", trunk: sim, flow: payment-reminder.en, unknown_flow: unknown-caller.en}]
rules: {test_numbers: ["+1202555*"]}
log: {level: info}
%s`, port, carrier, more), port
}

// cameIn waits for the end of the next call of a customer's, and gives its
// report.
func (s *server) cameIn(limit time.Duration) (r call.Report) {
	s.t.Helper()
	until(s.t, limit, "a call came in and has ended", func() bool {
		for id, c := range s.allCalls() {
			if c.State == "ended" {
				s.must("GET", "/calls/"+id, nil, &r)
				return r.Direction == call.Inbound
			}
		}
		return false
	})
	return r
}

// recorded is the recording of a call.
func (s *server) recorded(id string) (sound wav.Sound) {
	s.t.Helper()
	err := filepath.WalkDir(filepath.Join(s.data, "recordings"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, id) && strings.HasSuffix(path, ".wav") {
			sound, err = wav.Read(path)
		}
		return err
	})
	if err != nil || len(sound.PCM) == 0 {
		s.t.Fatalf("the call %s was not recorded: %v", id, err)
	}
	return sound
}

// spoke reports whether somebody said this in the call.
func spoke(r call.Report, by call.Party, words string) bool {
	for _, turn := range r.Turns {
		if turn.By == by && strings.Contains(strings.ToLower(turn.Text), words) {
			return true
		}
	}
	return false
}

// TestACustomerCallsBack on a soft phone, talks with the bot about the matter
// of that number, and wants no more calls: none follows.
func TestACustomerCallsBack(t *testing.T) {
	t.Parallel()
	need(t, "flite", "baresip")
	c := simulate(t, "--no-media", "--personas", "testdata/control")
	config, port := open(t, c.address, "")
	s := serve(t, t.TempDir(), config)
	run := s.campaign(map[string]any{"list": s.upload(numbers(1000, 2))})
	baresip(t, freePort(t), "+12025551000", says(9, "stop calling me"), "-e", fmt.Sprintf("/dial sip:+12025550199@127.0.0.1:%d", port))
	r := s.cameIn(45 * time.Second)
	if r.Network != outcome.Answered || r.Disposition != outcome.OptOut || r.To != "+12025551000" || r.From != "+12025550199" || r.Campaign != run ||
		r.Trunk != "sim" || r.HangupBy != call.PartyBot {
		t.Errorf("report %+v", r)
	}
	if !spoke(r, call.PartyBot, "may i speak with lee") || !spoke(r, call.PartyBot, "we will not call this number again") || !spoke(r, call.PartyCustomer, "stop calling") {
		t.Errorf("turns %+v", r.Turns)
	}
	if m := r.Media; m == nil || m.Codec != "PCMU" || m.Received < 300 || m.Loss > 0.05 || r.Recording == "" {
		t.Errorf("media %+v, recording %q", r.Media, r.Recording)
	}
	// The other contact is called, this one is not: nor by the campaign, nor by hand.
	status := s.call("POST", "/calls", map[string]any{
		"to": "+12025551000", "trunk": "sim", "flow": "unknown-caller.en", "profile": "test",
	}, nil)
	if status != http.StatusConflict {
		t.Errorf("a single call to the number answered %d", status)
	}
	s.start(run)
	until(t, 20*time.Second, "the campaign is over", func() bool { return s.state(run) == "finished" || s.stats(run).Done == 2 })
	for _, rec := range c.records("") {
		if strings.Contains(rec.Number, "2025551000") {
			t.Errorf("the carrier was asked for the number that wants no calls: %+v", rec)
		}
	}
	if n := len(c.records("invite")); n == 0 {
		t.Errorf("the carrier saw no call at all: %+v", c.records(""))
	}
}

// TestSomebodyUnknownCalls: a number without a matter, played by SIPp, hears a
// flow that knows nothing of anybody.
func TestSomebodyUnknownCalls(t *testing.T) {
	t.Parallel()
	need(t, "flite", "sipp")
	config, port := open(t, "127.0.0.1:9", "")
	s := serve(t, t.TempDir(), config)
	_, verdict := startSIPp(t, append(scenarioOf(t, sipScenarios+"in_call.xml", `milliseconds="400"`, `milliseconds="9000"`),
		"-s", "+12025550199", fmt.Sprintf("127.0.0.1:%d", port))...)
	if err := <-verdict; err != nil {
		t.Error(err)
	}
	r := s.cameIn(10 * time.Second)
	if r.Network != outcome.Answered || r.HangupBy != call.PartyCustomer || r.Contact != "" || r.To != "+12025550177" {
		t.Errorf("report %+v", r)
	}
	var signalling ladder.Ladder
	s.must("GET", "/calls/"+r.ID+"/ladder", nil, &signalling)
	seen := map[string]bool{}
	for _, e := range signalling.Entries {
		for _, m := range []string{"INVITE ", " 180 ", " 200 ", "ACK ", "BYE "} {
			seen[m] = seen[m] || strings.Contains(e.First, m)
		}
	}
	if len(seen) != 5 || slices.Contains(slices.Collect(maps.Values(seen)), false) {
		t.Errorf("the ladder shows %v", seen)
	}
	if !spoke(r, call.PartyBot, "i cannot find your matter") || spoke(r, call.PartyBot, "payment") {
		t.Errorf("turns %+v", r.Turns)
	}
	var l ladder.Ladder
	status := s.call("GET", "/calls/"+r.ID+"/ladder", nil, &l)
	var way strings.Builder
	for _, e := range l.Entries {
		fmt.Fprintf(&way, "%s %s%s\n", e.Direction, e.First, e.Step)
	}
	for _, want := range []string{"received INVITE sip:+12025550199@", "trunk: ", "sent SIP/2.0 200 OK", "received BYE ", "ended: answered, by customer"} {
		if !strings.Contains(way.String(), want) {
			t.Errorf("%d: the ladder has no %q:\n%s", status, want, way.String())
		}
	}
	if r.CostUnknown == "" || r.Cost != nil {
		t.Errorf("the call cost %+v, unknown because %q", r.Cost, r.CostUnknown)
	}
}

// TestAHoldInTheMiddleOfAPrompt, by SIPp: nothing is said until the caller is
// back, and then the prompt is said again.
func TestAHoldInTheMiddleOfAPrompt(t *testing.T) {
	t.Parallel()
	need(t, "flite", "sipp")
	config, port := open(t, "127.0.0.1:9", "")
	s := serve(t, t.TempDir(), config)
	_, verdict := startSIPp(t, append(scenarioOf(t, sipScenarios+"in_hold.xml",
		`<pause milliseconds="1500"/>`, `<pause milliseconds="4000"/>`, `<pause milliseconds="300"/>`, `<pause milliseconds="6000"/>`),
		"-s", "+12025550199", fmt.Sprintf("127.0.0.1:%d", port))...)
	if err := <-verdict; err != nil {
		t.Error(err)
	}
	r := s.cameIn(10 * time.Second)
	cut := slices.IndexFunc(r.Turns, func(turn call.Turn) bool { return turn.HeardText != "" })
	if cut < 0 || cut+1 >= len(r.Turns) || r.Turns[cut+1].Text != r.Turns[cut].Text || r.Turns[cut].BargedIn {
		t.Fatalf("no prompt was cut by the hold and said again: %+v", r.Turns)
	}
	from, to := r.Turns[cut].ToMS, r.Turns[cut+1].FromMS
	if to-from < 3800 || to-from > 6000 {
		t.Errorf("the bot was silent for %d ms, the hold was 4 s", to-from)
	}
	sound := s.recorded(r.ID)
	loud := func(from, to int64) (n int) {
		for i := from * 8; i < to*8 && int(2*i+1) < len(sound.PCM); i++ {
			if v := sound.PCM[2*i+1]; v > 30 || v < -30 {
				n++
			}
		}
		return n
	}
	if n := loud(from+100, to-100); n > 0 {
		t.Errorf("%d samples of the bot's side sound while the caller held", n)
	}
	if loud(from-1500, from) < 1000 || loud(to, to+1000) < 1000 {
		t.Errorf("the bot cannot be heard around the hold")
	}
}

// TestACallerIsHandedOn who asks for a person by a key: SIPp is asked to call
// the queue's number, and says how that ended.
func TestACallerIsHandedOn(t *testing.T) {
	t.Parallel()
	need(t, "flite", "sipp")
	for final, want := range map[string]outcome.Disposition{"200 OK": outcome.Transferred, "486 Busy Here": outcome.AgentRequested} {
		t.Run(final, func(t *testing.T) {
			config, port := open(t, "127.0.0.1:9", "transfers: [{queue: collections, to: \"+12025550190\", profile: test}]\n")
			s := serve(t, t.TempDir(), config)
			_, verdict := startSIPp(t, append(scenarioOf(t, sipScenarios+"in_transfer.xml", "[final]", final),
				"-rtp_echo", "-s", "+12025550199", fmt.Sprintf("127.0.0.1:%d", port))...)
			if err := <-verdict; err != nil {
				t.Error(err)
			}
			r := s.cameIn(10 * time.Second)
			if r.Disposition != want || r.HangupBy != call.PartyBot || r.Network != outcome.Answered {
				t.Errorf("report %+v", r)
			}
			if !spoke(r, call.PartyBot, "one moment") || spoke(r, call.PartyBot, "all my colleagues are busy") == (want == outcome.Transferred) {
				t.Errorf("turns %+v", r.Turns)
			}
		})
	}
}
