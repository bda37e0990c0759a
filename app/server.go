package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"parley/api"
	"parley/call"
	"parley/campaign"
	"parley/media/beat"
	"parley/nlu/keyword"
	"parley/record"
	"parley/rules"
	"parley/sip"
	"parley/store"
	"parley/tenant"
	"parley/web"
)

// ServeOptions are what a server needs beside its configuration.
type ServeOptions struct {
	Version string
	// Notices gets what a person must read once: the admin link and the key of
	// the first start.
	Notices io.Writer
	Log     *slog.Logger
	// Drain bounds how long talks may go on after the stop; 0 for 300 s.
	Drain time.Duration
}

// Server is a running server.
type Server struct {
	// URL of the console and the API.
	URL string
	// Key opens the API as admin; only set on the server's first start.
	Key string

	house *house
	line  *placer
	hung  bool
}

const defaultDrain = 300 * time.Second

// processors is the least GOMAXPROCS: the beat's thread needs one of the
// runtime's processors the moment it wakes, and with only as many as cores it
// would wait for a busy goroutine's time slice, 10 ms and more.
const processors = 8

func moreProcessors() { runtime.GOMAXPROCS(max(processors, runtime.NumCPU())) }

// Start builds a server in one straight line and returns when it takes calls
// and requests.
func Start(ctx context.Context, c Config, o ServeOptions) (_ *Server, err error) {
	moreProcessors()
	h := newHouse()
	defer func() {
		if err != nil {
			err = errors.Join(err, h.stop())
		}
	}()
	books, err := store.Open(ctx, store.Options{Dir: c.Data, DSN: c.Database, Log: o.Log})
	if err != nil {
		return nil, err
	}
	h.onStop("store", books.Close)
	left, err := recoverBooks(ctx, books, o.Log)
	if err != nil {
		return nil, err
	}
	if err := configureRates(ctx, c.Trunks, books, o.Log); err != nil {
		return nil, err
	}
	kernel, err := rules.NewKernel()
	if err != nil {
		return nil, fmt.Errorf("load the dialling rules: %w", err)
	}
	shelf, err := newFlowShelf(c.Flows, keyword.New(keyword.Options{}))
	if err != nil {
		return nil, err
	}
	e, err := newEngines(c, o.Log)
	if err != nil {
		return nil, err
	}
	for name, err := range e.missing {
		o.Log.Warn("synthesiser left out", "engine", name, "error", err)
	}
	e.startIn(h)
	wheel := beat.New(beat.Options{Log: o.Log})
	h.start(component{"beat", wheel.Run})
	models, err := openSeats(c, wheel, o.Log)
	if err != nil {
		return nil, err
	}
	recordings, err := openRecordings(c, o.Log)
	if err != nil {
		return nil, err
	}
	h.start(component{"recordings", recordings.Run})
	secret, err := sipSecret(c.Data)
	if err != nil {
		return nil, err
	}
	seen := &sight{ladders: newLadders(), trunks: newTrunkFigures(c.trunkNames())}
	inbound := newReceiver(c, o.Log)
	tenants, err := books.Tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the tenants: %w", err)
	}
	if err := inbound.check(shelf, kernel.Profiles(), tenants); err != nil {
		return nil, err
	}
	if err := checkProfiles(c.Transfers, kernel.Profiles()); err != nil {
		return nil, err
	}
	if err := c.CallerIDs.checkTenants(tenants); err != nil {
		return nil, err
	}
	stack, err := newSIP(c, c.SIP.doors(sip.Options{
		Listen: netip.MustParseAddrPort(c.SIP.Listen), Log: o.Log, Secret: secret, Trace: seen.ladders.hear,
		Inbound: inbound.offered, MaxIncoming: c.Limits.Calls,
	}))
	if err != nil {
		return nil, err
	}
	seen.trunks.watch(stack.Trunks)
	h.start(component{"SIP", stack.Run})
	h.once("orphaned legs", func(ctx context.Context) {
		(&orphans{end: stack.End, forget: books.LegEnded, log: o.Log}).endAll(ctx, left)
	})
	callers := newCallers(c.CallerIDs, books, o.Log)
	warnUnnamed(c, o.Log)
	l := &placer{
		callers: callers, models: models,
		dialer: stack.Router(&gate{next: stack, kernel: kernel, now: time.Now, tests: c.Rules.TestNumbers, seen: seen}), beat: wheel, seen: seen,
		recognizer: e.recognizer, voices: e.voices, speaks: e.speaks, prompts: e.voices, recorders: recordersOf(c, recordings), facts: books,
		flows: shelf, transfers: c.Transfers, region: c.Rules.Region, tests: c.Rules.TestNumbers, log: o.Log,
		live: map[string]*liveCall{}, warmed: map[string]bool{}, slots: make(chan struct{}, c.Limits.Calls),
		books: books, kernel: kernel, recordings: recordings,
	}
	runner := campaign.NewRunner(campaign.RunnerOptions{
		Contacts: books, Placer: l, Kernel: kernel, Callers: callers, MaxLive: c.Limits.Calls, Log: o.Log,
	})
	h.start(component{"inbound calls", func(ctx context.Context) error { return inbound.run(ctx, stack) }})
	s := &Server{house: h, line: l}
	if s.Key, err = firstKey(ctx, c.Data, books); err != nil {
		return nil, err
	}
	handler := api.New(api.Options{
		Store: &booksAPI{books, c.Rules.TestNumbers, c.Rules.Region, callers}, Line: l, Keys: books, Profiles: kernel.Profiles, Flows: shelf.names, Trunks: c.trunkNames,
		TrunkStates: func() []api.Trunk { return statesOf(stack) },
		Ready:       func() error { return errors.Join(e.ready(), books.Ping(context.Background())) },
		Metrics:     newMetrics(l, wheel, e, seen.trunks), Page: web.Handler(), Version: o.Version, Log: o.Log,
	})
	if err := s.listen(ctx, c, h, handler); err != nil {
		return nil, err
	}
	if err := await(ctx, 20*time.Second, e.ready); err != nil {
		return nil, err
	}
	// One node alone: it leads from its start, under a fresh epoch.
	if _, err := books.Lead(ctx); err != nil {
		return nil, fmt.Errorf("take the lead: %w", err)
	}
	drain := o.Drain
	if drain <= 0 {
		drain = defaultDrain
	}
	s.run(runner, drain)
	inbound.placer.Store(l) // every part is there: callers are taken from now on
	s.welcome(o.Notices, c.Data)
	return s, nil
}

// recoverBooks settles what the last run left open before anything is dialled:
// whatever may have rung is not rung again for that attempt. It returns the
// legs that may still be up.
func recoverBooks(ctx context.Context, books *store.Store, log *slog.Logger) ([]store.Orphan, error) {
	found, err := books.Recover(ctx)
	if err != nil {
		return nil, fmt.Errorf("settle what the last run left open: %w", err)
	}
	if open := found.Returned + found.Released + found.Uncertain + found.Unknown + found.Cut + found.Damaged; open > 0 {
		log.Warn("the last run did not end in order", "returned", found.Returned, "released", found.Released,
			"uncertain", found.Uncertain, "unknown", found.Unknown, "cut", found.Cut, "damaged", found.Damaged, "orphans", len(found.Orphans))
	}
	return found.Orphans, nil
}

// run starts the dialler; when it is stopped no call begins, and talks have
// the drain's time to end.
func (s *Server) run(runner *campaign.Runner, drain time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	s.house.onStop("dialler", func() error {
		cancel()
		s.hung = s.line.drain(drain)
		return <-done
	})
}

// listen serves HTTP, with TLS when the configuration names a certificate.
func (s *Server) listen(ctx context.Context, c Config, h *house, handler http.Handler) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen: %w; choose another port with http.listen", err)
	}
	scheme := "http"
	if c.HTTP.Certificate != "" {
		cert, err := tls.LoadX509KeyPair(c.HTTP.Certificate, c.HTTP.Key)
		if err != nil {
			return fmt.Errorf("http.certificate: %w", errors.Join(err, ln.Close()))
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
		scheme = "https"
	}
	s.URL = (&url.URL{Scheme: scheme, Host: ln.Addr().String()}).String()
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	h.start(component{"HTTP", func(ctx context.Context) error {
		stopped := make(chan error, 1)
		go func() {
			<-ctx.Done()
			// Event streams never end by themselves; they have a moment.
			limit, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			if server.Shutdown(limit) != nil {
				stopped <- server.Close()
				return
			}
			stopped <- nil
		}()
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return <-stopped
	}})
	return nil
}

// Wait returns when ctx ends or a part of the server fails.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.house.failed:
		return err
	}
}

// ErrHungUp: talks outlasted the drain and were hung up.
var ErrHungUp = errors.New("talks outlasted the drain limit and were hung up")

// Stop drains and stops everything, in the reverse order of the start.
func (s *Server) Stop() error {
	err := s.house.stop()
	if s.hung {
		err = errors.Join(err, ErrHungUp)
	}
	return err
}

// welcome tells where the console is; the key only once.
func (s *Server) welcome(w io.Writer, data string) {
	if w == nil {
		return
	}
	fmt.Fprintf(w, "parley listens on %s\n", s.URL)
	if s.Key != "" {
		fmt.Fprintf(w, "first start: open %s/#key=%s\nthe key is kept in %s\n", s.URL, s.Key, filepath.Join(data, keyFile))
	}
}

const keyFile = "api-key"

// firstKey makes the admin key of a new server and keeps it beside the data,
// readable by the server's user only. It returns "" when there is one already.
func firstKey(ctx context.Context, data string, keys tenant.Keys) (string, error) {
	existing, err := keys.ListKeys(ctx, tenant.Default)
	if err != nil {
		return "", fmt.Errorf("read the API keys: %w", err)
	}
	if len(existing) > 0 {
		return "", nil
	}
	key, secret := tenant.NewKey(tenant.Default, "first start", tenant.Admin, time.Now())
	if err := os.WriteFile(filepath.Join(data, keyFile), []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the first API key: %w", err)
	}
	if err := keys.AddKey(ctx, key); err != nil {
		return "", fmt.Errorf("keep the first API key: %w", err)
	}
	return secret, nil
}

func recordingsDir(c Config) string {
	if c.Recordings.Dir != "" {
		return c.Recordings.Dir
	}
	return filepath.Join(c.Data, "recordings")
}

func openRecordings(c Config, log *slog.Logger) (*record.Store, error) {
	r, err := record.Open(record.Options{Dir: recordingsDir(c), Log: log})
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	return r, nil
}

func recordersOf(c Config, r *record.Store) call.Recorders {
	if c.Recordings.Off {
		return nil
	}
	return r
}
