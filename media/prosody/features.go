// Package prosody describes how something was said, not what: the voice of one
// utterance in whole numbers, from 20 ms frames at 8 kHz. The features follow the published
// definitions of eGeMAPS (Eyben et al., 2016) where the telephone's 300–3400 Hz
// let them; the code is its own.
package prosody

// Kind is one feature; the comments give the unit of its value.
type Kind int

// Features of an utterance. Pitch is counted in cents over 27.5 Hz, levels in
// hundredths of a decibel of full scale.
const (
	Pitch       Kind = iota // median, cents
	PitchHigh               // 90th percentile, cents
	PitchSpread             // 10th to 90th percentile, cents
	PitchSlope              // straight line through the contour, cents a second
	Level                   // 80th percentile of voiced frames, 0.01 dB
	LevelSpread             // 20th to 80th percentile of voiced frames, 0.01 dB
	LevelSlope              // straight line through voiced frames, 0.01 dB a second
	Rate                    // syllable nuclei in a second of speech with its pauses, hundredths
	Jitter                  // mean change from period to period, 0.01 % of the period
	Shimmer                 // mean change of the peaks from period to period, 0.01 dB
	Harmonics               // harmonics to noise, 0.01 dB
	Alpha                   // 1080–3400 over 300–1080 Hz, 0.01 dB
	Hammarberg              // strongest band under 2 kHz over the strongest above, 0.01 dB
	LowTilt                 // 630–1480 over 300–630 Hz, 0.01 dB
	Cepstrum1               // mean cepstral coefficients over Bark bands, hundredths of a neper
	Cepstrum2
	Cepstrum3
	Cepstrum4
	CepstrumSpread // mean of their standard deviations, hundredths of a neper
	VoicedShare    // of the frames from first to last sound, 0.01 %
	PauseShare     // of the same, 0.01 %
	Kinds
)

var names = [Kinds]string{
	"pitch", "pitch_high", "pitch_spread", "pitch_slope", "level", "level_spread", "level_slope", "rate", "jitter", "shimmer",
	"harmonics", "alpha_ratio", "hammarberg", "low_tilt", "cepstrum_1", "cepstrum_2", "cepstrum_3", "cepstrum_4", "cepstrum_spread",
	"voiced_share", "pause_share",
}

// String is the feature's name in JSON.
func (k Kind) String() string {
	if k < 0 || k >= Kinds {
		return "unknown"
	}
	return names[k]
}

// Features of one utterance. With no voiced frame every value is 0.
type Features struct {
	// Frames of 20 ms from the first sound to the last, and the voiced ones.
	Frames, Voiced int32
	// Value of each kind; what does not fit is the nearest that does.
	Value [Kinds]int16
}
