package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/media/wav"
	"parley/outcome"
)

// Label is one recording of a labelled folder.
type Label struct {
	File string
	// Want is a class, or an answered_by.
	Want string
	// AnsweredMS is the answer on the recording's clock, -1 for never.
	AnsweredMS int64
	// Origin is "human" or "synthetic", "" where nobody says.
	Origin string
}

// Labels reads labels.tsv: file, class or answered_by, the answer in ms or -1,
// and perhaps the sound's origin, with or without a line of names above.
func Labels(r io.Reader) ([]Label, error) {
	var all []Label
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(strings.TrimSpace(lines.Text()), "\t")
		if len(cells) == 1 && cells[0] == "" || n == 1 && cells[0] == "file" {
			continue
		}
		if len(cells) < 3 {
			return nil, fmt.Errorf("labels.tsv line %d: write file<TAB>class or answered_by<TAB>answered_at_ms", n)
		}
		at, err := strconv.ParseInt(cells[2], 10, 64)
		if err != nil || at < -1 {
			return nil, fmt.Errorf("labels.tsv line %d: %q is no time in ms; write -1 for a call that was not answered", n, cells[2])
		}
		l := Label{File: cells[0], Want: cells[1], AnsweredMS: at}
		if len(cells) > 3 {
			l.Origin = cells[3]
		}
		all = append(all, l)
	}
	return all, lines.Err()
}

// Score is what the recordings of one origin came to.
type Score struct {
	Origin string `json:"origin"`
	Clips  int    `json:"clips"`
	Right  int    `json:"right"`
	// WrongReason counts results of the network that were given and are another
	// class's: what is worse than not to know.
	WrongReason int `json:"wrong_reason"`
	// People and Machines count who answered; a person called a machine is one
	// of the first, a machine called a person of the second.
	People          int `json:"people"`
	PeopleMachines  int `json:"people_called_machine"`
	Machines        int `json:"machines"`
	MachinesPersons int `json:"machines_called_person"`
	// Undecided counts answered recordings without any decision; no time below
	// has them.
	Undecided int `json:"undecided"`
	// DecidedP50 and P95 are from the first speech after the answer, in ms, of
	// what was decided after it.
	DecidedP50 int64 `json:"decided_p50_ms"`
	DecidedP95 int64 `json:"decided_p95_ms"`
	// FalseTones counts people in whose speech a tone, a beep or a fax was told,
	// if only on the way.
	FalseTones int `json:"false_tones"`
	// Confusion counts what was wanted and given.
	Confusion map[string]map[string]int `json:"confusion"`

	times []int64
}

// Eval scores a labelled folder, every origin apart. With a nil recogniser it
// judges without words.
func Eval(ctx context.Context, dir string, r Recognizer, o Options) ([]*Score, error) {
	f, err := os.Open(filepath.Join(dir, "labels.tsv"))
	if err != nil {
		return nil, err
	}
	labels, err := Labels(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	by := map[string]*Score{}
	var all []*Score
	for _, l := range labels {
		sound, err := wav.Read(filepath.Join(dir, filepath.FromSlash(l.File)))
		if err != nil {
			return nil, err
		}
		pcm, err := Mono(sound, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.File, err)
		}
		o.AnsweredAt = time.Duration(l.AnsweredMS) * time.Millisecond
		if l.AnsweredMS < 0 {
			o.AnsweredAt = Never
		}
		got, err := Listen(ctx, r, pcm, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.File, err)
		}
		s := by[l.Origin]
		if s == nil {
			s = &Score{Origin: l.Origin, Confusion: map[string]map[string]int{}}
			by[l.Origin] = s
			all = append(all, s)
		}
		s.add(l, got)
	}
	for _, s := range all {
		slices.Sort(s.times)
		if n := len(s.times); n > 0 {
			s.DecidedP50, s.DecidedP95 = s.times[(n-1)/2], s.times[(n*95+99)/100-1]
		}
	}
	return all, nil
}

func (s *Score) add(l Label, got Result) {
	s.Clips++
	given := got.Class
	if l.Want == string(got.AnsweredBy) {
		given = l.Want
	}
	// A voicemail's words and its beep are one answer.
	if l.Want == "voicemail" && got.AnsweredBy == outcome.Voicemail {
		given = l.Want
	}
	if given == "" {
		given = "nothing"
	}
	if s.Confusion[l.Want] == nil {
		s.Confusion[l.Want] = map[string]int{}
	}
	s.Confusion[l.Want][given]++
	if given == l.Want {
		s.Right++
	} else if got.Network != "" {
		s.WrongReason++
	}
	if l.AnsweredMS < 0 {
		return
	}
	if (got.AnsweredBy == "" || got.AnsweredBy == outcome.Unknown) && got.Network == "" {
		s.Undecided++
	}
	machine := got.AnsweredBy.Machine() || got.Network != ""
	if l.Want == string(outcome.Human) {
		s.People++
		if machine {
			s.PeopleMachines++
		}
		if got.BeepMS > 0 || tone(got.Class) || slices.ContainsFunc(got.Steps, func(step Step) bool { return tone(step.Class) }) {
			s.FalseTones++
		}
	} else {
		s.Machines++
		if got.AnsweredBy == outcome.Human {
			s.MachinesPersons++
		}
	}
	if got.OnsetMS >= 0 && got.DecidedMS > got.OnsetMS {
		s.times = append(s.times, got.DecidedMS-got.OnsetMS)
	}
}

// tone reports whether a class is told from a tone, not from words or lengths.
func tone(class string) bool {
	switch class {
	case "ringback", "beep", "fax", "sit":
		return true
	}
	return strings.HasSuffix(class, "_tone") || strings.HasPrefix(class, "sit_")
}
