package trial

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parley/barge"
	"parley/media/silero"
)

// EvalOptions say how cases are replayed.
type EvalOptions struct {
	Part string
	// Quick takes two of every eight cases.
	Quick bool
	// Listen opens a recogniser; nil replays without one. It is called once a
	// worker and language.
	Listen func(language string) (Listener, error)
	// Latency from a frame to the words that it brought, beside the tick.
	Latency time.Duration
	Barge   barge.Config
	// Model tells speech from noise beside the built-in detector, or alone; nil
	// for that detector.
	Model   *silero.Model
	Alone   bool
	Workers int
	// Progress, when set, is told how many cases are done; from many goroutines.
	Progress func(done, all int)
}

// detector names what told speech from noise.
func (o EvalOptions) detector() string {
	switch {
	case o.Model == nil:
		return "the built-in detector"
	case o.Alone:
		return "Silero alone"
	}
	return "Silero and the built-in detector"
}

// verdict is a case under both detectors.
type verdict struct {
	c          Case
	own, plain Result
	words      int
	// ends of a turn by scale, and of the baseline by silence.
	ends, plainEnds []int
}

// Eval replays the cases of a part and scores them. A done ctx ends it between
// two cases with its error.
func (f *Folder) Eval(ctx context.Context, o EvalOptions) (Report, error) {
	var cases []Case
	for i, c := range f.Cases {
		if c.Part == o.Part && (!o.Quick || i%8 == 0 || i%8 == 3) {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return Report{}, fmt.Errorf("no case is of the part %q", o.Part)
	}
	started := time.Now()
	verdicts := make([]verdict, len(cases))
	errs := make([]error, max(1, o.Workers))
	var done int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range errs {
		// The shares are fixed, so that a run does not depend on who was quicker.
		wg.Go(func() {
			listeners := map[string]Listener{}
			defer func() {
				for _, l := range listeners {
					l.Close()
				}
			}()
			for i := w; i < len(cases); i += len(errs) {
				if errs[w] = ctx.Err(); errs[w] != nil {
					return
				}
				c := cases[i]
				l, ok := listeners[c.Language]
				if !ok && o.Listen != nil {
					if l, errs[w] = o.Listen(c.Language); errs[w] != nil {
						return
					}
					listeners[c.Language] = l
				}
				if verdicts[i], errs[w] = f.judge(c, l, o); errs[w] != nil {
					return
				}
				mu.Lock()
				done++
				n := done
				mu.Unlock()
				if o.Progress != nil {
					o.Progress(n, len(cases))
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return Report{}, err
		}
	}
	r := report(verdicts)
	r.Part, r.Recognizer, r.LatencyMS = o.Part, o.Listen != nil, int(o.Latency.Milliseconds())
	for _, c := range cases {
		r.SoundSeconds += float64(c.Length) / 1000
	}
	r.Speech = o.detector()
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}

// judge replays a case for the ear and for the baseline.
func (f *Folder) judge(c Case, l Listener, o EvalOptions) (verdict, error) {
	own := runner{folder: f, latency: o.Latency, barge: o.Barge, model: o.Model, alone: o.Alone, taker: func() Taker { return Own{} }, listener: l}
	if c.Kind == Turn {
		return f.judgeTurn(c, own, o)
	}
	v := verdict{c: c}
	t, err := own.run(c)
	if err != nil {
		return v, err
	}
	v.own, v.words = score(c, t, f.Sounds), t.Words
	plain := runner{folder: f, barge: o.Barge, model: o.Model, alone: o.Alone, taker: func() Taker { return &Plain{Min: PlainMin, Silence: PlainSilence} }}
	if t, err = plain.run(c); err != nil {
		return v, err
	}
	v.plain = score(c, t, f.Sounds)
	return v, nil
}

// judgeTurn replays a turn once, with silences so long that the ear hears it
// all, and decides for every shorter one from the log.
func (f *Folder) judgeTurn(c Case, own runner, o EvalOptions) (verdict, error) {
	v := verdict{c: c}
	own.barge, own.logs = o.Barge.Scaled(recordScale), true
	t, err := own.run(c)
	if err != nil {
		return v, err
	}
	v.words = t.Words
	onset := c.Speech[0].From
	for _, s := range scales {
		end, err := endAt(t.Log, o.Barge.Scaled(s), onset)
		if err != nil {
			return v, err
		}
		v.ends = append(v.ends, end)
	}
	for _, s := range silences {
		v.plainEnds = append(v.plainEnds, plainEnd(t.Speech, s, onset))
	}
	return v, nil
}
