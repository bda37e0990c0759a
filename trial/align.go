package trial

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"parley/asr"
	"parley/media"
	"parley/media/wav"
)

// align finds the words of a sound whose text is known: the recogniser may hear
// nothing else, so that its word times are a forced alignment. It finds none
// when no result, the latest partial included, has as many words as the marks.
func align(l Listener, s Sound, pcm []int16) (found []asr.Word, err error) {
	text := spelled(s.Text)
	if err := l.Expect(asr.Expectation{ID: "align " + text, Phrases: []string{text}}); err != nil {
		return nil, err
	}
	take := func(all []asr.Result) {
		for _, r := range all {
			n := 0
			for _, w := range r.Words {
				n += units(w.Text, s.Language)
			}
			if n == len(s.Marks) && n > 0 {
				found = r.Words
			}
		}
	}
	f := media.Frame{Rate: media.Rate8k}
	for n := media.Rate8k.Samples(); len(pcm) >= n; pcm = pcm[n:] {
		f.PCM = pcm[:n]
		all, err := l.Write(f)
		if err != nil {
			return nil, err
		}
		take(all)
		f.At += media.Tick
	}
	all, err := l.Finish()
	take(all)
	return found, err
}

// spelled is a text as a pattern of phrases: words alone.
func spelled(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	}), " ")
}

// align adds the places of its words to a sound of the studio.
func (s *studio) align(l Listener, sound Sound) (Sound, error) {
	file, err := wav.Read(filepath.Join(s.dir, sound.File))
	if err != nil {
		return sound, err
	}
	if sound.Words, err = align(l, sound, file.PCM); err != nil {
		return sound, fmt.Errorf("find the words of a prompt: %w", err)
	}
	s.sounds[sound.File] = sound
	return sound, nil
}
