package call

import (
	"context"
	"sync"

	"parley/asr"
	"parley/dialog"
	"parley/outcome"
	"parley/tts"
)

// When a turn is probably over, understanding starts on its words so far: on a
// copy of the dialog's state, without a fact, a line in the transcript or any
// other trace. It counts only if the turn ends with those very words; what was
// synthesised counts wherever the same text is said.

// foresight is a step that was made before its turn ended.
type foresight struct {
	turn   dialog.Turn
	state  *dialog.State // the copy, as it is after the step
	cancel context.CancelFunc
	done   chan thought

	mu      sync.Mutex
	dropped bool
	spoken  []spokenAhead
}

// spokenAhead is a prompt whose sound is already being made.
type spokenAhead struct {
	text   string
	stream tts.Stream
}

// foresee starts on the partial.
func (c *conversation) foresee(work context.Context) {
	fork, ok := c.parts.Policy.(dialog.Foreseeing)
	if !ok || c.parts.Patient || c.ahead != nil || c.partial.Text == "" || !c.started || !c.isUp || c.ending || c.gone || c.isHeld ||
		c.handing != nil || c.transfer != "" || len(c.ends) > 0 || c.unanswered != "" || c.verdict.AnsweredBy.Machine() || c.verdict.AnsweredBy == outcome.Screening {
		return
	}
	ctx, cancel := context.WithTimeout(work, policyTimeout)
	f := &foresight{
		turn: dialog.Turn{
			Kind: dialog.Said, Text: c.partial.Text, Confidence: c.partial.Confidence,
			Interrupted: c.cutNow, Heard: c.cutHeard, Now: c.now(),
		},
		state: fork.Fork(c.state), cancel: cancel, done: make(chan thought, 1),
	}
	c.ahead = f
	voice := c.parts.Policy.Voice()
	c.running.Go(func() {
		step, err := c.parts.Policy.Next(ctx, f.state, f.turn)
		if err == nil {
			for _, p := range step.Prompts {
				if !f.speak(work, c.parts.Speaker, voice, p) {
					break
				}
			}
		}
		f.done <- thought{step, err}
	})
}

// speak begins to make a prompt's sound, unless it was thrown away.
func (f *foresight) speak(work context.Context, s tts.Prompter, voice tts.Voice, p dialog.Prompt) bool {
	stream, err := s.Prompt(work, voice, p.Segments)
	if err != nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dropped {
		stream.Close()
		return false
	}
	f.spoken = append(f.spoken, spokenAhead{p.Text(), stream})
	return true
}

// drop throws it away, with all that it began.
func (f *foresight) drop() {
	f.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = true
	for _, s := range f.spoken {
		s.stream.Close()
	}
	f.spoken = nil
}

// take is the sound of a text, nil when none was made.
func (f *foresight) take(text string) tts.Stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, s := range f.spoken {
		if s.text == text {
			f.spoken = append(f.spoken[:i:i], f.spoken[i+1:]...)
			return s.stream
		}
	}
	return nil
}

// forget throws away what was foreseen: the customer speaks on, or it was
// nobody's turn.
func (c *conversation) forget() {
	if c.ahead != nil {
		c.ahead.drop()
		c.ahead = nil
	}
}

// partially takes a partial; one that differs from what was foreseen ends that.
func (c *conversation) partially(r asr.Result) {
	if c.ahead != nil && c.ahead.turn.Text != r.Text {
		c.forget()
	}
	c.partial = r
}

// foreseen is where the answer to a turn comes that was foreseen as it is, nil
// when it was not. The copy becomes the dialog's state.
func (c *conversation) foreseen(ctx context.Context, t dialog.Turn) chan thought {
	f := c.ahead
	if f == nil {
		return nil
	}
	fork, ok := c.parts.Policy.(dialog.Foreseeing)
	if t.Kind != dialog.Said || t.Text != f.turn.Text {
		c.forget()
		return nil
	}
	if !ok || !fork.Same(f.turn, t) {
		return nil // its sound may still be the answer's
	}
	c.state = f.state
	context.AfterFunc(ctx, f.cancel)
	return f.done
}
