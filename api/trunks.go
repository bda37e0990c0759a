package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Trunk is how a carrier account stands.
type Trunk struct {
	Name     string `json:"name"`
	Takes    bool   `json:"takes" doc:"Whether it gets calls now"`
	Breaker  string `json:"breaker" enum:"closed,open,half_open,resting"`
	Live     int    `json:"live" doc:"Calls under way"`
	Channels int    `json:"channels" doc:"Calls at a time; 0 is without bound"`
	Failures int    `json:"failures" doc:"Of calls and probes, in a row"`
	// RestsUntil is zero without a rest.
	RestsUntil   time.Time          `json:"rests_until,omitzero" doc:"No calls before: it asked for a rest, or kept failing"`
	Registration *TrunkRegistration `json:"registration,omitempty"`
	Probe        *TrunkProbe        `json:"probe,omitempty"`
}

// TrunkRegistration is how its registration stands.
type TrunkRegistration struct {
	Stands  bool      `json:"stands"`
	Until   time.Time `json:"until,omitzero"`
	Next    time.Time `json:"next,omitzero" doc:"When the registrar is asked again"`
	Problem string    `json:"problem,omitempty" doc:"Why it failed last"`
}

// TrunkProbe is its last OPTIONS.
type TrunkProbe struct {
	At        time.Time `json:"at"`
	Address   string    `json:"address,omitempty"`
	Transport string    `json:"transport,omitempty"`
	Status    int       `json:"status,omitempty" doc:"SIP status; any but 408, 500, 502, 503 and 504 says that the trunk lives"`
	MS        float64   `json:"ms"`
	Problem   string    `json:"problem,omitempty"`
}

func (s *server) trunks() {
	huma.Register(s.api, operation(http.MethodGet, "/trunks", "Carrier accounts: breaker, registration, calls, last probe"), s.listTrunks)
}

func (s *server) listTrunks(context.Context, *struct{}) (*body[items[Trunk]], error) {
	out := &body[items[Trunk]]{items[Trunk]{Items: s.o.TrunkStates()}}
	if out.Body.Items == nil {
		out.Body.Items = []Trunk{}
	}
	return out, nil
}
