package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"parley/asr"
	"parley/call"
	"parley/media"
	"parley/media/beat"
	"parley/media/codec"
	"parley/media/line"
	"parley/media/silero"
	"parley/record"
	"parley/tts"
	"parley/worker"
)

// CallsOptions say how Calls measures.
type CallsOptions struct {
	// Max is the greatest number of calls at a time; 0 for 2,000.
	Max int
	// Conversing is the share of calls, in percent, in which the customer
	// speaks and is recognised; in the others the bot speaks on a quiet line.
	Conversing int
	// Settle and Measure are how long each step rests and is looked at.
	Settle, Measure time.Duration
	// Far is the command of the far side's process; Speech is added to it.
	Far []string
	// Recognizer hears the conversing calls; Voices speak all of them.
	Recognizer asr.Recognizer
	Voices     tts.Prompter
	Voice      tts.Voice
	// Models lends the calls the speech model; nil leaves them without.
	Models *silero.Seats
	// Beside, if set, begins other work of the same process before each step is
	// measured, and ends it.
	Beside func(context.Context) (stop func() (Visits, error), err error)
	// Only is the one number of calls to measure; 0 for steps up to Max.
	Only int
	// Step is told each step as it ends; nil for nobody.
	Step func(CallsStep)
	Log  *slog.Logger
}

// CallsStep is what so many calls at a time cost.
type CallsStep struct {
	Calls int `json:"calls"`
	// Cores is the processor time of this process per second; Worker processes
	// are not part of it.
	Cores float64 `json:"cores"`
	// Tick is the processor time a call and tick, everything of this process
	// shared out, in µs.
	Tick float64 `json:"us_per_tick"`
	// Beat is the part of Cores that the beat's threads use.
	Beat float64 `json:"beat_cores"`
	// FloorTick is the same for the far side, which does nothing but send,
	// receive and count, in the same rhythm and as many calls: the paced floor.
	FloorTick float64 `json:"floor_paced_us_per_tick"`
	// LatenessP50 and P99: how late the beat came, in ms.
	LatenessP50 float64 `json:"lateness_p50_ms"`
	LatenessP99 float64 `json:"lateness_p99_ms"`
	// Missed are ticks that never ran; Lost packets of ours that never came.
	Missed uint64 `json:"missed_ticks"`
	Lost   int64  `json:"lost_frames"`
	// Sent is how many frames the far side should have had.
	Sent int64 `json:"expected_frames"`
	// Dropped are ticks that the recording's disk was too slow for.
	Dropped int64 `json:"recording_dropped"`
	// Bytes of memory a call.
	Bytes int64 `json:"bytes_per_call"`
	// Visits is the work beside the calls, if any.
	Visits *Visits `json:"visits,omitempty"`
}

// overload is where a step counts as too much.
const overload = 5.0 // ms of lateness at p99

// Good reports whether the step lost nothing of ours and kept its time.
func (s CallsStep) Good() bool {
	return s.Missed == 0 && s.Lost == 0 && s.Dropped == 0 && s.LatenessP99 <= overload
}

// CallsResult are all steps and the figures of the greatest good one.
type CallsResult struct {
	Conversing int         `json:"conversing_percent"`
	Steps      []CallsStep `json:"steps"`
	// CallsPerCore is calls ÷ cores of the greatest good step.
	CallsPerCore float64 `json:"calls_per_core"`
	Tick         float64 `json:"us_per_tick"`
	LatenessP99  float64 `json:"lateness_p99_ms"`
	Bytes        int64   `json:"bytes_per_call"`
	// FloorTick is one send and one receive of such a packet, in µs, and what
	// that would carry.
	FloorTick         float64 `json:"floor_us_per_tick"`
	FloorCallsPerCore float64 `json:"floor_calls_per_core"`
	// Processors are the machine's.
	Processors int `json:"processors"`
}

// summary fills the figures of the greatest good step in.
func (r *CallsResult) summary() {
	for _, s := range r.Steps {
		if s.Good() && s.Cores > 0 {
			r.CallsPerCore, r.Tick = float64(s.Calls)/s.Cores, s.Tick
			r.LatenessP99, r.Bytes = s.LatenessP99, s.Bytes
		}
	}
}

// stepsTo are the numbers of calls to try.
func stepsTo(most int) (all []int) {
	for _, n := range []int{50, 100, 200, 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000} {
		if n < most {
			all = append(all, n)
		}
	}
	return append(all, most)
}

// Calls holds ever more calls at a time until it is too much, or Max.
func Calls(ctx context.Context, o CallsOptions) (r CallsResult, err error) {
	if o.Max <= 0 {
		o.Max = 2000
	}
	o.Max = max(o.Max, o.Only)
	files, err := raiseFiles()
	if err != nil {
		return r, err
	}
	if need := uint64(o.Max)*3 + 200; files < need {
		return r, fmt.Errorf("%d calls need %d open files and the system grants %d; raise `ulimit -n` or lower --max", o.Max, need, files)
	}
	floor, err := floorTick()
	if err != nil {
		return r, err
	}
	r = CallsResult{
		Conversing: o.Conversing, FloorTick: us(floor), FloorCallsPerCore: float64(media.Tick) / float64(floor), Processors: runtime.NumCPU(),
	}
	h, err := newHall(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	steps := stepsTo(o.Max)
	if o.Only > 0 {
		steps = []int{o.Only}
	}
	for _, n := range steps {
		s, err := h.step(ctx, n)
		if err != nil {
			return r, err
		}
		r.Steps = append(r.Steps, s)
		if o.Step != nil {
			o.Step(s)
		}
		if s.LatenessP99 > 2*overload || s.Missed > 0 {
			break
		}
	}
	r.summary()
	return r, nil
}

// hall is where the calls of a run live.
type hall struct {
	o       CallsOptions
	dir     string
	wheel   *beat.Wheel
	records *record.Store
	ports   *line.Ports
	far     *farSide
	empty   int64 // memory before the first call

	running sync.WaitGroup
	stop    context.CancelFunc
	live    sync.WaitGroup
	calls   []*call.Session
	up      atomic.Int64          // calls that were answered
	over    atomic.Int64          // calls that ended by themselves
	why     atomic.Pointer[error] // of the first
}

func newHall(ctx context.Context, o CallsOptions) (_ *hall, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &hall{o: o, wheel: beat.New(beat.Options{Log: o.Log})}
	ctx, h.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return h, fmt.Errorf("make a folder for recordings: %w", err)
	}
	if h.records, err = record.Open(record.Options{Dir: filepath.Join(h.dir, "recordings"), Log: o.Log}); err != nil {
		return h, err
	}
	// Two ports a call, and as many again: a port rests before it is reused.
	if h.ports, err = line.NewPorts(20000, 20000+2*o.Max+200); err != nil {
		return h, err
	}
	speech, err := h.speech(ctx)
	if err != nil {
		return h, err
	}
	if h.far, err = startFar(ctx, append(o.Far, "--speech", speech)); err != nil {
		return h, err
	}
	h.running.Go(func() { _ = h.wheel.Run(ctx) })
	h.running.Go(func() { _ = h.records.Run(ctx) })
	// The prompt is spoken once before anybody counts.
	stream, err := o.Voices.Prompt(ctx, o.Voice, []tts.Segment{{Text: h.policy().text, Fixed: true}})
	if err != nil {
		return h, fmt.Errorf("speak the prompt: %w", err)
	}
	if _, err := soundOf(ctx, stream); err != nil {
		return h, err
	}
	runtime.GC()
	h.empty = worker.ResidentBytes()
	return h, nil
}

// soundOf reads a stream to its end.
func soundOf(ctx context.Context, s tts.Stream) (pcm []int16, err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	for ctx.Err() == nil {
		var f media.Frame
		switch err := s.ReadFrame(&f); {
		case errors.Is(err, io.EOF):
			return pcm, nil
		case errors.Is(err, media.ErrNotReady):
			if err := sleep(ctx, time.Millisecond); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, fmt.Errorf("speak: %w", err)
		}
		pcm = append(pcm, f.PCM...)
	}
	return nil, ctx.Err()
}

// speech is what the customers say, as a file.
func (h *hall) speech(ctx context.Context) (string, error) {
	stream, err := h.o.Voices.Speak(ctx, h.o.Voice, tts.Text("I will pay on Friday"))
	if err != nil {
		return "", fmt.Errorf("speak the customer's words: %w", err)
	}
	pcm, err := soundOf(ctx, stream)
	if err != nil {
		return "", err
	}
	return speechFile(h.dir, pcm)
}

func (h *hall) policy() chatter {
	return chatter{
		voice: h.o.Voice, pause: 4 * time.Second,
		text: "Your payment of two hundred forty dollars to Acme Store was due on Monday. When can you pay it?",
	}
}

// step brings the calls to n, rests, and measures.
func (h *hall) step(ctx context.Context, n int) (s CallsStep, err error) {
	atOnce := 50
	if h.o.Conversing > 0 {
		atOnce = 8 // a recogniser has its models to read
	}
	for len(h.calls) < n {
		if err := h.add(ctx, min(atOnce, n-len(h.calls))); err != nil {
			return s, err
		}
		if err := h.await(ctx); err != nil {
			return s, err
		}
	}
	if _, err := h.far.ask(order{Speak: true}); err != nil {
		return s, err
	}
	stop := func() (Visits, error) { return Visits{}, nil }
	if h.o.Beside != nil {
		if stop, err = h.o.Beside(ctx); err != nil {
			return s, err
		}
	}
	defer func() {
		v, failed := stop()
		if h.o.Beside != nil {
			s.Visits = &v
		}
		err = errors.Join(err, failed)
	}()
	if err := sleep(ctx, h.o.Settle); err != nil {
		return s, err
	}
	if _, err := h.far.ask(order{Count: true}); err != nil {
		return s, err
	}
	late, dropped, used, beating, began := h.wheel.Lateness(), h.records.Stats().Dropped, cpu(), h.wheel.CPU(), time.Now()
	if err := sleep(ctx, h.o.Measure); err != nil {
		return s, err
	}
	used, beating, took := cpu()-used, h.wheel.CPU()-beating, time.Since(began)
	if err := h.ended(); err != nil {
		return s, err
	}
	now := h.wheel.Lateness().Sub(late)
	counted, err := h.far.ask(order{Count: true})
	if err != nil {
		return s, err
	}
	ticks := float64(n) * float64(took) / float64(media.Tick)
	return CallsStep{
		Calls: n, Cores: used.Seconds() / took.Seconds(), Beat: beating.Seconds() / took.Seconds(),
		Tick: us(used) / ticks, FloorTick: us(counted.CPU) / ticks,
		LatenessP50: ms(now.Quantile(0.5)), LatenessP99: ms(now.Quantile(0.99)), Missed: now.Missed,
		Lost: counted.Lost, Sent: counted.Lost + counted.Received,
		Dropped: h.records.Stats().Dropped - dropped, Bytes: (worker.ResidentBytes() - h.empty) / int64(n),
	}, nil
}

// add begins more calls.
func (h *hall) add(ctx context.Context, n int) error {
	lines := make([]*line.Line, 0, n)
	o := order{Talking: h.o.Conversing}
	for range n {
		l, err := line.Open(line.Options{Local: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Ports: h.ports})
		if err != nil {
			return fmt.Errorf("open the sockets of call %d: %w", len(h.calls)+len(lines)+1, err)
		}
		lines = append(lines, l)
		o.Join = append(o.Join, l.Local().Port())
	}
	a, err := h.far.ask(o)
	if err != nil {
		return err
	}
	if len(a.Ports) != n {
		return fmt.Errorf("the far side joined %d of %d calls", len(a.Ports), n)
	}
	for i, l := range lines {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Ports[i])
		if err := l.Negotiate(line.Remote{Addr: to, Codec: codec.PCMU}); err != nil {
			return err
		}
		h.begin(ctx, l)
	}
	return nil
}

// await returns when every call is up.
func (h *hall) await(ctx context.Context) error {
	for range 30_000 {
		if err := h.ended(); err != nil {
			return err
		}
		if h.up.Load() == int64(len(h.calls)) {
			return nil
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d of %d calls did not begin within 30 s", int64(len(h.calls))-h.up.Load(), len(h.calls))
}

// ended is an error when calls are not up any more.
func (h *hall) ended() error {
	if over := h.over.Load(); over > 0 {
		return fmt.Errorf("%d of %d calls are not up any more, so nothing can be measured: %w", over, len(h.calls), *h.why.Load())
	}
	return nil
}

func (h *hall) begin(ctx context.Context, l *line.Line) {
	n := len(h.calls)
	parts := call.Parts{
		Dialer: newWire(l), Beat: h.wheel, Recognizer: deaf{}, Speaker: h.o.Voices, Policy: h.policy(), Recorders: h.records, Log: h.o.Log,
		Models: h.o.Models,
	}
	parts.Watch = func(m call.Moment) {
		if m.State == string(call.Answered) {
			h.up.Add(1)
		}
	}
	if talks(n, h.o.Conversing) {
		parts.Recognizer = h.o.Recognizer
	}
	session := call.New(parts)
	h.calls = append(h.calls, session)
	h.live.Go(func() {
		_, err := session.Run(ctx, call.Target{
			Call: "bench-" + strconv.Itoa(n), Tenant: "bench", To: "sip:bench@127.0.0.1", Language: "en", MaxTalk: time.Hour,
		})
		if err == nil {
			err = errors.New("it ended before it was hung up")
		}
		h.why.CompareAndSwap(nil, &err)
		h.over.Add(1)
	})
}

func (h *hall) close() error {
	for _, c := range h.calls {
		c.Hangup(call.PartyBot)
	}
	h.live.Wait()
	var all []error
	if h.far != nil { // before stop, which would kill its process
		all = append(all, h.far.close())
	}
	h.stop()
	h.running.Wait()
	if h.records != nil {
		all = append(all, h.records.Close())
	}
	return errors.Join(append(all, os.RemoveAll(h.dir))...)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// farSide is the other process as this one sees it.
type farSide struct {
	*process
	enc *json.Encoder
}

func startFar(ctx context.Context, command []string) (*farSide, error) {
	p, err := start(ctx, command)
	if err != nil {
		return nil, err
	}
	return &farSide{p, json.NewEncoder(p.in)}, nil
}

func (f *farSide) ask(o order) (a answer, err error) {
	if err := f.enc.Encode(o); err != nil {
		return a, fmt.Errorf("ask the far side: %w", err)
	}
	if err := f.told.Decode(&a); err != nil {
		return a, fmt.Errorf("the far side's process ended: %w", err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("the far side: %s", a.Error)
	}
	return a, nil
}
