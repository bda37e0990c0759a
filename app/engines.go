package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"parley/asr"
	"parley/asr/pocketsphinx"
	"parley/tts"
	"parley/tts/cache"
	"parley/tts/espeak"
	"parley/tts/flite"
	"parley/worker"
)

// recognizer is an engine that also runs its own processes.
type recognizer interface {
	asr.Recognizer
	Run(context.Context) error
	Ready() error
	Languages() []string
}

// recognizers are the engines that a configuration may name.
var recognizers = map[string]func(Config, *slog.Logger) (recognizer, error){
	"pocketsphinx": newPocketsphinx,
}

func newPocketsphinx(c Config, log *slog.Logger) (recognizer, error) {
	return pocketsphinx.New(pocketsphinx.Options{
		Models: c.ASR.Pocketsphinx.Models,
		Worker: worker.Options{Workers: c.ASR.Pocketsphinx.Workers, Streams: c.ASR.Pocketsphinx.Streams, Memory: 4 << 30, Log: log},
		Log:    log,
	})
}

// synthesizers are the engines that a flow's voice may name, with the worker
// that runs each.
var synthesizers = map[string]struct {
	kind string
	make func(tts.Program) (*tts.Engine, error)
}{
	flite.Name:  {flite.Kind, flite.New},
	espeak.Name: {espeak.Kind, espeak.New},
}

// workers are the handlers of `parley worker KIND`.
var workers = map[string]func([]byte) (worker.Handler, error){
	pocketsphinx.Kind: pocketsphinx.Handler,
	flite.Kind:        flite.Handler,
	espeak.Kind:       espeak.Handler,
}

// Worker is the whole life of a worker process.
func Worker(ctx context.Context, kind string) error {
	handler, ok := workers[kind]
	if !ok {
		return fmt.Errorf("there is no worker %q; one of %s", kind, strings.Join(slices.Sorted(maps.Keys(workers)), ", "))
	}
	return worker.Serve(ctx, handler)
}

// engines are the recogniser and the voices of one server.
type engines struct {
	recognizer recognizer
	voices     *cache.Cache
	pools      []*worker.Pool
	// missing are the synthesisers whose program is not installed.
	missing map[string]error
}

// speaks says whether a flow's voice can be heard here, before anybody is rung
// for it.
func (e *engines) speaks(v tts.Voice) error {
	if e.missing[v.Engine] != nil {
		return fmt.Errorf("the flow's voice needs %[1]s, which is not installed; apt-get install %[1]s", v.Engine)
	}
	return nil
}

// newRecognizer builds the engine that the configuration names.
func newRecognizer(c Config, log *slog.Logger) (recognizer, error) {
	build, ok := recognizers[c.ASR.Engine]
	if !ok {
		return nil, fmt.Errorf("asr.engine: there is no recogniser %q; one of %s",
			c.ASR.Engine, strings.Join(slices.Sorted(maps.Keys(recognizers)), ", "))
	}
	r, err := build(c, log)
	if err != nil {
		return nil, fmt.Errorf("recogniser %s: %w", c.ASR.Engine, err)
	}
	return r, nil
}

// newEngines builds what the configuration names. A synthesiser whose program
// is missing is left out: flows that need it say so when they are checked.
func newEngines(c Config, log *slog.Logger) (*engines, error) {
	r, err := newRecognizer(c, log)
	if err != nil {
		return nil, err
	}
	e := &engines{recognizer: r, missing: map[string]error{}}
	all := map[string]tts.Synthesizer{}
	for name, s := range synthesizers {
		if _, err := (tts.Program{}).Find(name); err != nil {
			e.missing[name] = err
			continue
		}
		pool := worker.NewPool(worker.Options{Kind: s.kind, Workers: c.TTS.Workers, Streams: 64, Memory: 512 << 20, Log: log})
		engine, err := s.make(tts.Program{Pool: pool})
		if err != nil {
			return nil, fmt.Errorf("synthesiser %s: %w", name, err)
		}
		all[name] = engine
		e.pools = append(e.pools, pool)
	}
	if len(all) == 0 {
		return nil, errors.New("no synthesiser is installed; apt-get install flite espeak-ng")
	}
	e.voices = cache.New(cache.Options{
		Engines: all, Default: map[string]string{"en": flite.Name, "": espeak.Name}, Bytes: c.TTS.CacheBytes,
	})
	return e, nil
}

// startIn runs the engines until the house stops; then what is still being
// synthesised is waited for.
func (e *engines) startIn(h *house) {
	h.start(component{"recogniser", e.recognizer.Run})
	for _, p := range e.pools {
		h.start(component{"synthesiser", p.Run})
	}
	h.onStop("voices", func() error { e.voices.Wait(); return nil })
}

// ready waits for nothing: it says why calls cannot be held now.
func (e *engines) ready() error {
	if err := e.recognizer.Ready(); err != nil {
		return fmt.Errorf("the recogniser is not ready: %w", err)
	}
	for _, p := range e.pools {
		if err := p.Ready(); err != nil {
			return fmt.Errorf("a synthesiser is not ready: %w", err)
		}
	}
	return nil
}
