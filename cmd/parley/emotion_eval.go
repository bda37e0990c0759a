package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/media/prosody"
	"parley/media/wav"
	"parley/nlu/arousal"
	"parley/probe"
)

// emotionEvalCmd scores labelled recordings.
type emotionEvalCmd struct {
	Dir  string `arg:"" help:"Folder with labels.tsv: file<TAB>speaker<TAB>label." type:"path"`
	JSON bool   `help:"Print JSON."`
}

// Help is the command's example.
func (emotionEvalCmd) Help() string {
	return "labels.tsv has a line per recording: file<TAB>speaker<TAB>label, the label one of angry happy fear surprise excited\n" +
		"(high arousal), neutral calm sad bored (low), disgust (neither). A speaker's neutral recordings are the baseline; each is\n" +
		"left out of its own.\n\nExample: parley emotion eval emodb --json"
}

// labels are the spellings of a label, and how aroused it counts: 1 high, -1 low.
var emotionLabels = map[string]struct {
	name  string
	level int
}{
	"angry": {"anger", 1}, "anger": {"anger", 1}, "ang": {"anger", 1}, "hot_anger": {"anger", 1}, "生气": {"anger", 1}, "愤怒": {"anger", 1},
	"happy": {"joy", 1}, "happiness": {"joy", 1}, "hap": {"joy", 1}, "joy": {"joy", 1}, "excited": {"joy", 1}, "快乐": {"joy", 1}, "高兴": {"joy", 1},
	"fear": {"fear", 1}, "fearful": {"fear", 1}, "fea": {"fear", 1}, "恐惧": {"fear", 1},
	"surprise": {"surprise", 1}, "surprised": {"surprise", 1}, "惊喜": {"surprise", 1}, "惊讶": {"surprise", 1},
	"neutral": {"neutral", -1}, "neu": {"neutral", -1}, "calm": {"neutral", -1}, "中立": {"neutral", -1}, "中性": {"neutral", -1},
	"sad": {"sadness", -1}, "sadness": {"sadness", -1}, "伤心": {"sadness", -1}, "悲伤": {"sadness", -1},
	"bored": {"boredom", -1}, "boredom": {"boredom", -1},
	"disgust": {"disgust", 0}, "dis": {"disgust", 0}, "厌恶": {"disgust", 0},
}

type labelled struct {
	file, speaker, label string
	level                int
	said                 []prosody.Features // its utterances
	score                arousal.Score
}

// emotionMeasures is what an evaluation prints.
type emotionMeasures struct {
	Files     int `json:"files"`
	NoVoice   int `json:"no_voice"`
	NoNeutral int `json:"no_neutral"` // files of speakers without a neutral one
	// Areas under the ROC: anger's score against neutral and against the rest,
	// arousal's high against low labels. -1 where a class is absent.
	AngerNeutral float64 `json:"anger_auc_neutral"`
	AngerRest    float64 `json:"anger_auc_rest"`
	ArousalAUC   float64 `json:"arousal_auc"`
	// ArousalRight is the share of high and low labels on their side of 0.5.
	ArousalRight float64 `json:"arousal_accuracy"`
	ArousalECE   float64 `json:"arousal_ece"`
	AngerECE     float64 `json:"anger_ece"`
	// Confusion counts the files of each label called high and low.
	Confusion map[string][2]int `json:"confusion_high_low"`
	// Microseconds of one core for a second of sound.
	CostUS float64 `json:"us_per_second"`
}

// Run scores the folder.
func (c *emotionEvalCmd) Run(t *terminal) error {
	files, err := readLabels(filepath.Join(c.Dir, "labels.tsv"))
	if err != nil {
		return err
	}
	var length, spent time.Duration
	for i := range files {
		sound, err := wav.Read(filepath.Join(c.Dir, files[i].file))
		if err != nil {
			return err
		}
		pcm, err := probe.Mono(sound, 0)
		if err != nil {
			return err
		}
		begun := time.Now()
		for _, u := range utterances(pcm) {
			files[i].said = append(files[i].said, u.features)
		}
		spent += time.Since(begun)
		length += time.Duration(len(pcm)) * time.Second / 8000
	}
	m := judgeLabelled(files)
	m.CostUS = math.Round(float64(spent.Microseconds()) / max(length.Seconds(), 0.001))
	if c.JSON {
		return printJSON(t.out, m)
	}
	return m.print(t.out)
}

func (m emotionMeasures) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "files %d, without voice %d, of speakers without neutral %d\nanger AUC against neutral %.3f, against the rest %.3f, ECE %.3f\n"+
		"arousal AUC %.3f, right %.3f, ECE %.3f\n%.0f us of one core for a second of sound\n",
		m.Files, m.NoVoice, m.NoNeutral, m.AngerNeutral, m.AngerRest, m.AngerECE, m.ArousalAUC, m.ArousalRight, m.ArousalECE, m.CostUS)
	return err
}

func readLabels(path string) ([]labelled, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("a folder to score needs labels.tsv with file<TAB>speaker<TAB>label: %w", err)
	}
	var all []labelled
	for n, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		if line = strings.TrimRight(line, "\r"); line == "" {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("%s line %d has %d columns; write file<TAB>speaker<TAB>label", path, n+1, len(f))
		}
		l, ok := emotionLabels[strings.ToLower(strings.TrimSpace(f[2]))]
		if !ok {
			return nil, fmt.Errorf("%s line %d: %q is no known label; see parley emotion eval --help", path, n+1, f[2])
		}
		all = append(all, labelled{file: f[0], speaker: f[1], label: l.name, level: l.level})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s names no recording; write file<TAB>speaker<TAB>label lines", path)
	}
	return all, nil
}

// judgeLabelled scores every file against its speaker's other neutral ones.
func judgeLabelled(files []labelled) emotionMeasures {
	m := emotionMeasures{Files: len(files), Confusion: map[string][2]int{}}
	neutral := map[string][]int{}
	for i, f := range files {
		if f.label == "neutral" {
			neutral[f.speaker] = append(neutral[f.speaker], i)
		}
	}
	var anger, calm, rest, high, low []float64
	var angerBins, arousalBins bins
	for i := range files {
		f := &files[i]
		var b arousal.Baseline
		for _, k := range neutral[f.speaker] {
			if k != i {
				for _, said := range files[k].said {
					b.Learn(said)
				}
			}
		}
		if len(neutral[f.speaker]) == 0 {
			m.NoNeutral++
		}
		f.score = whole(&b, f.said)
		if f.score.Confidence == 0 {
			m.NoVoice++
			continue
		}
		angerBins.add(f.score.Anger, f.label == "anger")
		switch f.label {
		case "anger":
			anger = append(anger, f.score.Anger)
		case "neutral":
			calm = append(calm, f.score.Anger)
			fallthrough
		default:
			rest = append(rest, f.score.Anger)
		}
		called := m.Confusion[f.label]
		if f.score.Arousal >= 0.5 {
			called[0]++
		} else {
			called[1]++
		}
		m.Confusion[f.label] = called
		if f.level == 0 {
			continue
		}
		arousalBins.add(f.score.Arousal, f.level > 0)
		if f.level > 0 {
			high = append(high, f.score.Arousal)
		} else {
			low = append(low, f.score.Arousal)
		}
		if (f.score.Arousal >= 0.5) == (f.level > 0) {
			m.ArousalRight++
		}
	}
	m.ArousalRight /= float64(max(1, len(high)+len(low)))
	m.AngerNeutral, m.AngerRest, m.ArousalAUC = auc(anger, calm), auc(anger, rest), auc(high, low)
	m.AngerECE, m.ArousalECE = angerBins.ece(), arousalBins.ece()
	return m
}

// whole is the judgement of a whole file: the mean over its utterances, by how
// much voice each has.
func whole(b *arousal.Baseline, said []prosody.Features) (s arousal.Score) {
	var voiced float64
	for _, f := range said {
		if u := b.Score(f); u.Confidence > 0 {
			w := float64(f.Voiced)
			s.Arousal += w * u.Arousal
			s.Anger += w * u.Anger
			s.Confidence += w * u.Confidence
			voiced += w
		}
	}
	if voiced > 0 {
		s.Arousal, s.Anger, s.Confidence = s.Arousal/voiced, s.Anger/voiced, s.Confidence/voiced
	}
	return s
}

// auc is the chance that a score of the first class is above one of the second.
func auc(yes, no []float64) float64 {
	if len(yes) == 0 || len(no) == 0 {
		return -1
	}
	var wins float64
	for _, a := range yes {
		for _, b := range no {
			if a > b {
				wins++
			} else if a == b {
				wins += 0.5
			}
		}
	}
	return wins / float64(len(yes)*len(no))
}

// bins of a tenth for the expected calibration error.
type bins [10]struct{ n, right, sum float64 }

func (b *bins) add(score float64, yes bool) {
	k := &b[min(int(score*10), 9)]
	k.n++
	k.sum += score
	if yes {
		k.right++
	}
}

func (b *bins) ece() float64 {
	var off, n float64
	for _, k := range b {
		off += math.Abs(k.sum - k.right)
		n += k.n
	}
	return off / max(n, 1)
}
