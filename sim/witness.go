package sim

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Record is one line of the witness log: what the carrier saw, in order.
type Record struct {
	At time.Time `json:"at"`
	// Event: invite, ringing, early_media, answer, ack, cancel, refuse, bye,
	// lost_ack, end.
	Event  string `json:"event"`
	Number string `json:"number"`
	// Attempt and Call are the headers X-Parley-Attempt and X-Parley-Call.
	Attempt string `json:"attempt,omitempty"`
	Call    string `json:"call,omitempty"`
	CallID  string `json:"call_id"`
	From    string `json:"from,omitempty"` // the caller's address and port
	Caller  string `json:"caller,omitempty"`
	Code    int    `json:"code,omitempty"`
	// By is who ended the call: caller or carrier.
	By string `json:"by,omitempty"`
}

// witness writes records as JSON lines, each with one Write, so that nothing
// is lost when the process is killed.
type witness struct {
	mu  sync.Mutex
	out io.Writer
	err error
}

func (w *witness) see(r Record) {
	if w.out == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r.At = time.Now().UTC()
	line, err := json.Marshal(r)
	if err == nil {
		_, err = w.out.Write(append(line, '\n'))
	}
	if w.err == nil {
		w.err = err
	}
}

// problem is the first error of writing.
func (w *witness) problem() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
