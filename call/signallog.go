package call

import (
	"errors"
	"io"
	"sync"
)

// signalLog takes the ear's writes off the beat.
type signalLog struct {
	w      io.Writer
	pieces chan []byte
	once   sync.Once
	done   chan struct{}
	err    error // run's, once done is closed
}

// piecesAhead are about a minute of signals: a disk that is slower loses the log.
const piecesAhead = 64

var errSlowLog = errors.New("the signal log's file takes no more; choose a faster disk")

func newSignalLog(w io.Writer) *signalLog {
	return &signalLog{w: w, pieces: make(chan []byte, piecesAhead), done: make(chan struct{})}
}

// Write implements io.Writer; it never waits.
func (l *signalLog) Write(b []byte) (int, error) {
	select {
	case l.pieces <- append([]byte(nil), b...):
		return len(b), nil
	default:
		return 0, errSlowLog
	}
}

// run writes until Close.
func (l *signalLog) run() {
	defer close(l.done)
	for b := range l.pieces {
		if l.err == nil {
			_, l.err = l.w.Write(b)
		}
	}
}

// Close writes the rest. Nobody may write any more.
func (l *signalLog) Close() error {
	l.once.Do(func() { close(l.pieces) })
	<-l.done
	return l.err
}
