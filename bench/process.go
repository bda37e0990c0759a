package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// process is another process of the bench. It works until its input ends, and
// tells what it has to tell as lines of JSON.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	told *json.Decoder
	quit context.CancelFunc
}

// start starts one; it is killed should ctx end before close.
func start(ctx context.Context, command []string) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	err := errors.Join(inErr, outErr)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start another process of the bench: %w", err)
	}
	return &process{cmd: cmd, in: in, told: json.NewDecoder(out), quit: cancel}, nil
}

// last ends the input and reads what the process still tells; close must
// follow.
func (p *process) last(into any) error { return errors.Join(p.in.Close(), p.told.Decode(into)) }

// close ends the process by ending its input, and waits for it.
func (p *process) close() error {
	defer p.quit()
	err := p.in.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, p.cmd.Wait())
}
