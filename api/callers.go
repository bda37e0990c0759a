package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// CallerID is a number of the tenant and how it is taken.
type CallerID struct {
	Number   string    `json:"number"`
	State    string    `json:"state" enum:"ready,trial,busy,spent,resting,foreign" doc:"trial: back from a rest with few calls at a time; busy: at its bound of calls at a time; spent: at its bound of 24 hours; resting: taken badly; foreign: of a campaign, and none that the tenant may present"`
	Until    time.Time `json:"until,omitzero" doc:"Until when it rests or is spent"`
	Why      string    `json:"why,omitempty" doc:"Why it rests"`
	Live     int       `json:"live" doc:"Calls under way"`
	Day      int       `json:"calls_24h" doc:"Calls begun in the last 24 hours"`
	Daily    int       `json:"daily,omitempty" doc:"Bound of calls_24h"`
	Parallel int       `json:"parallel,omitempty" doc:"Bound of live"`
	Samples  int       `json:"samples" doc:"Calls that asr is of: those since its last rest, within the window, that say how the number is taken"`
	ASR      float64   `json:"asr" doc:"Share of them that were answered"`
	Short    float64   `json:"short" doc:"Share of calls answered by no machine that ended within seconds"`
	Rests    int       `json:"rests,omitempty" doc:"Rests in a row"`
}

func (s *server) callerIDs() {
	huma.Register(s.api, operation(http.MethodGet, "/caller-ids", "Caller IDs and how they are taken"), s.listCallerIDs)
	huma.Register(s.api, operation(http.MethodPost, "/caller-ids/{number}/ready", "End the rest of a caller ID; it is on trial then"), s.wakeCallerID)
}

type callerPage struct {
	Cursor string `query:"cursor" maxLength:"40"`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"200"`
}

func (s *server) listCallerIDs(ctx context.Context, in *callerPage) (*body[items[CallerID]], error) {
	all, err := s.o.Store.CallerIDs(ctx, tenantOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, fault(s.o.Log, "read the caller IDs", err)
	}
	out := &body[items[CallerID]]{items[CallerID]{Items: all}}
	if all == nil {
		out.Body.Items = []CallerID{}
	}
	if len(all) == in.Limit {
		out.Body.Next = all[len(all)-1].Number
	}
	return out, nil
}

func (s *server) wakeCallerID(ctx context.Context, in *struct {
	Number string `path:"number"`
}) (*struct{}, error) {
	return nil, fault(s.o.Log, "end the caller ID's rest", s.o.Store.WakeCallerID(ctx, tenantOf(ctx), in.Number))
}
