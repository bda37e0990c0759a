package tts

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"parley/worker"
)

// chunk is the size of one message of sound, in bytes: a second of it.
const chunk = 16000

// renderBound is the longest that one sentence may take in a worker. Engines
// need a fiftieth of the sound's length.
const renderBound = 15 * time.Second

// Remote renders in a worker process of the pool. The other end is Worker.
func Remote(pool *worker.Pool) Render {
	return func(ctx context.Context, voice Voice, text string) ([]int16, error) {
		ctx, cancel := context.WithTimeout(ctx, renderBound)
		defer cancel()
		hello, err := json.Marshal(voice)
		if err != nil {
			return nil, fmt.Errorf("encode the voice: %w", err)
		}
		s, err := pool.Open(ctx, hello)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		if err := s.Send([]byte(text)); err != nil {
			return nil, err
		}
		return collect(ctx, s)
	}
}

func collect(ctx context.Context, s *worker.Stream) ([]int16, error) {
	var pcm []int16
	for {
		select {
		case msg, ok := <-s.Recv():
			if !ok {
				return pcm, s.Err()
			}
			for ; len(msg) >= 2; msg = msg[2:] {
				pcm = append(pcm, int16(binary.LittleEndian.Uint16(msg)))
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Worker is the child's side of Remote: a handler whose sessions render one
// text each.
func Worker(render Render) worker.Handler { return workerHandler{render} }

type workerHandler struct{ render Render }

func (h workerHandler) Open(ctx context.Context, hello []byte, send func([]byte) error) (worker.Session, error) {
	s := &workerSession{render: h.render, send: send}
	if err := json.Unmarshal(hello, &s.voice); err != nil {
		return nil, fmt.Errorf("decode the voice: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s, nil
}

type workerSession struct {
	render Render
	voice  Voice
	send   func([]byte) error
	ctx    context.Context // of the session: Handle gets none
	cancel context.CancelFunc
}

func (s *workerSession) Handle(text []byte) error {
	pcm, err := s.render(s.ctx, s.voice, string(text))
	if err != nil {
		return err
	}
	raw := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	for len(raw) > 0 {
		n := min(len(raw), chunk)
		if err := s.send(raw[:n]); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return io.EOF
}

func (s *workerSession) Close() error {
	s.cancel()
	return nil
}
