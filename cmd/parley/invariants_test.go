//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parley/sim"
)

// evidence is what independent witnesses saw of a run: the carrier's log, the
// API before and after, the attempt journal, and when the server was killed.
type evidence struct {
	carrier []sim.Record
	journal map[string]string  // attempt → number
	before  map[string]callRow // what the API had reported as ended, ever
	after   map[string]callRow // every call the API knows at the end
	kills   []time.Time
	starts  []time.Time // when the server took requests after each kill
}

// callRow is a call in the API's list.
type callRow struct {
	ID, Campaign, To, State, Network, Disposition string

	Started, Ended time.Time
}

// invariants that hold whatever was killed when. Each gives one line per
// violation.
var invariants = map[string]func(evidence) []string{
	"an attempt is INVITEd under one Call-ID":          oneCallIDPerAttempt,
	"an INVITE's attempt is in the journal":            journalled,
	"an INVITE's attempt is a call of the API":         everyInviteIsACall,
	"one live leg per number":                          oneLegPerNumber,
	"every 200 is acknowledged":                        answersAcknowledged,
	"a call that a kill left up gets its BYE":          orphansEnded,
	"a call reported as ended stays as it was":         endedStays,
	"a call ends in one of the states of the contract": everyCallHasAState,
}

func (e evidence) check() (violations []string) {
	for _, name := range slices.Sorted(maps.Keys(invariants)) {
		for _, v := range invariants[name](e) {
			violations = append(violations, name+": "+v)
		}
	}
	return violations
}

func oneCallIDPerAttempt(e evidence) (bad []string) {
	first := map[string]string{}
	for _, r := range e.invites() {
		if id, seen := first[r.Attempt]; seen && id != r.CallID {
			bad = append(bad, fmt.Sprintf("attempt %s under %s and %s", r.Attempt, id, r.CallID))
		}
		first[r.Attempt] = r.CallID
		if r.Attempt == "" {
			bad = append(bad, "an INVITE without an attempt, "+r.CallID)
		}
	}
	return bad
}

func journalled(e evidence) (bad []string) {
	for _, r := range e.invites() {
		if digits(e.journal[r.Attempt]) != digits(r.Number) {
			bad = append(bad, fmt.Sprintf("attempt %s: the journal has %q", r.Attempt, e.journal[r.Attempt]))
		}
	}
	return bad
}

func everyInviteIsACall(e evidence) (bad []string) {
	for _, r := range e.invites() {
		// Released means never sent.
		if c, ok := e.after[r.Attempt]; !ok || c.State == "released" {
			bad = append(bad, fmt.Sprintf("attempt %s is %q", r.Attempt, c.State))
		}
	}
	return bad
}

// oneLegPerNumber: from the INVITE to the end as the carrier saw them.
func oneLegPerNumber(e evidence) (bad []string) {
	live := map[string]string{} // number → Call-ID
	for _, r := range e.carrier {
		switch r.Event {
		case "invite":
			if other := live[r.Number]; other != "" && other != r.CallID {
				bad = append(bad, fmt.Sprintf("%s and %s at %s", other, r.CallID, r.At.Format(time.StampMilli)))
			}
			live[r.Number] = r.CallID
		case "end", "refuse":
			if live[r.Number] == r.CallID {
				delete(live, r.Number)
			}
		}
	}
	return bad
}

// killMargin is how long before a kill an answer may come and be lost with it.
const killMargin = 500 * time.Millisecond

// ackMargin is how long before the end an answer may come whose caller was
// killed: the carrier repeats it, first after 0.5 s, at last every 4 s, and the
// next start acknowledges that.
const ackMargin = 8 * time.Second

// answersAcknowledged, even of those that a kill left without a caller.
func answersAcknowledged(e evidence) (bad []string) {
	invited, acked, ended := map[string]time.Time{}, map[string]bool{}, map[string]bool{}
	var end time.Time
	for _, r := range e.carrier {
		end = r.At
		switch r.Event {
		case "invite":
			invited[r.CallID] = r.At
		case "ack":
			acked[r.CallID] = true
		case "bye":
			ended[r.CallID] = r.By == "caller"
		}
	}
	for _, r := range e.carrier {
		if r.Event != "answer" || acked[r.CallID] {
			continue
		}
		orphaned := slices.ContainsFunc(e.kills, func(k time.Time) bool {
			return invited[r.CallID].Before(k) && r.At.After(k.Add(-killMargin))
		})
		// The BYE follows its ACK at once and may overtake it at the carrier.
		if !orphaned || !ended[r.CallID] && r.At.Before(end.Add(-ackMargin)) {
			bad = append(bad, fmt.Sprintf("%s, answered at %s", r.CallID, r.At.Format(time.StampMilli)))
		}
	}
	return bad
}

// byeMargin is how long after the start that follows a kill a BYE may come.
const byeMargin = 5 * time.Second

// orphansEnded: what was up at a kill, and was not ended by the carrier before
// the next start was done, is ended by the server soon after that.
func orphansEnded(e evidence) (bad []string) {
	for i, start := range e.starts {
		for id, c := range e.leftUp(i) {
			if !c.bye || c.until.After(start.Add(byeMargin)) {
				bad = append(bad, fmt.Sprintf("%s, up from %s over the start at %s to %s", id, c.from.Format(time.StampMilli),
					start.Format(time.StampMilli), c.until.Format(time.StampMilli)))
			}
		}
	}
	return bad
}

// up is the time of an acknowledged call as the carrier saw it; bye means that
// the caller ended it.
type up struct {
	from, until time.Time
	bye         bool
}

// leftUp are the calls, by Call-ID, that were up at this kill and that the
// carrier did not end before the start after it was done.
func (e evidence) leftUp(kill int) map[string]up {
	all := map[string]up{}
	for _, r := range e.carrier {
		c := all[r.CallID]
		switch {
		case r.Event == "ack" && c.from.IsZero():
			c.from = r.At
		case r.Event == "bye" && c.until.IsZero(): // the carrier may see it before the ACK
			c.until, c.bye = r.At, r.By == "caller"
		}
		all[r.CallID] = c
	}
	killed, started := e.kills[kill], e.starts[kill]
	maps.DeleteFunc(all, func(_ string, c up) bool {
		began := !c.from.IsZero() && c.from.Before(killed.Add(-killMargin))
		wentOn := c.until.IsZero() || c.until.After(killed) && (c.bye || c.until.After(started))
		return !began || !wentOn
	})
	return all
}

func endedStays(e evidence) (bad []string) {
	for id, was := range e.before {
		if is := e.after[id]; is != was {
			bad = append(bad, fmt.Sprintf("%+v became %+v", was, is))
		}
	}
	return bad
}

func everyCallHasAState(e evidence) (bad []string) {
	for _, c := range e.after {
		if c.State != "ended" && c.State != "uncertain" && c.State != "released" {
			bad = append(bad, fmt.Sprintf("call %s is %q", c.ID, c.State))
		}
	}
	return bad
}

// attemptsPerNumber counts the attempts that reached the carrier.
func (e evidence) attemptsPerNumber() map[string]int {
	seen := map[string]map[string]bool{}
	for _, r := range e.invites() {
		if seen[r.Number] == nil {
			seen[r.Number] = map[string]bool{}
		}
		seen[r.Number][r.Attempt] = true
	}
	counts := map[string]int{}
	for number, attempts := range seen {
		counts[number] = len(attempts)
	}
	return counts
}

func (e evidence) invites() (all []sim.Record) {
	for _, r := range e.carrier {
		if r.Event == "invite" {
			all = append(all, r)
		}
	}
	return all
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// readWitness reads the carrier's log; its last line may be in the writing.
func readWitness(path string) (all []sim.Record, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	whole := b[:bytes.LastIndexByte(b, '\n')+1]
	for line := range bytes.Lines(whole) {
		var r sim.Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("the carrier's log: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}

// readJournal reads the attempt journal of a data folder as an auditor would:
// a checksum, a space, and the record.
func readJournal(data string) (map[string]string, error) {
	b, err := os.ReadFile(filepath.Join(data, "journal"))
	if err != nil {
		return nil, err
	}
	numbers := map[string]string{}
	for line := range bytes.Lines(b) {
		_, body, _ := bytes.Cut(line, []byte(" "))
		var r struct{ Attempt, Number string }
		if err := json.Unmarshal(body, &r); err != nil {
			return nil, fmt.Errorf("the journal's line %q: %w", line, err)
		}
		numbers[r.Attempt] = r.Number
	}
	return numbers, nil
}
