package barge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/phrase"
)

// stage plays a script to a detector and writes down what it decides. Times
// count in milliseconds from the first voiced sample of the script.
//
//	prompt [always|never|hotword WORDS] [: what the bot says]
//	ends                    the prompt is over
//	expect KIND [SILENCE]   what the bot listens for
//	hush MS, talk MS [dB]   the customer's sound
//	hears WORDS, final WORDS, rejected WORDS
//	echo MS                 our own sound heard back
//	key
type stage struct {
	t       *testing.T
	d       *Detector
	now     time.Duration
	onset   time.Duration
	voiced  bool
	told    []string
	wasOpen bool
	likely  bool
}

func play(t *testing.T, c Config, script string) []string {
	t.Helper()
	s := &stage{t: t, d: New(c)}
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" {
			s.do(line)
		}
	}
	return s.told
}

func (s *stage) do(line string) {
	s.t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "hush", "talk", "echo":
		s.sound(verb, strings.Fields(rest))
	case "prompt":
		s.prompt(rest)
	case "ends":
		s.d.Observe(Signal{Kind: PromptEnd, At: s.now})
	case "expect":
		answer, silence, _ := strings.Cut(rest, " ")
		d, _ := time.ParseDuration(silence)
		s.d.Observe(Signal{Kind: Expect, At: s.now, Answer: phrase.Answer(answer), Silence: d})
	case "hears":
		s.d.Observe(Signal{Kind: Words, At: s.now, Text: rest})
	case "final", "rejected":
		s.d.Observe(Signal{Kind: Words, At: s.now, Text: rest, Final: true, Rejected: verb == "rejected"})
	case "key":
		s.d.Observe(Signal{Kind: Key, At: s.now})
	default:
		s.t.Fatalf("the script says %q, which nobody can play", line)
	}
}

func (s *stage) prompt(rest string) {
	mode, text, _ := strings.Cut(rest, ":")
	fields := strings.Fields(mode)
	p := Prompt{Text: strings.TrimSpace(text)}
	if len(fields) > 0 {
		p.Mode, p.Hotwords = Mode(fields[0]), fields[1:]
	}
	s.d.Observe(Signal{Kind: PromptStart, At: s.now, Prompt: p})
}

func (s *stage) sound(verb string, args []string) {
	length, err := strconv.Atoi(args[0])
	if err != nil {
		s.t.Fatal(err)
	}
	level := 20
	if len(args) > 1 {
		level, _ = strconv.Atoi(args[1])
	}
	for range length / 20 {
		signal := Signal{Kind: Sound, At: s.now}
		if verb != "hush" {
			signal.Voice, signal.Level, signal.Pitch, signal.Echo = 95, level, 80, verb == "echo"
			if !s.voiced {
				s.voiced, s.onset = true, s.now
			}
		}
		d := s.d.Observe(signal)
		s.now += tick
		s.note(d)
	}
}

func (s *stage) note(d Decision) {
	at := int((s.now - s.onset) / time.Millisecond)
	if d != Hold {
		name := d.String()
		if s.d.Known() {
			name = "known_" + name
		}
		s.told = append(s.told, fmt.Sprintf("%s@%d", name, at))
	}
	if likely := s.d.Likely(); likely != s.likely {
		s.likely = likely
		switch {
		case likely:
			s.told = append(s.told, fmt.Sprintf("likely@%d", at))
		case d == Hold:
			s.told = append(s.told, fmt.Sprintf("unlikely@%d", at))
		}
	}
	if open := s.d.Open(); open != s.wasOpen {
		if !open && (d != TurnEnd || s.d.Known()) {
			s.told = append(s.told, fmt.Sprintf("discard@%d", at))
		}
		s.wasOpen = open
	}
}

// follows checks what was told against "duck@120-200 cut@300-800"; what is
// likely counts only where it is wanted.
func follows(t *testing.T, told []string, want string) {
	t.Helper()
	if !strings.Contains(want, "likely") {
		told = slices.DeleteFunc(told, func(s string) bool { return strings.Contains(s, "likely") })
	}
	wants := strings.Fields(want)
	if len(told) != len(wants) {
		t.Fatalf("decided %v, want %v", told, wants)
	}
	for i, w := range wants {
		name, span, _ := strings.Cut(w, "@")
		got, at, _ := strings.Cut(told[i], "@")
		ms, _ := strconv.Atoi(at)
		from, to, ok := strings.Cut(span, "-")
		lo, _ := strconv.Atoi(from)
		hi := lo
		if ok {
			hi, _ = strconv.Atoi(to)
		}
		if got != name || span != "" && (ms < lo || ms > hi) {
			t.Errorf("decided %v, want %v", told, wants)
			return
		}
	}
}
