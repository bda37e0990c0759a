package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/ladder"
)

// ladder serves a call's signalling in two forms, which huma's typed answers
// do not.
func (s *server) ladder() {
	s.mux.HandleFunc("GET /api/v1/calls/{id}/ladder", s.getLadder)
	registry := s.api.OpenAPI().Components.Schemas
	s.document(huma.Operation{
		OperationID: "get-calls-id-ladder", Method: http.MethodGet, Path: "/api/v1/calls/{id}/ladder",
		Summary: "The signalling of a call, live or ended, message by message",
		Description: "JSON, or with Accept: text/plain a ladder to read. It holds phone numbers and addresses, and no credentials; " +
			"a long call's first and last messages are kept, and how many lie between.",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "The ladder", Content: map[string]*huma.MediaType{
				"application/json": {Schema: huma.SchemaFromType(registry, reflect.TypeFor[ladder.Ladder]())},
				"text/plain":       {Schema: &huma.Schema{Type: "string"}},
			}},
			"404": {Description: "There is no such call, or it was placed before ladders were kept"},
		},
	})
}

func (s *server) getLadder(w http.ResponseWriter, r *http.Request) {
	tenant, id := tenantOf(r.Context()), r.PathValue("id")
	l, ok := s.o.Line.Ladder(tenant, id)
	if !ok {
		var err error
		if l, err = s.o.Store.Ladder(r.Context(), tenant, id); err != nil {
			writeError(w, fault(s.o.Log, "read the ladder", err))
			return
		}
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Vary", "Accept")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// Either fails only when the client is gone.
	if wantsText(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = l.WriteText(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(l)
}

// wantsText: text is asked for, and not behind JSON.
func wantsText(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	text, other := strings.Index(accept, "text/plain"), strings.Index(accept, "application/json")
	return text >= 0 && (other < 0 || text < other)
}
