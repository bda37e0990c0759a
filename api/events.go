package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// heartbeat keeps proxies from closing a silent stream.
const heartbeat = 15 * time.Second

// events serves the tenant's events as a stream of server-sent events. The id
// of each is its sequence number, which a client sends back as Last-Event-ID to
// go on where it stopped.
func (s *server) events() {
	s.document(huma.Operation{
		OperationID: "get-events", Method: http.MethodGet, Path: "/api/v1/events", Summary: "Events as they happen (SSE)",
		Description: "Last-Event-ID resumes after that event; without it the stream begins now. `subject` narrows, e.g. `call`.",
		Responses: map[string]*huma.Response{"200": {
			Description: "A stream of events", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
		}},
	})
	s.mux.HandleFunc("GET /api/v1/events", s.stream)
}

// document describes an endpoint that is served without huma.
func (s *server) document(o huma.Operation) { s.api.OpenAPI().AddOperation(&o) }

func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	tenant := tenantOf(ctx)
	after := int64(-1)
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			writeProblem(w, http.StatusBadRequest, "Last-Event-ID must be the id of an earlier event.")
			return
		}
		after = n
	}
	if after < 0 {
		last, err := s.o.Store.LastEvent(ctx, tenant)
		if err != nil {
			writeError(w, fault(s.o.Log, "read the events", err))
			return
		}
		after = last
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	fmt.Fprint(w, "retry: 1000\n\n")
	_ = control.Flush()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for e, err := range s.o.Store.Watch(ctx, tenant, r.URL.Query().Get("subject"), after) {
			if err != nil {
				return // too slow or shutting down: the client resumes by itself
			}
			select {
			case lines <- fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Subject, e.Data):
			case <-ctx.Done():
				return
			}
		}
	}()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		text := ": beat\n\n"
		select {
		case <-beat.C:
		case line, ok := <-lines:
			if !ok {
				return
			}
			text = line
		}
		// A reader that takes nothing for this long has gone.
		_ = control.SetWriteDeadline(time.Now().Add(heartbeat))
		if _, err := fmt.Fprint(w, text); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
	}
}
