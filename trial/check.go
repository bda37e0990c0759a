package trial

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"parley/barge"
)

// longest bounds a case, so that a wrong label cannot fill the memory.
const longest = 30 * 60 * 1000 // ms

// check says what is wrong with a case.
func (f *Folder) check(c Case) error {
	among := func(what, value string, allowed ...string) error {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("%s is %q; it is one of %v", what, value, allowed)
		}
		return nil
	}
	for _, err := range []error{
		among("kind", string(c.Kind), string(Interruption), string(Backchannel), string(Nothing), string(Far), string(Turn)),
		among("language", c.Language, "en", "zh"),
		among("part", c.Part, Dev, Test),
		among("origin", c.Origin, Human, Synthetic),
	} {
		if err != nil {
			return err
		}
	}
	if c.ID == "" || c.Condition == "" {
		return fmt.Errorf("id and condition must not be empty")
	}
	if c.Length < 1000 || c.Length > longest {
		return fmt.Errorf("length is %d ms; it is between one second and half an hour", c.Length)
	}
	if _, ok := f.Questions[c.Question]; !ok && c.Question != "" {
		return fmt.Errorf("the question %q is not in %s", c.Question, questionsFile)
	}
	if err := c.checkSpeech(); err != nil {
		return err
	}
	if err := f.checkPrompts(c); err != nil {
		return err
	}
	return f.checkSounds(c)
}

func (c Case) checkSpeech() error {
	if c.Kind != Nothing && c.Kind != Far && len(c.Speech) == 0 {
		return fmt.Errorf("a case of kind %s needs the customer's stretches in speech", c.Kind)
	}
	if c.Kind == Nothing && len(c.Speech) > 0 {
		return fmt.Errorf("a case of kind %s has no speech", c.Kind)
	}
	last := 0
	for i, s := range c.Speech {
		if s.From < last || s.To <= s.From || s.To > c.Length {
			return fmt.Errorf("speech %d, %d to %d ms, must come after the one before it and end within %d ms", i+1, s.From, s.To, c.Length)
		}
		last = s.To
	}
	return nil
}

func (f *Folder) checkPrompts(c Case) error {
	if c.Kind != Turn && len(c.Prompts) == 0 {
		return fmt.Errorf("a case of kind %s needs a prompt", c.Kind)
	}
	last := 0
	for i, p := range c.Prompts {
		if p.At < last {
			return fmt.Errorf("prompt %d begins at %d ms, before the one ahead of it", i+1, p.At)
		}
		if last = p.At; max(p.At, p.To) > longest {
			return fmt.Errorf("prompt %d is at %d to %d ms; no time is beyond %d ms", i+1, p.At, p.To, longest)
		}
		if c.Recording != "" && (p.To <= p.At || p.Sound != "") {
			return fmt.Errorf("prompt %d of a recording has at and to, and no sound", i+1)
		}
		if c.Recording == "" && p.Sound == "" {
			return fmt.Errorf("prompt %d needs a sound", i+1)
		}
		if !slices.Contains([]barge.Mode{"", barge.Always, barge.Never}, p.Mode) {
			return fmt.Errorf("prompt %d has the mode %q; it is %s or %s", i+1, p.Mode, barge.Always, barge.Never)
		}
	}
	return nil
}

// checkSounds looks that every file is there and below the folder.
func (f *Folder) checkSounds(c Case) error {
	var files []string
	for _, p := range c.Prompts {
		files = append(files, p.Sound)
	}
	for i, p := range c.Customer {
		if p.Sound == "" || p.At < 0 || p.From < 0 || p.To != 0 && p.To <= p.From || p.Gain < -90 || p.Gain > 40 {
			return fmt.Errorf("customer %d needs a sound, times from 0 on and a gain between -90 and 40 dB", i+1)
		}
		if max(p.At, p.From, p.To) > longest {
			return fmt.Errorf("customer %d has the times %d, %d and %d ms; no time is beyond %d ms", i+1, p.At, p.From, p.To, longest)
		}
		files = append(files, p.Sound)
	}
	if n := c.Noise; n != nil {
		if _, ok := noises[n.Kind]; !ok {
			return fmt.Errorf("noise is %q; it is one of %v", n.Kind, noiseKinds())
		}
		if (n.Kind == "babble" || n.Kind == "canteen" || n.Kind == "file") && len(n.Sounds) == 0 {
			return fmt.Errorf("noise of kind %s needs sounds", n.Kind)
		}
		if n.Level > 0 || n.Level < -90 {
			return fmt.Errorf("the noise's level is %g; it is between -90 and 0 dB of full scale", n.Level)
		}
		files = append(files, n.Sounds...)
	}
	if e := c.Echo; e != nil {
		if e.Kind != lineEcho && e.Kind != speakerphone {
			return fmt.Errorf("echo is %q; it is %s or %s", e.Kind, lineEcho, speakerphone)
		}
		if e.Delay < 0 || e.Delay > 1000 || e.Room < 0 || e.Room > 1000 || e.ERL < -10 || e.ERL > 80 {
			return fmt.Errorf("echo has a delay and a room of 0 to 1000 ms and an ERL of -10 to 80 dB")
		}
	}
	if c.Loss < 0 || c.Loss > 0.5 {
		return fmt.Errorf("loss is %g; it is a share between 0 and 0.5", c.Loss)
	}
	if c.Recording != "" {
		if len(c.Customer) > 0 || c.Noise != nil || c.Echo != nil || c.Loss > 0 {
			return fmt.Errorf("a recording holds its sound already: leave customer, noise, echo and loss out")
		}
		files = append(files, c.Recording)
	}
	for _, name := range files {
		if name == "" {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the file %q must lie in the folder", name)
		}
		if _, err := os.Stat(filepath.Join(f.Dir, name)); err != nil {
			return fmt.Errorf("the file %q is missing", name)
		}
	}
	return nil
}
