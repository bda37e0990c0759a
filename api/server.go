// Package api is parley's HTTP interface, version 1: JSON described by OpenAPI
// 3.1 at /openapi.json, errors as RFC 9457 problems, events as server-sent
// events. It holds no state of its own; its ports are in port.go.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Options are what the API serves.
type Options struct {
	Store    Store
	Line     Line
	Keys     Keys
	Profiles func() []string
	// Flows are the names that a campaign may choose.
	Flows func() []string
	// Trunks are the names of the configuration.
	Trunks func() []string
	// TrunkStates tells how each of them stands.
	TrunkStates func() []Trunk
	// Ready says why the server cannot work now; nil when it can.
	Ready func() error
	// Metrics and Page serve /metrics and everything else.
	Metrics, Page http.Handler
	Version       string
	Log           *slog.Logger
}

type server struct {
	o     Options
	api   huma.API
	mux   *http.ServeMux // of authenticated paths
	rate  *limiters
	wrong *limiters
}

// maxBody bounds every JSON body; uploads have their own bound.
const maxBody = 1 << 20

// New is the whole HTTP surface as one handler.
func New(o Options) http.Handler {
	huma.NewError = newProblem // huma keeps its error model in a global
	s := &server{o: o, mux: http.NewServeMux(), rate: newLimiters(perKey, perKeyBurst), wrong: newLimiters(wrongKeys, wrongBurst)}
	config := huma.DefaultConfig("parley", o.Version)
	config.Info.Description = "Outbound voice calls that hold a conversation: lists, campaigns, calls, recordings, events."
	config.DocsPath, config.SchemasPath, config.OpenAPIPath = "", "", "/openapi"
	config.CreateHooks = nil // no $schema member in every answer
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "An API key; the first is in DATA/api-key."},
	}
	config.Security = []map[string][]string{{"key": {}}}
	s.api = humago.New(s.mux, config)
	s.lists()
	s.campaigns()
	s.calls()
	s.callerIDs()
	s.dnc()
	s.rates()
	s.trunks()
	s.keys()
	s.events()
	s.decimals()
	return s.surface()
}

// surface puts the open paths before the authenticated ones.
func (s *server) surface() http.Handler {
	root := http.NewServeMux()
	root.Handle("/api/", s.authenticate(problems(s.mux)))
	root.Handle("/openapi.json", s.mux)
	root.Handle("/openapi.yaml", s.mux)
	root.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	root.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.o.Ready(); err != nil {
			writeProblem(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ready\n"))
	})
	root.Handle("GET /metrics", s.o.Metrics)
	root.Handle("/", s.o.Page)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, http.StatusForbidden, "Requests that change something are not taken from pages of other origins.")
	}))
	return guard.Handler(s.logged(root))
}

// problems answers as a problem what the mux itself would answer in plain
// text: a path that does not exist, a method that a path does not take.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := &headRecorder{header: http.Header{}, status: http.StatusNotFound}
		h.ServeHTTP(said, r)
		detail := "There is no such path; /docs lists them all."
		if said.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", said.header.Get("Allow"))
			detail = "This path does not take " + r.Method + "; it takes " + said.header.Get("Allow") + "."
		}
		writeProblem(w, said.status, detail)
	})
}

// headRecorder keeps a response's head and drops its body.
type headRecorder struct {
	header http.Header
	status int
}

func (h *headRecorder) Header() http.Header         { return h.header }
func (h *headRecorder) Write(p []byte) (int, error) { return len(p), nil }
func (h *headRecorder) WriteHeader(status int)      { h.status = status }

// logged writes one line a request, without query strings: they may hold a
// phone number.
func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			s.o.Log.Debug("http", "method", r.Method, "path", r.URL.Path, "status", rec.status, "ms", time.Since(began).Milliseconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// operation describes an endpoint.
func operation(method, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id(method, path), Method: method, Path: "/api/v1" + path, Summary: summary, MaxBodyBytes: maxBody,
	}
}

// id names an operation for generated clients: "post-campaigns-id-start".
func id(method, path string) string {
	out := []byte{}
	for _, r := range method + path {
		switch {
		case r >= 'A' && r <= 'Z':
			out = append(out, byte(r-'A'+'a'))
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			out = append(out, byte(r))
		case len(out) > 0 && out[len(out)-1] != '-' && r == '/':
			out = append(out, '-')
		}
	}
	return string(out)
}
