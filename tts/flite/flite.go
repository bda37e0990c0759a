// Package flite speaks English with CMU flite, a small program with a
// permissive licence: clear, quick and local. It is run as a program, one
// sentence at a time.
package flite

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"parley/media"
	"parley/media/resample"
	"parley/tts"
	"parley/worker"
)

// Name of the engine in configuration and voices.
const Name = "flite"

// Kind of its worker processes.
const Kind = "tts.flite"

// Voices that Debian's flite has, the default first. kal is native 8 kHz and
// the quickest by far, slt (female) and rms (male) sound best.
var Voices = []string{"slt", "rms", "awb", "kal16", "kal"}

// New returns the engine. With a pool its workers must run Handler. It fails
// with tts.ErrProgram when there is no pool and no program.
func New(p tts.Program) (*tts.Engine, error) {
	if p.Pool != nil {
		return tts.NewEngine(Name, check, tts.Remote(p.Pool)), nil
	}
	path, err := p.Find("flite")
	if err != nil {
		return nil, err
	}
	return tts.NewEngine(Name, check, tts.Mastered(program(path).render)), nil
}

// Handler is the child's side, for worker.Serve. The settings are the path of
// the program; empty means the PATH.
func Handler(settings []byte) (worker.Handler, error) {
	path, err := tts.Program{Path: string(settings)}.Find("flite")
	if err != nil {
		return nil, err
	}
	return tts.Worker(tts.Mastered(program(path).render)), nil
}

func check(v tts.Voice) (tts.Voice, error) {
	v.Engine = Name
	if v.Language == "" {
		v.Language = "en"
	}
	if v.Language != "en" {
		return v, fmt.Errorf("flite speaks English only, not %q: %w", v.Language, tts.ErrVoice)
	}
	if v.Name == "" {
		v.Name = Voices[0]
	}
	if !slices.Contains(Voices, v.Name) {
		return v, fmt.Errorf("flite has no voice %q, only %s: %w", v.Name, strings.Join(Voices, ", "), tts.ErrVoice)
	}
	if v.Speed == 0 {
		v.Speed = 1
	}
	v.Speed = min(max(v.Speed, 0.5), 2)
	return v, nil
}

type program string

// render runs the program once. flite writes a WAV file only to something that
// can seek, so it gets a file in memory: no sound of a customer's affairs ever
// lies on a disk.
func (p program) render(ctx context.Context, v tts.Voice, text string) ([]int16, error) {
	fd, err := unix.MemfdCreate("speech", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	out := os.NewFile(uintptr(fd), "speech")
	defer out.Close()

	stretch := strconv.FormatFloat(1/v.Speed, 'f', 3, 64)
	cmd := exec.CommandContext(ctx, string(p), "-voice", v.Name, "--setf", "duration_stretch="+stretch,
		"-", "/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{out}
	if _, err := tts.Run(cmd, text); err != nil {
		return nil, err
	}
	info, err := out.Stat()
	if err != nil {
		return nil, fmt.Errorf("read flite's sound: %w", err)
	}
	if info.Size() > tts.MaxOutput {
		return nil, fmt.Errorf("flite wrote %d bytes of sound for one sentence", info.Size())
	}
	file := make([]byte, info.Size())
	if _, err := out.ReadAt(file, 0); err != nil {
		return nil, fmt.Errorf("read flite's sound: %w", err)
	}
	pcm, rate, err := tts.ReadWAV(file)
	if err != nil {
		return nil, fmt.Errorf("flite: %w", err)
	}
	return resample.Convert(pcm, media.Rate(rate), media.Rate8k)
}
