package pocketsphinx

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"parley/asr"
	"parley/media"
	"parley/media/resample"
	"parley/spoken"
	"parley/worker"
)

// Handler is the worker's side, for `parley worker asr.pocketsphinx`: pass it
// to worker.Serve. It loads the library and the dictionaries.
func Handler(config []byte) (worker.Handler, error) {
	return newHandler(config, spoken.Grammar)
}

func newHandler(config []byte, classes classes) (*handler, error) {
	var s settings
	if err := json.Unmarshal(config, &s); err != nil {
		return nil, fmt.Errorf("decode the recogniser's settings: %w", err)
	}
	lib, err := load()
	if err != nil {
		return nil, err
	}
	h := &handler{voices: map[string]*voice{}, classes: classes}
	for _, m := range s.Models {
		dict, err := readDictionary(m.Language, m.Dictionary)
		if err != nil {
			return nil, err
		}
		v := &voice{model: m, dict: dict, lib: lib, grammars: map[string]*grammar{}}
		// One pair now: a model that cannot be loaded must show at the start.
		pair, err := v.take()
		if err != nil {
			return nil, err
		}
		v.put(pair)
		h.voices[m.Language] = v
	}
	return h, nil
}

type handler struct {
	voices  map[string]*voice
	classes classes
}

// Open implements worker.Handler.
func (h *handler) Open(_ context.Context, first []byte, send func([]byte) error) (worker.Session, error) {
	var hi hello
	if err := json.Unmarshal(first, &hi); err != nil {
		return nil, fmt.Errorf("decode the first message: %w", err)
	}
	v, ok := h.voices[hi.Language]
	if !ok {
		return nil, asr.ErrLanguage
	}
	fit, err := fitting(hi.Rate, v.model.Rate)
	if err != nil {
		return nil, err
	}
	p, err := v.take()
	if err != nil {
		return nil, err
	}
	return &session{voice: v, classes: h.classes, pair: p, send: send, fit: fit, clock: clock{rate: hi.Rate},
		loudness: loudness{frame: v.model.Rate.Count(frameLength)}, air: rand.New(rand.NewPCG(1, 2))}, nil
}

// voice is one language: its model, dictionary, idle decoders and compiled
// grammars, shared by the sessions of a worker.
type voice struct {
	model Model
	dict  *dictionary
	lib   *library

	mu       sync.Mutex
	idle     []pair
	grammars map[string]*grammar
}

// pair is what one session needs: a decoder for the expected phrases, and one
// that hears any sequence of sounds. The difference of their scores tells
// whether an expected phrase was said at all: a grammar alone always answers.
type pair struct{ phrases, sounds *decoder }

func (p pair) free() {
	p.phrases.free()
	p.sounds.free()
}

const (
	loopName = "sounds"
	// worn is after how many grammars a decoder is replaced: setting one leaks.
	worn = 400
	// keptGrammars bounds the compiled grammars of a language.
	keptGrammars = 512
)

func (v *voice) take() (pair, error) {
	v.mu.Lock()
	if n := len(v.idle); n > 0 {
		p := v.idle[n-1]
		v.idle = v.idle[:n-1]
		v.mu.Unlock()
		return p, nil
	}
	v.mu.Unlock()
	phrases, err := newDecoder(v.lib, append(v.model.args(), v.model.search()...)...)
	if err != nil {
		return pair{}, err
	}
	sounds, err := v.newLoop()
	if err != nil {
		phrases.free()
		return pair{}, err
	}
	return pair{phrases, sounds}, nil
}

func (v *voice) put(p pair) {
	if p.phrases.sets > worn {
		p.free()
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.idle = append(v.idle, p)
}

// newLoop makes a decoder that accepts any sequence of the language's sounds.
func (v *voice) newLoop() (*decoder, error) {
	d, err := newDecoder(v.lib, v.model.args()...)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("FSG_BEGIN sounds\nNUM_STATES 2\nSTART_STATE 0\nFINAL_STATE 1\n")
	for _, p := range v.dict.phones {
		if err := d.add(p, []string{p}); err != nil {
			d.free()
			return nil, err
		}
		fmt.Fprintf(&b, "TRANSITION 0 1 1.0 %s\nTRANSITION 1 1 1.0 %s\n", p, p)
	}
	b.WriteString("FSG_END\n")
	if err := d.set(loopName, b.String()); err != nil {
		d.free()
		return nil, err
	}
	if err := d.use(loopName); err != nil {
		d.free()
		return nil, err
	}
	return d, nil
}

// grammar compiles an expectation, once per content.
func (v *voice) grammar(e asr.Expectation, classes classes) (*grammar, error) {
	name := nameOf(e)
	v.mu.Lock()
	g := v.grammars[name]
	v.mu.Unlock()
	if g != nil {
		return g, nil
	}
	g, err := compile(e, v.dict, classes)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.grammars) >= keptGrammars {
		clear(v.grammars)
	}
	v.grammars[name] = g
	return g, nil
}

// load makes a grammar known to a decoder.
func (v *voice) load(d *decoder, g *grammar) error {
	if d.has(g.name) {
		return nil
	}
	for _, w := range g.words {
		if err := d.add(w, v.dict.pronounce(w)); err != nil {
			return err
		}
	}
	return d.set(g.name, g.fsg)
}

// fit turns samples of the stream's rate into those of the model's.
type fit func(dst, src []int16) []int16

func fitting(from, to media.Rate) (fit, error) {
	if from == to {
		return func(dst, src []int16) []int16 { return append(dst, src...) }, nil
	}
	r, err := resample.New(from, to)
	if err != nil {
		return nil, fmt.Errorf("sound at %d Hz for a model of %d Hz: %w", from, to, err)
	}
	return r.Append, nil
}
