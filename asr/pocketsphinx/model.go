package pocketsphinx

import (
	"errors"
	"fmt"
	"math"
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
	// Floor is the level (RMS of a sample) of the noise that is laid under
	// every sound; 0 for none.
	Floor float64 `json:"floor,omitempty"`
	// Word and Silence are the probabilities of one more word and of one more
	// pause within a phrase, as the decoder weighs them; 0 for its own.
	Word    float64 `json:"word,omitempty"`
	Silence float64 `json:"silence,omitempty"`
}

// floorChinese, -61 dB of full scale: the Mandarin model was made from rooms
// with air in them, and hears syllables in the digital silence of a clean line.
const floorChinese = 30

// floorEnglish, -70 dB of full scale: without it the decoder prefers an open
// word ("dollars and …") to the digital silence after a sentence, and loses the
// sentence where the wait is long. Digits of people, right of 43 at a floor of
// 0 / 10 / 30: 35 / 38 / 37.
const floorEnglish = 10

// wordChinese: every syllable may be a word there, so without a price on words
// a short phrase grows (三点 to 三点十). silenceChinese: pauses between digits
// are common. TestChineseValues has the figures.
const (
	wordChinese    = 1e-3
	silenceChinese = 0.1
)

// Distances above which a phrase is rejected, set where these lines cross at
// 8 kHz mu-law. English, 32 phrases by six synthetic voices: at 20 / 25 / 30,
// 1.6 / 0 / 0 % of expected phrases are refused and 0 / 7 / 13 % of others
// taken; single digits of people: 27 / 13 / 6 % and 1 / 7 / 17 %. Mandarin, two
// synthetic voices, 176 phrases and values, with the floor and the prices
// below: at 30 / 32.5 / 35, 12 / 4 / 4 % of what was heard right is refused, 3 /
// 14 / 19 % of other phrases and 50 / 65 / 80 % of what was misheard are taken.
const (
	rejectEnglish     = 25
	rejectChinese     = 32
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
			Floor:      floorChinese, Word: wordChinese, Silence: silenceChinese,
		}
		if exists(zh.Acoustic, "mdef") {
			if !exists(zh.Dictionary) {
				return nil, fmt.Errorf("the Chinese model in %s lacks its dictionary mandarin_notone.dic", zh.Acoustic)
			}
			models["zh"] = zh
		}
		en := Model{
			Language: "en", Acoustic: filepath.Join(folder, "en-8k"), Rate: media.Rate8k, Reject: rejectEnglish, Floor: floorEnglish,
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

// search are the options of the decoder of phrases.
func (m Model) search() []string {
	// Wide beams cost little over a grammar and save a few percent of phrases.
	args := []string{"-beam", "1e-80", "-pbeam", "1e-80", "-wbeam", "1e-60"}
	if m.Word > 0 {
		args = append(args, "-wip", fmt.Sprint(m.Word))
	}
	if m.Silence > 0 {
		args = append(args, "-silprob", fmt.Sprint(m.Silence))
	}
	return args
}

// price is what a word costs in the unit of scores, log base 1.0001 / 1024. It
// tells nothing about whether the word was said.
func (m Model) price() float64 {
	if m.Word == 0 {
		return 0
	}
	return -math.Log(m.Word) / math.Log(1.0001) / 1024
}
