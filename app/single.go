package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"parley/call"
	"parley/dialog/flow"
	"parley/ladder"
	"parley/media/beat"
	"parley/media/silero"
	"parley/nlu/keyword"
	"parley/phone"
	"parley/record"
	"parley/rules"
	"parley/sip"
	"parley/tts"
)

// Single is one call without a server.
type Single struct {
	// To is a number or a sip: URI; Trunk or Proxy say through which carrier.
	To, Trunk, Proxy string
	// Flow is a file or a shipped flow's name; Language chooses between the
	// shipped reminders when no flow is named.
	Flow, Language string
	Variables      map[string]string
	// Ring is how long it may ring; 0 for the usual time.
	Ring time.Duration
	// Record is the file for the stereo recording; empty for none.
	Record string
	// Signals is the file for the ear's signal log; empty for none. It holds what
	// the customer said and is readable by its owner only.
	Signals string
	// Patient leaves the early start of understanding out.
	Patient bool
	// Trace gets the call's ladder as it happens, with every SIP message; Watch
	// every turn.
	Trace io.Writer
	Watch func(call.Moment)
	Log   *slog.Logger
}

// Call places one call under profile "test": this machine's own addresses, and
// the numbers that the configuration allows.
func Call(ctx context.Context, c Config, s Single) (report call.Report, err error) {
	if _, err := s.flow(); err != nil {
		return report, err // before any engine starts
	}
	h := newHouse()
	defer func() { err = errors.Join(err, h.stop()) }()
	b, err := openBooth(h, c, s.Log)
	if err != nil {
		return report, err
	}
	return b.call(ctx, s)
}

// booth is what calls without a server share: engines take seconds to start, a
// call after the first one does not wait for them again.
type booth struct {
	config  Config
	kernel  *rules.Kernel
	engines *engines
	wheel   *beat.Wheel
	models  *silero.Seats
	priced  priceList
}

// openBooth starts the engines and the beat; who calls waits until they are
// ready.
func openBooth(h *house, c Config, log *slog.Logger) (*booth, error) {
	moreProcessors()
	b := &booth{config: c, wheel: beat.New(beat.Options{Log: log})}
	var err error
	if b.kernel, err = rules.NewKernel(); err != nil {
		return nil, fmt.Errorf("load the dialling rules: %w", err)
	}
	if b.priced, err = newPriceList(c.Trunks); err != nil {
		return nil, err
	}
	if b.engines, err = newEngines(c, log); err != nil {
		return nil, err
	}
	if b.models, err = openSeats(c, b.wheel, log); err != nil {
		return nil, err
	}
	b.engines.startIn(h)
	h.start(component{"beat", b.wheel.Run})
	return b, nil
}

// call places one call, with a SIP stack of its own.
func (b *booth) call(ctx context.Context, s Single) (report call.Report, err error) {
	c, kernel, e := b.config, b.kernel, b.engines
	f, err := s.flow()
	if err != nil {
		return report, err
	}
	policy := flow.NewPolicy(f, keyword.New(keyword.Options{}))
	if err := e.speaks(policy.Voice()); err != nil {
		return report, err
	}
	target, err := s.target(c, f)
	if err != nil {
		return report, err
	}
	h := newHouse()
	defer func() { err = errors.Join(err, h.stop()) }()
	// One call listens on a port of the system's choice.
	listen := netip.MustParseAddrPort(c.SIP.Listen)
	seen := &sight{ladders: newLadders()}
	stack, err := newSIP(c, sip.Options{Listen: netip.AddrPortFrom(listen.Addr(), 0), Log: s.Log, Trace: seen.ladders.hear})
	if err != nil {
		return report, err
	}
	h.start(component{"SIP", stack.Run})
	recorders, done, err := s.recorders(h)
	if err != nil {
		return report, err
	}
	signals, err := s.signals()
	if err != nil {
		return report, err
	}
	if signals != nil {
		defer func() { err = errors.Join(err, signals.Close()) }()
	}
	if err := await(ctx, 15*time.Second, e.ready); err != nil {
		return report, err
	}
	if target.Proxy == "" && !phone.IsURI(target.To) {
		if err := await(ctx, registerWait, func() error { return registered(stack, target.Trunk) }); err != nil {
			return report, err
		}
	}
	if err := e.voices.Warm(ctx, voiceOf(policy), policy.Fixed()); err != nil {
		return report, fmt.Errorf("synthesise the fixed prompts: %w", err)
	}
	seen.begin(target)
	defer seen.end(target)
	if s.Trace != nil {
		show(seen.ladders.of(target.Call).Tape, s.Trace)
	}
	desk := &placer{transfers: c.Transfers, region: c.Rules.Region, tests: c.Rules.TestNumbers, kernel: kernel}
	parts := call.Parts{
		Dialer: stack.Router(&gate{next: stack, kernel: kernel, now: time.Now, tests: c.Rules.TestNumbers, seen: seen}), Beat: b.wheel,
		Recognizer: e.recognizer, Speaker: e.voices, Policy: policy,
		Recorders: recorders, Transfers: desk.reach, Models: b.models, Log: s.Log,
		Watch: func(m call.Moment) {
			seen.moment(target, m)
			if s.Watch != nil {
				s.Watch(m)
			}
		},
		Patient: s.Patient,
	}
	if signals != nil {
		parts.Signals = signals
	}
	session := call.New(parts)
	report, err = session.Run(ctx, target)
	seen.ended(target, &report)
	b.priced.price(&report)
	if err == nil {
		report.Recording, err = done(report.Recording)
	}
	return report, err
}

func voiceOf(p interface{ Voice() tts.Voice }) tts.Voice { return p.Voice() }

// flow reads the conversation.
func (s Single) flow() (*flow.Flow, error) {
	name := s.Flow
	if name == "" {
		language := s.Language
		if language == "" {
			language = "en"
		}
		name = "payment-reminder." + language
	}
	return readFlow(name)
}

// target completes the variables with the flow's samples.
func (s Single) target(c Config, f *flow.Flow) (call.Target, error) {
	to := s.To
	if !phone.IsURI(to) {
		n, err := phone.Parse(to, c.Rules.Region)
		if err != nil {
			return call.Target{}, fmt.Errorf("%s: %w", s.To, err)
		}
		to = n.E164
		if s.Proxy == "" && len(c.Trunks) == 0 {
			return call.Target{}, errors.New("a number needs a carrier; name a proxy with --proxy, or trunks in the configuration")
		}
	}
	variables := f.Samples()
	for k, v := range s.Variables {
		if _, ok := variables[k]; !ok {
			return call.Target{}, fmt.Errorf("the flow has no variable %q", k)
		}
		variables[k] = v
	}
	id := newID()
	return call.Target{
		Call: id, Attempt: id, Tenant: "single", To: to, Trunk: s.Trunk, Proxy: s.Proxy,
		RingTimeout: s.Ring, Language: f.Language, Variables: variables,
		Case: rules.Case{Number: to, Raw: s.To, Profile: testProfile},
	}, nil
}

// signals opens the file of the signal log.
func (s Single) signals() (*os.File, error) {
	if s.Signals == "" {
		return nil, nil
	}
	f, err := os.OpenFile(s.Signals, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--signals: %w", err)
	}
	if err := f.Chmod(0o600); err != nil { // it may have been there
		return nil, errors.Join(fmt.Errorf("--signals: %w", err), f.Close())
	}
	return f, nil
}

// show prints a ladder line by line as it grows, each message whole beneath.
func show(t *ladder.Tape, w io.Writer) {
	fmt.Fprint(w, ladder.Heading())
	peer := ""
	t.Watch(func(e ladder.Entry) {
		fmt.Fprint(w, e.Line(peer), e.Text("                 "))
		if e.Peer != "" {
			peer = e.Peer
		}
	})
}

// recorders records into a folder of its own and moves the file to where it
// was asked for.
func (s Single) recorders(h *house) (call.Recorders, func(key string) (string, error), error) {
	if s.Record == "" {
		return nil, func(string) (string, error) { return "", nil }, nil
	}
	dir, err := os.MkdirTemp(filepath.Dir(s.Record), ".parley-recording-")
	if err != nil {
		return nil, nil, fmt.Errorf("--record: %w", err)
	}
	store, err := record.Open(record.Options{Dir: dir, Log: s.Log})
	if err != nil {
		return nil, nil, fmt.Errorf("--record: %w", err)
	}
	h.onStop("recording folder", func() error { return os.RemoveAll(dir) })
	h.start(component{"recordings", store.Run})
	return store, func(key string) (string, error) {
		if key == "" {
			return "", nil
		}
		if err := os.Rename(filepath.Join(dir, filepath.FromSlash(key)), s.Record); err != nil {
			return "", fmt.Errorf("--record: %w", err)
		}
		return s.Record, nil
	}, nil
}
