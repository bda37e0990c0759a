// Package espeak speaks English and Chinese with espeak-ng, which is run as a
// program and never linked: it is GPL-3. Its voices are many and mechanical.
package espeak

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/media"
	"parley/media/resample"
	"parley/tts"
	"parley/worker"
)

// Name of the engine in configuration and voices.
const Name = "espeak-ng"

// Kind of its worker processes.
const Kind = "tts.espeak-ng"

// New returns the engine. With a pool its workers must run Handler. It fails
// with tts.ErrProgram when there is no pool and no program.
func New(p tts.Program) (*tts.Engine, error) {
	if p.Pool != nil {
		return tts.NewEngine(Name, check, tts.Remote(p.Pool)), nil
	}
	path, err := p.Find("espeak-ng")
	if err != nil {
		return nil, err
	}
	return tts.NewEngine(Name, check, tts.Mastered(program(path).render)), nil
}

// Handler is the child's side, for worker.Serve. The settings are the path of
// the program; empty means the PATH.
func Handler(settings []byte) (worker.Handler, error) {
	path, err := tts.Program{Path: string(settings)}.Find("espeak-ng")
	if err != nil {
		return nil, err
	}
	return tts.Worker(tts.Mastered(program(path).render)), nil
}

// Chinese is the only voice of Debian 12's espeak-ng that reads characters;
// plain "cmn" spells them as English letters.
const chinese = "cmn-latn-pinyin"

// english lists the accents that Debian's espeak-ng has.
var english = []string{"en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en"}

// variant is a speaker, added to an accent with a plus: f1 to f5, m1 to m8.
var variant = regexp.MustCompile(`^(f[1-5]|m[1-8])$`)

// check reads a voice such as "en-us+f3", "zh+f2" or only "f2".
func check(v tts.Voice) (tts.Voice, error) {
	v.Engine = Name
	base, speaker, _ := strings.Cut(v.Name, "+")
	if variant.MatchString(base) && speaker == "" {
		base, speaker = "", base
	}
	if v.Language == "" {
		v.Language = "en"
		if base == chinese || base == "zh" || base == "cmn" {
			v.Language = "zh"
		}
	}
	switch v.Language {
	case "zh":
		if base != "" && base != "zh" && base != "cmn" && base != chinese {
			return v, fmt.Errorf("espeak-ng's voice %q does not speak Chinese; use zh, zh+f2 or the like: %w", v.Name, tts.ErrVoice)
		}
		base = chinese
		if speaker == "" {
			speaker = "f2" // the one that the recogniser's model understands best
		}
	case "en":
		if base == "" {
			base = english[0]
		}
		if !slices.Contains(english, base) {
			return v, fmt.Errorf("espeak-ng has no English accent %q, only %s: %w", base, strings.Join(english, ", "), tts.ErrVoice)
		}
	default:
		return v, fmt.Errorf("espeak-ng is set up for en and zh, not %q: %w", v.Language, tts.ErrVoice)
	}
	v.Name = base
	if speaker != "" {
		if !variant.MatchString(speaker) {
			return v, fmt.Errorf("espeak-ng has no speaker %q; use f1 to f5 or m1 to m8: %w", speaker, tts.ErrVoice)
		}
		v.Name += "+" + speaker
	}
	if v.Speed == 0 {
		v.Speed = 1
	}
	v.Speed = min(max(v.Speed, 0.6), 2)
	return v, nil
}

type program string

// render runs the program once. It could stream, its first bytes coming after
// 9 ms; a whole sentence takes 14 to 21 ms and can be resampled in one go.
func (p program) render(ctx context.Context, v tts.Voice, text string) ([]int16, error) {
	words, pitch := 160.0, "50" // words a minute
	if v.Language == "zh" {
		words, pitch = 130, "60"
		text = pinyin(text)
	}
	cmd := exec.CommandContext(ctx, string(p), "-v", v.Name, "-s", strconv.Itoa(int(words*v.Speed)), "-p", pitch,
		"-b", "1", "--stdin", "--stdout")
	out, err := tts.Run(cmd, text)
	if err != nil {
		return nil, err
	}
	pcm, rate, err := tts.ReadWAV(out)
	if err != nil {
		return nil, fmt.Errorf("espeak-ng: %w", err)
	}
	return resample.Convert(pcm, media.Rate(rate), media.Rate8k)
}
