package tts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"parley/worker"
)

// Program is where an engine's program runs: as a child of this very process,
// or of a worker.
type Program struct {
	// Path of the program; empty means the engine's own name on the PATH.
	Path string
	// Pool of workers that serve the engine's Handler; nil runs the program
	// directly, as tests and the carrier simulator do.
	Pool *worker.Pool
}

// ErrProgram: the engine's program is not installed.
var ErrProgram = errors.New("the program was not found; run `make deps` or set its path")

// Find is the path of the program called name, or an ErrProgram.
func (p Program) Find(name string) (string, error) {
	if p.Path != "" {
		name = p.Path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, ErrProgram)
	}
	return path, nil
}

// MaxOutput bounds what a program may write: eight minutes at 22,050 Hz.
const MaxOutput = 22 << 20

// Run executes a program with the text on its standard input and returns its
// standard output. No shell is involved and the text is not an argument, so it
// shows in no process list.
func Run(cmd *exec.Cmd, text string) ([]byte, error) {
	out := &limited{left: MaxOutput}
	var complaint limited
	complaint.left = 400
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), out, &complaint
	err := cmd.Run()
	if out.over {
		return nil, fmt.Errorf("%s wrote more sound than one text can have", cmd.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", cmd.Path, err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// limited keeps the first bytes that are written and swallows the rest.
type limited struct {
	bytes.Buffer
	left int
	over bool
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.over = l.over || n < len(b)
	l.left -= n
	l.Buffer.Write(b[:n])
	return len(b), nil
}

// ReadFrom hides the one of bytes.Buffer, which knows no limit.
func (l *limited) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}

// ReadWAV takes the samples out of a WAV file of 16-bit mono PCM. Sizes in the
// headers are only believed as far as there are bytes: a program that streams
// writes placeholders.
func ReadWAV(file []byte) (pcm []int16, rate int, err error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, 0, errors.New("the program's output is not a WAV file")
	}
	for rest := file[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		size = min(size, int64(len(body)))
		switch {
		case id == "fmt " && size >= 16:
			if binary.LittleEndian.Uint16(body[2:]) != 1 || binary.LittleEndian.Uint16(body[14:]) != 16 {
				return nil, 0, errors.New("the program's WAV file is not 16-bit mono")
			}
			rate = int(binary.LittleEndian.Uint32(body[4:]))
		case id == "data" && rate > 0:
			return samples(body[:size]), rate, nil
		}
		rest = body[min(size+size%2, int64(len(body))):]
	}
	return nil, 0, errors.New("the program's WAV file has no sound")
}

func samples(raw []byte) []int16 {
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return pcm
}
