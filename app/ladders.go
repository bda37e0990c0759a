package app

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"parley/call"
	"parley/ladder"
	"parley/rules"
	"parley/sip"
)

// ladders are the signalling of the calls under way: fed by the SIP stack's
// trace, and by what decides about a call between its messages. A nil one keeps
// nothing.
type ladders struct {
	mu   sync.RWMutex
	live map[string]*liveLadder // by call
	// came are the calls that came in, by their Call-ID, which is the far
	// side's: from their INVITE on, before they have a name here.
	came map[string]*liveLadder
}

// maxCame bounds them. Those that were refused stay until their place is
// needed, cameFor at the least.
const (
	maxCame = 256
	cameFor = time.Minute
)

// liveLadder is one call's.
type liveLadder struct {
	*ladder.Tape

	began  time.Time
	callID string // of a call that came in
	taken  bool   // it has a name here

	mu sync.Mutex
	// invited is when the first INVITE left on the trunk that is tried now.
	invited time.Time
	// last is the trunk's part that ended last, until it is known whether it was
	// the whole call's end.
	last *try
}

func newLadders() *ladders {
	return &ladders{live: map[string]*liveLadder{}, came: map[string]*liveLadder{}}
}

// begin opens the ladder of a call, unless the call came in and brought its own;
// end closes it.
func (l *ladders) begin(id string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live[id] == nil {
		now := time.Now()
		l.live[id] = &liveLadder{Tape: ladder.NewTape(id, now), began: now}
	}
}

// name gives a call that came in its name here; what was heard of it so far is
// the beginning of its ladder.
func (l *ladders) name(callID, id string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.came[callID]; t != nil {
		t.taken = true
		l.live[id] = t
	}
}

// arriving is the ladder of a call that came in, which its INVITE opens.
func (l *ladders) arriving(m sip.TraceMessage) *liveLadder {
	l.mu.RLock()
	t := l.came[m.CallID]
	l.mu.RUnlock()
	if t != nil || m.Sent || !strings.HasPrefix(m.First, "INVITE ") {
		return t
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.came) >= maxCame {
		maps.DeleteFunc(l.came, func(_ string, t *liveLadder) bool { return !t.taken && m.At.Sub(t.began) > cameFor })
	}
	if len(l.came) >= maxCame || l.came[m.CallID] != nil {
		return l.came[m.CallID]
	}
	t = &liveLadder{Tape: ladder.NewTape("", m.At), began: m.At, callID: m.CallID}
	l.came[m.CallID] = t
	return t
}

func (l *ladders) end(id string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.live[id]; t != nil {
		delete(l.came, t.callID)
	}
	delete(l.live, id)
}

func (l *ladders) of(id string) *liveLadder {
	if l == nil {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.live[id]
}

// kept is what a live call's ladder has so far, nil without one.
func (l *ladders) kept(id string) *ladder.Ladder {
	t := l.of(id)
	if t == nil {
		return nil
	}
	all := t.Ladder()
	all.Call = id
	return &all
}

// hear takes a message from the wire; what belongs to no live call is not kept.
func (l *ladders) hear(m sip.TraceMessage) {
	// The stack writes its Call-IDs as the call and a random word.
	id := m.CallID[:max(strings.LastIndexByte(m.CallID, '-'), 0)]
	t := l.of(id)
	if t == nil {
		t = l.arriving(m)
	}
	if t == nil {
		return
	}
	t.Add(message(m))
	if m.Sent && strings.HasPrefix(m.First, "INVITE ") {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.invited.IsZero() {
			t.invited = m.At
		}
	}
}

func message(m sip.TraceMessage) ladder.Message {
	peer := m.Peer.String()
	if m.Transport != "UDP" {
		peer += "/" + m.Transport
	}
	return ladder.Message{At: m.At, Sent: m.Sent, Peer: peer, Raw: m.Raw}
}

// step notes what happened to a live call between its messages.
func (l *ladders) step(id, what string) {
	if t := l.of(id); t != nil {
		t.Step(time.Now(), what)
	}
}

// invited is when the call's first INVITE left on the trunk that it is, or was
// last, tried on; zero when none did.
func (l *ladders) invited(id string) time.Time {
	t := l.of(id)
	if t == nil {
		return time.Time{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.invited
}

// keepTry keeps how a trunk's part in a call ended, if its INVITE left; takeTry
// gives and forgets it, nil when there is none.
func (l *ladders) keepTry(id string, t try) {
	live := l.of(id)
	if live == nil {
		return
	}
	live.mu.Lock()
	defer live.mu.Unlock()
	if !live.invited.IsZero() {
		live.last = &t
	}
}

func (l *ladders) takeTry(id string) *try {
	live := l.of(id)
	if live == nil {
		return nil
	}
	live.mu.Lock()
	defer live.mu.Unlock()
	t := live.last
	live.last = nil
	return t
}

// passed notes that the gate lets a call pass to a trunk, from where its
// set-up counts anew.
func (l *ladders) passed(t call.Target, ruled []rules.Ruling) {
	live := l.of(t.Call)
	if live == nil {
		return
	}
	for _, what := range wayOf(t, ruled) {
		live.Step(time.Now(), what)
	}
	live.mu.Lock()
	defer live.mu.Unlock()
	live.invited = time.Time{}
}

// wayOf says that the gate let a call pass, and which way it goes.
func wayOf(t call.Target, ruled []rules.Ruling) []string {
	way := "no trunk: straight to the address"
	switch {
	case t.Proxy != "":
		way = "proxy: " + t.Proxy
	case t.Trunk != "":
		way = "trunk: " + t.Trunk
	}
	allowed := "gate: allowed"
	if len(ruled) > 0 {
		allowed = fmt.Sprintf("gate: allowed by %d rules (%s)", len(ruled), ruled[0].Version)
	}
	return []string{allowed, way}
}

// moment notes what the call itself tells and no message says.
func (l *ladders) moment(id string, m call.Moment) {
	if what := stepOf(m); what != "" {
		l.step(id, what)
	}
}

// stepOf is a moment as a step, "" for one that the messages show or that is
// nothing to the line.
func stepOf(m call.Moment) string {
	switch {
	case m.State == string(call.EarlyMedia):
		return "early media: sound before the answer"
	case m.State == string(call.Answered):
		return "answered: the conversation may begin"
	case m.Turn != nil && m.Turn.By == call.PartyBot && m.Turn.BargedIn:
		return "barge-in: the customer stopped the bot"
	}
	return ""
}

// endOf says how a call ended, for the last step.
func endOf(r call.Report) string {
	text := "ended: " + string(r.Network)
	if r.Network == "" {
		text = "ended: nothing was sent"
	}
	if r.HangupBy != "" {
		text += ", by " + string(r.HangupBy)
	}
	if r.Q850 != 0 {
		text += fmt.Sprintf(", Q.850 cause %d", r.Q850)
	}
	if r.Problem != "" {
		text += "; " + r.Problem
	}
	return text
}
