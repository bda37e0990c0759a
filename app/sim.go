package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"parley/media/beat"
	"parley/media/line"
	"parley/sim"
)

// Carrier is the simulated carrier as a process of its own.
type Carrier struct {
	Listen string
	// Personas is a folder with customers; empty for the built-in ones of both
	// languages, as far as there is a model for them.
	Personas string
	// NoMedia answers and counts without sound.
	NoMedia bool
	// Witness gets a JSON line for everything that happens.
	Witness io.Writer
	// Ready is told the address; Ended every call.
	Ready func(address string)
	Ended func(sim.Ended)
	Log   *slog.Logger
}

// carrierPorts are the RTP ports of the simulated carrier, away from those of
// a server on the same machine.
const carrierLow, carrierHigh = 40000, 43999

// Run serves until ctx ends.
func (s Carrier) Run(ctx context.Context, c Config) (err error) {
	moreProcessors()
	h := newHouse()
	defer func() { err = errors.Join(err, h.stop()) }()
	o := sim.Options{Listen: s.Listen, NoMedia: s.NoMedia, Witness: s.Witness, Ended: s.Ended, Log: s.Log, Calls: 2000}
	if o.Personas, err = s.personas(); err != nil {
		return err
	}
	if s.NoMedia {
		o.Anyone = &sim.Persona{Name: "anyone", Language: "en"}
	} else if err := s.sound(h, c, &o); err != nil {
		return err
	}
	carrier, err := sim.New(o)
	if err != nil {
		return fmt.Errorf("start the simulated carrier: %w", err)
	}
	h.start(component{"carrier", carrier.Run})
	if s.Ready != nil {
		s.Ready(carrier.Addr().String())
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-h.failed:
		return err
	}
}

// sound gives the carrier ears, voices, ports and a clock.
func (s Carrier) sound(h *house, c Config, o *sim.Options) error {
	e, err := newEngines(c, s.Log)
	if err != nil {
		return err
	}
	languages := strings.Join(e.recognizer.Languages(), " ")
	kept := o.Personas[:0]
	for _, p := range o.Personas {
		if strings.Contains(languages, p.Language) {
			kept = append(kept, p)
		}
	}
	o.Personas = kept
	e.startIn(h)
	wheel := beat.New(beat.Options{Log: s.Log})
	h.start(component{"beat", wheel.Run})
	ports, err := line.NewPorts(carrierLow, carrierHigh)
	if err != nil {
		return fmt.Errorf("the carrier's media ports: %w", err)
	}
	o.Recognizer, o.Synthesizer, o.Beat, o.Ports = e.recognizer, e.voices, wheel, ports
	return nil
}

func (s Carrier) personas() ([]sim.Persona, error) {
	switch {
	case s.Personas != "":
		return sim.LoadDir(s.Personas)
	case s.NoMedia:
		return nil, nil // every number is answered by anyone
	}
	var all []sim.Persona
	for _, language := range []string{"en", "zh"} {
		some, err := sim.Personas(language)
		if err != nil {
			return nil, fmt.Errorf("read the built-in customers: %w", err)
		}
		all = append(all, some...)
	}
	return all, nil
}
