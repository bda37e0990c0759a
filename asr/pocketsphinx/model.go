package pocketsphinx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"parley/media"
)

// Model is an acoustic model with its dictionary.
type Model struct {
	Language   string     `json:"language"`
	Acoustic   string     `json:"acoustic"`   // folder with mdef, means, …
	Dictionary string     `json:"dictionary"` // Sphinx notation
	Rate       media.Rate `json:"rate"`       // of the sound it was made for
	// Reject is the mean distance per frame between the best free sequence of
	// sounds and the best expected phrase above which a phrase does not count
	// as said.
	Reject float64 `json:"reject"`
}

// Distances above which a phrase is rejected, set where these lines cross at
// 8 kHz mu-law. English, 32 phrases by six synthetic voices: at 20 / 25 / 30,
// 1.6 / 0 / 0 % of expected phrases are refused and 0 / 7 / 13 % of others
// taken; single digits of people: 27 / 13 / 6 % and 1 / 7 / 17 %. Mandarin, two
// synthetic voices: at 25 / 27.5 / 30, 13 / 9 / 6 % and 4 / 4 / 12 %.
const (
	rejectEnglish     = 25
	rejectChinese     = 27.5
	rejectEnglishWide = 25
)

const (
	debianModels     = "/usr/share/pocketsphinx/model"
	debianAcoustic   = debianModels + "/en-us/en-us"
	debianDictionary = debianModels + "/en-us/cmudict-en-us.dict"
)

var (
	errNoModels     = errors.New("no acoustic model was found; set asr.pocketsphinx.models to a folder with en-8k and zh-8k, or install `apt-get install pocketsphinx-en-us`")
	errNoDictionary = errors.New("the English dictionary is missing; install it with `apt-get install pocketsphinx-en-us`")
)

// findModels looks for the telephone-band models en-8k and zh-8k in a folder
// and falls back to Debian's wide-band English one.
func findModels(folder string) (map[string]Model, error) {
	models := map[string]Model{}
	if folder != "" {
		if _, err := os.Stat(folder); err != nil {
			return nil, fmt.Errorf("asr.pocketsphinx.models: %w", err)
		}
		zh := Model{
			Language: "zh", Acoustic: filepath.Join(folder, "zh-8k"), Rate: media.Rate8k, Reject: rejectChinese,
			Dictionary: filepath.Join(folder, "zh-8k", "mandarin_notone.dic"),
		}
		if exists(zh.Acoustic, "mdef") {
			if !exists(zh.Dictionary) {
				return nil, fmt.Errorf("the Chinese model in %s lacks its dictionary mandarin_notone.dic", zh.Acoustic)
			}
			models["zh"] = zh
		}
		en := Model{
			Language: "en", Acoustic: filepath.Join(folder, "en-8k"), Rate: media.Rate8k, Reject: rejectEnglish,
			Dictionary: filepath.Join(folder, "en-8k", "cmudict-en-us.dict"),
		}
		if exists(en.Acoustic, "mdef") {
			if !exists(en.Dictionary) {
				en.Dictionary = debianDictionary
			}
			if !exists(en.Dictionary) {
				return nil, errNoDictionary
			}
			models["en"] = en
		}
	}
	if _, ok := models["en"]; !ok && exists(debianAcoustic, "mdef") && exists(debianDictionary) {
		models["en"] = Model{
			Language: "en", Acoustic: debianAcoustic, Dictionary: debianDictionary,
			Rate: media.Rate16k, Reject: rejectEnglishWide,
		}
	}
	if len(models) == 0 {
		return nil, errNoModels
	}
	return models, nil
}

func exists(path ...string) bool {
	_, err := os.Stat(filepath.Join(path...))
	return err == nil
}

// args are the decoder's options for this model. The telephone-band models
// were made without noise removal, and are worse with it. Silence stays in: the
// decoder's own detector cuts soft beginnings and shifts the times of words.
func (m Model) args() []string {
	args := []string{"-hmm", m.Acoustic, "-samprate", fmt.Sprint(int(m.Rate)), "-remove_silence", "no"}
	if m.Rate == media.Rate8k {
		args = append(args, "-remove_noise", "no")
	}
	return args
}
