package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/call"
	"parley/campaign"
)

func (s *server) calls() {
	place := operation(http.MethodPost, "/calls", "Place one call now")
	place.DefaultStatus = http.StatusAccepted
	huma.Register(s.api, place, s.placeCall)
	huma.Register(s.api, operation(http.MethodGet, "/calls", "Calls, newest first"), s.listCalls)
	huma.Register(s.api, operation(http.MethodGet, "/calls/{id}", "The report of a call"), s.getCall)
	huma.Register(s.api, operation(http.MethodGet, "/calls/{id}/transcript", "The transcript of a call"), s.getTranscript)
	huma.Register(s.api, operation(http.MethodPost, "/calls/{id}/hangup", "End a live call"), s.hangup)
	transfer := operation(http.MethodPost, "/calls/{id}/transfer",
		"Hand the customer of a live call to another number, blind; waits for the outcome, half a minute at most")
	transfer.DefaultStatus = http.StatusNoContent
	transfer.Responses = map[string]*huma.Response{"202": {Description: "It is still under way; the report of the call will tell"}}
	huma.Register(s.api, transfer, s.transfer)
	s.ladder()
	s.mux.HandleFunc("GET /api/v1/calls/{id}/recording", s.recording)
	s.document(huma.Operation{
		OperationID: "get-calls-id-recording", Method: http.MethodGet, Path: "/api/v1/calls/{id}/recording",
		Summary:    "The recording of a call: WAV, 8 kHz, customer left, bot right; ranges are served",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "The sound", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
			"404": {Description: "There is no such call, or nothing was recorded"},
		},
	})
}

type placed struct {
	ID string `json:"id"`
}

func (s *server) placeCall(ctx context.Context, in *body[CallRequest]) (*body[placed], error) {
	id, err := s.o.Line.PlaceOne(ctx, tenantOf(ctx), in.Body)
	if err != nil {
		return nil, fault(s.o.Log, "place the call", err)
	}
	return &body[placed]{placed{id}}, nil
}

type callFilter struct {
	Campaign    string    `query:"campaign"`
	Phone       string    `query:"phone" doc:"E.164"`
	Network     string    `query:"network"`
	Disposition string    `query:"disposition"`
	Intent      string    `query:"intent"`
	Text        string    `query:"q" doc:"Words of the transcript" maxLength:"200"`
	From        time.Time `query:"from"`
	To          time.Time `query:"to"`
	Cursor      string    `query:"cursor" maxLength:"200"`
	Limit       int       `query:"limit" default:"50" minimum:"1" maximum:"500"`
}

func (s *server) listCalls(ctx context.Context, in *callFilter) (*body[items[CallRow]], error) {
	calls, next, err := s.o.Store.Calls(ctx, CallQuery{
		Tenant: tenantOf(ctx), Campaign: in.Campaign, Phone: in.Phone, Network: in.Network, Disposition: in.Disposition,
		Intent: in.Intent, Text: in.Text, From: in.From, To: in.To, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, fault(s.o.Log, "list the calls", err)
	}
	if calls == nil {
		calls = []CallRow{}
	}
	return &body[items[CallRow]]{items[CallRow]{Items: calls, Next: next}}, nil
}

func (s *server) getCall(ctx context.Context, in *byID) (*body[call.Report], error) {
	r, err := s.o.Store.Call(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the call", err)
	}
	if !who(ctx).key.Role.May(ratesReaders...) {
		r.Cost = r.Cost.WithoutRate()
	}
	return &body[call.Report]{withURL(r)}, nil
}

// withURL replaces the recording's key, which is of no use to a caller.
func withURL(r call.Report) call.Report {
	if r.Recording != "" {
		r.Recording = "/api/v1/calls/" + r.ID + "/recording"
	}
	return r
}

type transcript struct {
	Turns []call.Turn `json:"turns"`
	Text  string      `json:"text"`
}

func (s *server) getTranscript(ctx context.Context, in *byID) (*body[transcript], error) {
	r, err := s.o.Store.Call(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the call", err)
	}
	var text strings.Builder
	for _, t := range r.Turns {
		said := t.Text
		if t.BargedIn && t.By == call.PartyBot {
			said = t.HeardText + " …"
		}
		fmt.Fprintf(&text, "[%6.1f] %s: %s%s\n", float64(t.FromMS)/1000, t.By, said, t.Keys)
	}
	return &body[transcript]{transcript{Turns: r.Turns, Text: text.String()}}, nil
}

func (s *server) hangup(ctx context.Context, in *byID) (*struct{}, error) {
	return nil, fault(s.o.Log, "hang up", s.o.Line.Hangup(tenantOf(ctx), in.ID))
}

type transferCall struct {
	ID   string `path:"id"`
	Body TransferRequest
}

// justStatus is an answer without a body.
type justStatus struct{ Status int }

func (s *server) transfer(ctx context.Context, in *transferCall) (*justStatus, error) {
	switch err := s.o.Line.Transfer(ctx, tenantOf(ctx), in.ID, in.Body); {
	case errors.Is(err, ErrUnderWay):
		return &justStatus{http.StatusAccepted}, nil
	case err != nil:
		return nil, fault(s.o.Log, "transfer the call", err)
	}
	return &justStatus{http.StatusNoContent}, nil
}

func (s *server) recording(w http.ResponseWriter, r *http.Request) {
	report, err := s.o.Store.Call(r.Context(), tenantOf(r.Context()), r.PathValue("id"))
	if err == nil && report.Recording == "" {
		err = campaign.NotFound{What: "recording"}
	}
	if err != nil {
		writeError(w, fault(s.o.Log, "find the recording", err))
		return
	}
	f, err := s.o.Line.OpenRecording(report.Recording)
	if err != nil {
		writeError(w, fault(s.o.Log, "open the recording", err))
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "private, max-age=300")
	http.ServeContent(w, r, "", f.ModTime(), f)
}
