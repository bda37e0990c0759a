package worker

import (
	"bytes"
	"log/slog"

	"golang.org/x/time/rate"
)

// lineLog forwards what a worker writes to its standard error, line by line.
// Long lines are cut and a flood is thinned, so that a broken engine cannot
// fill the disk.
type lineLog struct {
	log     *slog.Logger
	kind    string
	partial []byte
	limit   *rate.Limiter
}

const longestLine = 512

func (w *lineLog) Write(b []byte) (int, error) {
	if w.limit == nil {
		w.limit = rate.NewLimiter(20, 100)
	}
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		if room := longestLine - len(w.partial); room > 0 {
			w.partial = append(w.partial, line[:min(room, len(line))]...)
		}
		rest = after
		if !whole {
			break
		}
		if len(w.partial) > 0 && w.limit.Allow() {
			w.log.Warn("worker says", "kind", w.kind, "line", string(w.partial))
		}
		w.partial = w.partial[:0]
	}
	return len(b), nil
}
