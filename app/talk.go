package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
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
	Patient  bool   `json:"patient,omitempty"`
	// The speech is synthetic on both sides.
	Synthetic bool       `json:"synthetic"`
	Response  []Response `json:"response"`
	Barge     TalkBarge  `json:"barge"`
	// Own is our share: without the silence rule and the recogniser.
	Own Spread `json:"own_share_ms"`
}

// Response are the times from the end of the customer's voice to the answer.
type Response struct {
	Asked         string `json:"asked"` // yes_no, paused (dates, amounts, digits) or all
	Total         Spread `json:"total_ms"`
	Silence       Spread `json:"silence_ms"`
	Recognizer    Spread `json:"recognizer_ms"`
	Understanding Spread `json:"understanding_ms"`
	FirstAudio    Spread `json:"first_audio_ms"`
}

// TalkBarge are the times from the first loud frame that the customer sent.
type TalkBarge struct {
	Action Spread `json:"first_action_ms"`
	Stop   Spread `json:"full_stop_ms"`
	Missed int    `json:"missed"` // customers' speech over a prompt without any action
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
	at := func(share float64) int64 { return values[min(len(values)-1, int(share*float64(len(values))))] }
	return Spread{N: len(values), P50: at(0.5), P95: at(0.95)}
}

// Run holds the calls.
func (t Talk) Run(ctx context.Context, c Config) (result TalkResult, err error) {
	personas, err := t.personas()
	if err != nil {
		return result, err
	}
	h := newHouse()
	defer func() { err = errors.Join(err, h.stop()) }()
	var mu sync.Mutex
	talked := map[string]chan sim.Ended{}
	carrier, err := startCarrier(h, c, personas, t.Log, func(e sim.Ended) {
		mu.Lock()
		defer mu.Unlock()
		if to := talked[e.Number]; to != nil {
			to <- e
		}
	})
	if err != nil {
		return result, err
	}
	for _, p := range personas {
		c.Rules.TestNumbers = append(c.Rules.TestNumbers, p.Number)
	}
	c.SIP.Listen = "127.0.0.1:0"
	result = TalkResult{Language: t.Language, Calls: t.Calls, Patient: t.Patient, Synthetic: true}
	var m measures
	for i := range t.Calls {
		p := &personas[i%len(personas)]
		ended := make(chan sim.Ended, 1)
		mu.Lock()
		talked[p.Number] = ended
		mu.Unlock()
		s := Single{To: p.Number, Proxy: carrier.String(), Language: t.Language, Patient: t.Patient, Log: t.Log}
		if s.Variables, err = t.variables(s, p); err != nil {
			return result, err
		}
		r, err := Call(ctx, c, s)
		if err != nil {
			return result, err
		}
		if t.Done != nil {
			t.Done(p.Name, r)
		}
		if r.Answered.IsZero() {
			continue
		}
		result.Answered++
		m.answers(r)
		select {
		case e := <-ended:
			m.overlaps(r, e.Talked)
		case <-time.After(5 * time.Second):
			return result, errors.New("the simulated carrier did not tell how a call ended")
		}
	}
	m.into(&result)
	return result, nil
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
		if slices.ContainsFunc(p.Lines, func(l sim.Line) bool { return len(l.During) > 0 && len(l.Says) > 0 }) {
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
	timings      []call.Timing
	action, stop []int64
	missed       int
}

func (m *measures) answers(r call.Report) {
	for _, turn := range r.Turns {
		if turn.Timing != nil {
			m.timings = append(m.timings, *turn.Timing)
		}
	}
}

// overlaps puts what the call noticed beside what the customer did.
func (m *measures) overlaps(r call.Report, talked []sim.Spoken) {
	for _, s := range talked {
		if s.By != "customer" || s.At.IsZero() {
			continue
		}
		at := s.At.Sub(r.Clock).Milliseconds()
		during := slices.ContainsFunc(r.Turns, func(t call.Turn) bool {
			return t.By == call.PartyBot && t.FromMS+200 < at && at+300 < t.ToMS
		})
		near := func(o call.Overlap) bool { return o.Onset > at-100 && o.Onset < at+600 }
		i := slices.IndexFunc(r.Overlaps, near)
		switch {
		case i >= 0:
			o := r.Overlaps[i]
			m.action = append(m.action, o.Onset+o.Action-at)
			if j := slices.IndexFunc(r.Overlaps, func(o call.Overlap) bool { return o.Stop > 0 && o.Onset > at-100 && o.Onset < at+2000 }); j >= 0 {
				m.stop = append(m.stop, r.Overlaps[j].Onset+r.Overlaps[j].Stop-at)
			}
		case during:
			m.missed++
		}
	}
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
		of("all", func(phrase.Answer) bool { return true }),
	}
	var own []int64
	for _, t := range m.timings {
		own = append(own, t.Understanding+t.FirstAudio)
	}
	r.Own = spread(own)
	r.Barge = TalkBarge{Action: spread(m.action), Stop: spread(m.stop), Missed: m.missed}
}

// Table prints the result.
func (r TalkResult) Table(w io.Writer) {
	fmt.Fprintf(w, "%d of %d calls answered, %s, synthetic voices; milliseconds, p50/p95\n\n", r.Answered, r.Calls, r.Language)
	fmt.Fprintln(w, "asked        n  response     silence      recogniser   understanding  first audio")
	p := func(s Spread) string { return fmt.Sprintf("%d/%d", s.P50, s.P95) }
	for _, a := range r.Response {
		fmt.Fprintf(w, "%-7s  %5d  %-11s  %-11s  %-11s  %-13s  %s\n", cmp.Or(a.Asked, "-"), a.Total.N, p(a.Total), p(a.Silence), p(a.Recognizer), p(a.Understanding), p(a.FirstAudio))
	}
	fmt.Fprintf(w, "\nour own share (understanding and first audio): %s (n=%d)\n", p(r.Own), r.Own.N)
	fmt.Fprintf(w, "barge-in: first action %s (n=%d), full stop %s (n=%d), without any action %d\n",
		p(r.Barge.Action), r.Barge.Action.N, p(r.Barge.Stop), r.Barge.Stop.N, r.Barge.Missed)
}
