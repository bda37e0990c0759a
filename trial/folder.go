package trial

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"parley/asr"
	"parley/media"
	"parley/media/resample"
	"parley/media/wav"
)

// The files of a folder of cases; sounds lie wherever these point to below it.
const (
	casesFile     = "cases.jsonl"
	soundsFile    = "sounds.jsonl"
	questionsFile = "questions.json"
)

// Folder is a folder of cases.
type Folder struct {
	Dir       string
	Cases     []Case
	Sounds    map[string]Sound
	Questions map[string]asr.Expectation

	mu  sync.Mutex
	pcm map[string][]int16
}

// Open reads a folder. The first thing wrong in it is the error, with its file
// and line.
func Open(dir string) (*Folder, error) {
	f := &Folder{Dir: dir, Sounds: map[string]Sound{}, Questions: map[string]asr.Expectation{}, pcm: map[string][]int16{}}
	err := optional(filepath.Join(dir, soundsFile), func(r io.Reader) error {
		return eachLine(r, soundsFile, func(s Sound) error {
			f.Sounds[s.File] = s
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	err = optional(filepath.Join(dir, questionsFile), func(r io.Reader) error {
		d := json.NewDecoder(r)
		d.DisallowUnknownFields()
		if err := d.Decode(&f.Questions); err != nil {
			return fmt.Errorf("%s: %w", questionsFile, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(dir, casesFile))
	if err != nil {
		return nil, fmt.Errorf("there are no cases; build some with parley barge cases --out %s: %w", dir, err)
	}
	defer file.Close()
	seen := map[string]bool{}
	err = eachLine(file, casesFile, func(c Case) error {
		if seen[c.ID] {
			return fmt.Errorf("the id %q was used before; give every case its own", c.ID)
		}
		seen[c.ID] = true
		f.Cases = append(f.Cases, c)
		return f.check(c)
	})
	if err == nil && len(f.Cases) == 0 {
		err = fmt.Errorf("%s is empty; build cases with parley barge cases --out %s", casesFile, dir)
	}
	return f, err
}

func optional(path string, read func(io.Reader) error) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return read(file)
}

// longestLine bounds a line of a file of cases.
const longestLine = 1 << 20

// eachLine decodes a JSON value from every line that is not empty.
func eachLine[T any](r io.Reader, name string, take func(T) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var v T
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		err := d.Decode(&v)
		if err == nil && d.More() {
			err = errors.New("a line holds one object")
		}
		if err == nil {
			err = take(v)
		}
		if err != nil {
			return fmt.Errorf("%s line %d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s line %d: %w", name, n+1, err)
	}
	return nil
}

// writeLines writes a value a line, by way of a second file, so that a run that
// is stopped leaves the old one whole.
func writeLines[T any](path string, all []T) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, v := range all {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return replace(path, b.Bytes())
}

func replace(path string, data []byte) error {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// sound is a mono file of the folder at 8 kHz. The samples are shared: nobody
// changes them.
func (f *Folder) sound(name string) ([]int16, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pcm, ok := f.pcm[name]; ok {
		return pcm, nil
	}
	s, err := wav.Read(filepath.Join(f.Dir, name))
	if err != nil {
		return nil, err
	}
	if s.Channels != 1 {
		return nil, fmt.Errorf("%s has %d channels; a source has one", name, s.Channels)
	}
	pcm, err := resample.Convert(s.PCM, s.Rate, media.Rate8k)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.pcm[name] = pcm
	return pcm, nil
}

// recording is a stereo file as its two sides at 8 kHz.
func (f *Folder) recording(name string) (customer, bot []int16, err error) {
	s, err := wav.Read(filepath.Join(f.Dir, name))
	if err != nil {
		return nil, nil, err
	}
	if s.Channels != 2 {
		return nil, nil, fmt.Errorf("%s has %d channels; a recording has the customer left and the bot right", name, s.Channels)
	}
	sides := [2][]int16{}
	for i, v := range s.PCM {
		sides[i%2] = append(sides[i%2], v)
	}
	for i := range sides {
		if sides[i], err = resample.Convert(sides[i], s.Rate, media.Rate8k); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return sides[0], sides[1], nil
}
