package sim

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"parley/outcome"
	"parley/phone"
	"parley/phrase"
)

//go:embed personas
var embedded embed.FS

// earsFile lists what a customer may be told; see Load.
const earsFile = "heard.yaml"

// Personas are the built-in customers of a language, "en" or "zh".
func Personas(language string) ([]Persona, error) {
	dir, err := fs.Sub(embedded, path.Join("personas", language))
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// LoadDir reads the personas of a folder on disk.
func LoadDir(dir string) ([]Persona, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of personas: %w", err)
	}
	defer root.Close()
	return Load(root.FS())
}

// Load reads every *.yaml of a folder as a persona, in the order of their
// numbers. The file heard.yaml beside them, a list of phrases per language,
// is what the personas' ears may expect to hear: a grammar recogniser
// understands nothing that it does not expect, so this is their knowledge of
// the language, not of the call. A mistake is a *FileError; all are joined.
func Load(dir fs.FS) ([]Persona, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the personas: %w", err)
	}
	var all []Persona
	var failed error
	heard := map[string][]string{}
	byNumber := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read a persona: %w", err)
		}
		if name == earsFile {
			failed = errors.Join(failed, readEars(name, text, heard))
			continue
		}
		p, err := Parse(name, text)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if other, taken := byNumber[p.Number]; taken {
			failed = errors.Join(failed, &FileError{File: name, Problem: fmt.Sprintf("the number %s is also that of %s", p.Number, other)})
		}
		byNumber[p.Number] = name
		all = append(all, p)
	}
	if failed != nil {
		return nil, failed
	}
	if len(all) == 0 {
		return nil, errors.New("the folder has no personas; put *.yaml files there, see docs/personas.md")
	}
	for i := range all {
		all[i].ears = heard[all[i].Language]
	}
	slices.SortFunc(all, func(a, b Persona) int { return strings.Compare(a.Number, b.Number) })
	return all, nil
}

func readEars(name string, text []byte, into map[string][]string) error {
	var lists map[string][]string
	src, err := read(name, text, &lists)
	if err != nil {
		return err
	}
	for language, phrases := range lists {
		for i, p := range phrases {
			if _, err := phrase.Parse(strings.NewReplacer("{", "", "}", "").Replace(p)); err != nil {
				return src.fail(fmt.Sprintf("$.%s[%d]", language, i), "%v", err)
			}
		}
		into[language] = append(into[language], phrases...)
	}
	return nil
}

// Parse reads and checks one persona.
func Parse(name string, text []byte) (Persona, error) {
	var p Persona
	src, err := read(name, text, &p)
	if err != nil {
		return Persona{}, err
	}
	p.file = name
	p.defaults()
	return p, p.check(src)
}

func (p *Persona) defaults() {
	if p.Answers.How == "" {
		p.Answers.How = Talks
	}
	if p.Answers.How == Announced && p.Answers.Code == 0 {
		p.Answers.Code = 480
	}
	if p.Voice.Engine == "" {
		p.Voice.Engine = map[string]string{"en": "flite"}[p.Language]
	}
	if p.Voice.Engine == "" {
		p.Voice.Engine = "espeak-ng"
	}
	if p.Noise.Kind != "" && p.Noise.SNR == 0 {
		p.Noise.SNR = 20
	}
}

// check finds every mistake that the types cannot.
func (p *Persona) check(src *source) error {
	var all error
	fail := func(path, format string, args ...any) { all = errors.Join(all, src.fail(path, format, args...)) }

	if p.Name == "" {
		fail("$", `a persona needs a name; write "persona: pays on Friday"`)
	}
	if n, err := phone.Parse(p.Number, ""); err != nil || n.E164 != p.Number {
		fail("$.number", "%q is not an E.164 number such as +12025550100", p.Number)
	}
	if p.Language != "en" && p.Language != "zh" {
		fail("$.language", "the language must be en or zh, not %q", p.Language)
	}
	p.checkAnswers(fail)
	switch p.Noise.Kind {
	case "", LineNoise, PinkNoise, BabbleNoise:
	default:
		fail("$.noise.kind", "the noise must be line, pink or babble, not %q", p.Noise.Kind)
	}
	if p.Noise.SNR < 0 || p.Noise.SNR > 60 {
		fail("$.noise.snr", "the level must lie between 0dB and 60dB")
	}
	for i, l := range p.Lines {
		p.checkLine(fmt.Sprintf("$.lines[%d]", i), l, fail)
	}
	if len(p.Lines) > 0 && p.Answers.How != Talks {
		fail("$.lines", "nobody speaks when the call is answered with %q", p.Answers.How)
	}
	if n := p.Expect.Network; n != "" && !slices.Contains(outcome.Networks, n) {
		fail("$.expect.network", "there is no network result %q", n)
	}
	if !p.Expect.BargeIns.valid() {
		fail("$.expect.barge_ins", `%q is not a number or ">=1"`, p.Expect.BargeIns)
	}
	if pr := p.Expect.Promise; pr != nil && pr.Weekday != "" && !isWeekday(pr.Weekday) {
		fail("$.expect.promise.weekday", "%q is not a day of the week in English", pr.Weekday)
	}
	return all
}

func (p *Persona) checkAnswers(fail func(path, format string, args ...any)) {
	a := p.Answers
	switch a.How {
	case Talks, Busy, Rejects, NoAnswer:
	case Voicemail, Announced:
		if a.Says == "" {
			fail("$.answers", "%q needs what is said", a.How)
		}
	case Fails:
		if a.Code == 0 {
			fail("$.answers", `"fails" needs a code such as 503`)
		}
	default:
		fail("$.answers.how", "there is no way %q to answer; one of talks, voicemail, busy, rejects, no_answer, announced, fails", a.How)
	}
	if a.Code != 0 && (a.Code < 400 || a.Code > 699) {
		fail("$.answers.code", "the code must lie between 400 and 699")
	}
	if a.After < 0 || a.After > 2*time.Minute {
		fail("$.answers.after", "it must ring between 0s and 2m")
	}
	if a.Talk < 0 || a.Talk > time.Hour {
		fail("$.answers.talk", "a call may last up to 1h")
	}
}

func (p *Persona) checkLine(at string, l Line, fail func(path, format string, args ...any)) {
	if (len(l.Hears) == 0) == (len(l.During) == 0) {
		fail(at, "a line needs either hears or during")
	}
	if len(l.Says) == 0 && l.Keys == "" && !l.Silent && !l.HangsUp {
		fail(at, "a line needs says, keys, silent or hangs_up")
	}
	for _, cue := range slices.Concat(l.Hears, l.During, l.Unless) {
		if len(normal(cue, p.Language)) == 0 {
			fail(at, "a cue or condition needs words")
		}
	}
	if strings.ContainsFunc(l.Keys, func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCD", r) }) {
		fail(at+".keys", "%q are not keys of a telephone", l.Keys)
	}
	if l.After < 0 || l.After > time.Minute {
		fail(at+".after", "the pause must lie between 0s and 1m")
	}
}

func isWeekday(name string) bool {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return true
		}
	}
	return false
}

// normal is a text as the recogniser would write it: lower case, no
// punctuation; English words separated by single spaces, Chinese without any.
func normal(text, language string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '\'' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if language == "zh" {
		return strings.Join(words, "")
	}
	return strings.Join(words, " ")
}
