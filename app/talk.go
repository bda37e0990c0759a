package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"time"

	"parley/call"
	"parley/phrase"
	"parley/sim"
)

// Talk holds calls with the simulated carrier's talking customers, over real SIP
// and RTP on this machine, and measures what a customer would notice.
type Talk struct {
	Language string
	// Calls is how many, one after the other; every second one is with a customer
	// who talks over the bot.
	Calls int
	// Patient leaves the early start of understanding out.
	Patient bool
	// Done is told every call's report, if set.
	Done func(persona string, r call.Report)
	Log  *slog.Logger
}

// TalkResult are response and barge-in times in milliseconds.
type TalkResult struct {
	Language string `json:"language"`
	Calls    int    `json:"calls"`
	Answered int    `json:"answered"`
	// Failed calls gave no report; Problem is the last one's.
	Failed  int    `json:"failed,omitempty"`
	Problem string `json:"problem,omitempty"`
	Patient bool   `json:"patient,omitempty"`
	// The speech is synthetic on both sides.
	Synthetic bool       `json:"synthetic"`
	Response  []Response `json:"response"`
	Barge     TalkBarge  `json:"barge"`
	// Own is our share: without the silence rule and the recogniser.
	Own Spread `json:"own_share_ms"`
}

// Response are the times from the end of the customer's voice to the answer.
type Response struct {
	Asked         string `json:"asked"` // yes_no, paused (dates, numbers, digits), other or all
	Total         Spread `json:"total_ms"`
	Silence       Spread `json:"silence_ms"`
	Recognizer    Spread `json:"recognizer_ms"`
	Understanding Spread `json:"understanding_ms"`
	FirstAudio    Spread `json:"first_audio_ms"`
}

// TalkBarge are the times from the first loud frame that the customer sent, by
// the customer's own clock: what the ear took for the onset plays no part.
type TalkBarge struct {
	Action Spread `json:"first_action_ms"`
	// Stop is over true interruptions only.
	Stop Spread `json:"full_stop_ms"`
	// Missed interruptions did not stop a prompt that could be stopped.
	Missed int `json:"missed"`
	// Backchannels over a prompt, and how many of them stopped it.
	Backchannels int `json:"backchannels"`
	FalseStops   int `json:"stopped_on_backchannels"`
}

// Spread of a sample.
type Spread struct {
	N   int   `json:"n"`
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
}

func spread(values []int64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	at := func(share float64) int64 { return values[max(0, int(math.Ceil(share*float64(len(values))))-1)] } // nearest rank
	return Spread{N: len(values), P50: at(0.5), P95: at(0.95)}
}

// enginesPatience bounds the start of all engines, on a machine that is busy
// with other things as well.
const enginesPatience = time.Minute

// Run holds the calls, all through the same engines. When ctx ends, the calls
// until then are the result.
func (t Talk) Run(ctx context.Context, c Config) (result TalkResult, err error) {
	personas, err := t.personas()
	if err != nil {
		return result, err
	}
	h := newHouse()
	defer func() { err = errors.Join(err, h.stop()) }()
	ended := make(chan sim.Ended, 4) // one, and late ones of failed calls
	carrier, ready, err := startCarrier(h, c, personas, t.Log, func(e sim.Ended) {
		select {
		case ended <- e:
		default: // of a call that was given up
		}
	})
	if err != nil {
		return result, err
	}
	for _, p := range personas {
		c.Rules.TestNumbers = append(c.Rules.TestNumbers, p.Number)
	}
	c.SIP.Listen = "127.0.0.1:0"
	ours, err := openBooth(h, c, t.Log)
	if err != nil {
		return result, err
	}
	for _, ready := range []func() error{ready, ours.engines.ready} {
		if err := await(ctx, enginesPatience, ready); err != nil {
			return result, err
		}
	}
	result = TalkResult{Language: t.Language, Calls: t.Calls, Patient: t.Patient, Synthetic: true}
	var m measures
	for i := range t.Calls {
		empty(ended) // what a failed call left would be taken for this one's
		p := &personas[i%len(personas)]
		s := Single{To: p.Number, Proxy: carrier.String(), Language: t.Language, Patient: t.Patient, Log: t.Log}
		if s.Variables, err = t.variables(s, p); err != nil {
			return result, err
		}
		r, err := ours.call(ctx, s)
		if ctx.Err() != nil { // stopped; what there is counts
			result.Calls = i
			break
		}
		if err != nil {
			result.Failed++
			result.Problem = err.Error()
			continue
		}
		if t.Done != nil {
			t.Done(p.Name, r)
		}
		e, ok := theirs(ended, p.Number)
		if r.Answered.IsZero() || !ok {
			continue
		}
		result.Answered++
		m.answers(r)
		m.overlaps(r, e.Talked, p)
	}
	if result.Answered == 0 {
		return result, fmt.Errorf("none of %d calls was answered; %s", result.Calls, cmp.Or(result.Problem, "the machine may be too busy to hold one"))
	}
	m.into(&result)
	return result, nil
}

// empty takes what waits.
func empty(ended <-chan sim.Ended) {
	for {
		select {
		case <-ended:
		default:
			return
		}
	}
}

// theirs is the far side's word on the call that just ended.
func theirs(ended <-chan sim.Ended, number string) (sim.Ended, bool) {
	limit := time.NewTimer(5 * time.Second)
	defer limit.Stop()
	for {
		select {
		case e := <-ended:
			if e.Number == number {
				return e, true
			}
		case <-limit.C:
			return sim.Ended{}, false
		}
	}
}

// interrupts: this customer's speech over a prompt is meant to stop it.
func interrupts(p *sim.Persona) bool {
	return overs(p) && p.Expect.BargeIns != "" && !p.Expect.BargeIns.Holds(0)
}

// meantOver: the customer says this while the bot talks.
func meantOver(p *sim.Persona, text string) bool {
	return slices.ContainsFunc(p.Lines, func(l sim.Line) bool { return len(l.During) > 0 && slices.Contains(l.Says, text) })
}

// overs: this customer speaks over a prompt.
func overs(p *sim.Persona) bool {
	return slices.ContainsFunc(p.Lines, func(l sim.Line) bool { return len(l.During) > 0 && len(l.Says) > 0 })
}

// personas are the customers who talk, an interrupting one at every second
// place.
func (t Talk) personas() ([]sim.Persona, error) {
	all, err := sim.Personas(t.Language)
	if err != nil {
		return nil, fmt.Errorf("read the customers: %w", err)
	}
	var plain, over, mixed []sim.Persona
	for _, p := range all {
		if p.Answers.How != sim.Talks || len(p.Lines) == 0 {
			continue
		}
		if interrupts(&p) {
			over = append(over, p)
		} else {
			plain = append(plain, p)
		}
	}
	for i, p := range plain {
		mixed = append(mixed, p)
		if len(over) > 0 {
			mixed = append(mixed, over[i%len(over)])
		}
	}
	if len(mixed) == 0 {
		return nil, fmt.Errorf("there are no customers who speak %q", t.Language)
	}
	return mixed, nil
}

// variables are the customer's row as far as the flow asks for it.
func (t Talk) variables(s Single, p *sim.Persona) (map[string]string, error) {
	f, err := s.flow()
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, asked := range f.Variables() {
		v, ok := p.Variables[asked.Name]
		if !ok {
			v, ok = p.Variables[asked.From]
		}
		if asked.Name == "amount_due" {
			v += " " + p.Variables["currency"]
		}
		if ok {
			known[asked.Name] = v
		}
	}
	return known, nil
}

// measures are what the calls gave so far.
type measures struct {
	timings              []call.Timing
	action, stop         []int64
	missed, backchannels int
	falseStops           int
}

func (m *measures) answers(r call.Report) {
	for _, turn := range r.Turns {
		if turn.Timing != nil {
			m.timings = append(m.timings, *turn.Timing)
		}
	}
}

const (
	// early and late bound the onset that the ear took for a sound's beginning
	// around when it was really sent, in milliseconds.
	early, late = 100, 600
	// decided is how long after its onset a sound may still stop the bot.
	decided = 2000
)

// overlaps puts what the call noticed beside what the customer did. Only speech
// over the bot that began inside a prompt counts, and none over a prompt that
// must be heard.
func (m *measures) overlaps(r call.Report, talked []sim.Spoken, p *sim.Persona) {
	for _, s := range talked {
		if s.By != "customer" || s.At.IsZero() || !meantOver(p, s.Text) {
			continue
		}
		at := s.At.Sub(r.Clock).Milliseconds()
		if !overPrompt(r, at) {
			continue
		}
		stop := int64(0)
		acted := false
		for _, o := range r.Overlaps {
			if !acted && o.Onset > at-early && o.Onset < at+late {
				m.action = append(m.action, o.Onset+o.Action-at)
				acted = true
			}
			if end := o.Onset + o.Stop - at; o.Stop > 0 && o.Onset > at-early && end < decided {
				stop = end
				break
			}
		}
		switch {
		case !interrupts(p):
			m.backchannels++
			if stop > 0 {
				m.falseStops++
			}
		case stop > 0:
			m.stop = append(m.stop, stop)
		default:
			m.missed++
		}
	}
}

// overPrompt: a prompt that may be stopped sounds at that moment and would for a
// while; a prompt that was stopped would have.
func overPrompt(r call.Report, at int64) bool {
	const inside, least = 200, 300
	return slices.ContainsFunc(r.Turns, func(t call.Turn) bool {
		kept := slices.ContainsFunc(r.Disclosures, func(d call.Disclosure) bool { return d.OffsetMS == t.FromMS })
		return t.By == call.PartyBot && !kept && t.FromMS+inside < at && (at+least < t.ToMS || t.BargedIn && at < t.ToMS)
	})
}

func (m *measures) into(r *TalkResult) {
	of := func(asked string, fits func(phrase.Answer) bool) Response {
		var total, silence, rec, und, first []int64
		for _, t := range m.timings {
			if fits(t.Answer) {
				total, silence, rec = append(total, t.Total()), append(silence, t.Silence), append(rec, t.Recognizer)
				und, first = append(und, t.Understanding), append(first, t.FirstAudio)
			}
		}
		return Response{asked, spread(total), spread(silence), spread(rec), spread(und), spread(first)}
	}
	r.Response = []Response{
		of("yes_no", func(a phrase.Answer) bool { return a == phrase.YesNo }),
		of("paused", phrase.Answer.Paused),
		of("other", func(a phrase.Answer) bool { return a != phrase.YesNo && !a.Paused() }),
		of("all", func(phrase.Answer) bool { return true }),
	}
	var own []int64
	for _, t := range m.timings {
		own = append(own, t.Understanding+t.FirstAudio)
	}
	r.Own = spread(own)
	r.Barge = TalkBarge{Action: spread(m.action), Stop: spread(m.stop), Missed: m.missed, Backchannels: m.backchannels, FalseStops: m.falseStops}
}

// Table prints the result.
func (r TalkResult) Table(w io.Writer) {
	start := "understanding starts early"
	if r.Patient {
		start = "without the early start"
	}
	fmt.Fprintf(w, "%d of %d calls answered, %s, synthetic voices, %s; milliseconds, p50/p95\n\n", r.Answered, r.Calls, r.Language, start)
	if r.Failed > 0 {
		fmt.Fprintf(w, "%d calls failed: %s\n\n", r.Failed, r.Problem)
	}
	fmt.Fprintln(w, "asked        n  response     silence      recogniser   understanding  first audio")
	for _, a := range r.Response {
		fmt.Fprintf(w, "%-7s  %5d  %-11s  %-11s  %-11s  %-13s  %s\n", a.Asked, a.Total.N, a.Total, a.Silence, a.Recognizer, a.Understanding, a.FirstAudio)
	}
	fmt.Fprintf(w, "\nour own share (understanding and first audio): %s (n=%d)\n", r.Own, r.Own.N)
	b := r.Barge
	fmt.Fprintf(w, "barge-in, from the customer's first sound at our socket: first action %s (n=%d), full stop %s (n=%d), missed %d\n", b.Action, b.Action.N, b.Stop, b.Stop.N, b.Missed)
	fmt.Fprintf(w, "backchannels over a prompt: %d, of which %d stopped it\n", b.Backchannels, b.FalseStops)
}

// String is the median and the 95th percentile.
func (s Spread) String() string {
	if s.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", s.P50, s.P95)
}
