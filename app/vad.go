package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/media/beat"
	"parley/media/silero"
)

const (
	// noModel as vad.model leaves the judgement to the built-in detector.
	noModel   = "none"
	modelFile = "silero_vad_v6.onnx"
	// modelsFolder is where an image or a package puts models.
	modelsFolder = "/usr/local/share/parley/models"
)

// modelPlaces are where the model is looked for when no setting names it: beside
// the program, where a developer's `make models` puts it, and the system's.
func modelPlaces() (all []string) {
	if own, err := os.Executable(); err == nil {
		all = append(all, filepath.Join(filepath.Dir(own), "models", modelFile))
	}
	return append(all, filepath.Join("build", "models", modelFile), filepath.Join(modelsFolder, modelFile))
}

// OpenModel is the configured speech model and its file. It is nil without an
// error when none is wanted, or none is named and none is found.
func OpenModel(c Config) (*silero.Model, string, error) {
	switch c.VAD.Model {
	case noModel:
		return nil, "", nil
	case "": // looked for below
	default:
		m, err := silero.Open(c.VAD.Model)
		return m, c.VAD.Model, err
	}
	for _, path := range modelPlaces() {
		m, err := silero.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return m, path, err
	}
	return nil, "", nil
}

// Detectors that a tool may choose instead of the live call's.
const (
	VADLive    = "live"    // what a call gets
	VADBuiltIn = "builtin" // the noise model alone
	VADModel   = "model"   // the network alone
	VADBoth    = "both"    // both opinions in one
)

// OpenDetector is the speech model for one of these names, and whether it judges
// alone. It is an error when the model is asked for by name and not there.
func OpenDetector(c Config, name string) (m *silero.Model, alone bool, err error) {
	switch name {
	case VADLive:
		m, _, err = OpenModel(c)
		return m, false, err
	case VADBuiltIn:
		return nil, false, nil
	case VADModel, VADBoth:
	default:
		return nil, false, fmt.Errorf("there is no speech detector %q; take %s, %s, %s or %s", name, VADLive, VADBuiltIn, VADModel, VADBoth)
	}
	if c.VAD.Model == noModel {
		c.VAD.Model = ""
	}
	m, _, err = OpenModel(c)
	if err == nil && m == nil {
		err = errors.New("there is no speech model; fetch it with `make models` or name its file in vad.model")
	}
	return m, name == VADModel, err
}

// openSeats lends the model to as many calls as the configuration allows and
// the beat carries.
func openSeats(c Config, wheel *beat.Wheel, log *slog.Logger) (*silero.Seats, error) {
	m, _, err := OpenModel(c)
	if err != nil {
		return nil, err
	}
	if m == nil {
		log.Info("there is no speech model; the built-in detector hears all calls")
	}
	l := lateness{wheel: wheel, now: time.Now}
	return silero.NewSeats(m, c.VAD.Calls, l.tooGreat), nil
}

// lateness watches the beat: a new call with the model would make it later.
type lateness struct {
	wheel *beat.Wheel
	now   func() time.Time

	mu      sync.Mutex
	at      time.Time
	counted beat.Lateness
	late    bool
}

const (
	// lateFor is how far back the beat's lateness counts, at least.
	lateFor = time.Second
	// tooLate is the lateness at p99 from which no new call gets the model.
	tooLate = 5 * time.Millisecond
)

// tooGreat is asked once a call.
func (l *lateness) tooGreat() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.at) >= lateFor {
		all := l.wheel.Lateness()
		recent := all.Sub(l.counted)
		l.late = !l.at.IsZero() && (recent.Missed > 0 || recent.Quantile(0.99) > tooLate)
		l.at, l.counted = now, all
	}
	return l.late
}

// modelFound is the doctor's word on the detector.
func modelFound(c Config) (string, error) {
	m, path, err := OpenModel(c)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "built in; the better one is fetched with `make models`, or named in vad.model", nil
	}
	return "Silero, " + path, nil
}
