package app

import (
	"parley/asr"
	"parley/asr/pocketsphinx"
	"parley/media"
	"parley/trial"
	"parley/tts"
)

// TrialVoices are the synthesisers that are installed, without workers.
func TrialVoices() map[string]tts.Synthesizer {
	all := map[string]tts.Synthesizer{}
	for name, s := range synthesizers {
		if engine, err := s.make(tts.Program{}); err == nil {
			all[name] = engine
		}
	}
	return all
}

// TrialListener opens the embedded recogniser in this process, in step with the
// sound.
func TrialListener(models string) (func(language string) (trial.Listener, error), error) {
	local, err := pocketsphinx.NewLocal(pocketsphinx.Options{Models: models})
	if err != nil {
		return nil, err
	}
	return func(language string) (trial.Listener, error) {
		return local.Open(asr.Config{Language: language, Rate: media.Rate8k})
	}, nil
}
