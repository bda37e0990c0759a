package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parley/campaign"
)

// problem is an RFC 9457 problem with the few members of ours.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"What is wrong and what to do, in one sentence."`
	// Confirm is set when a start wants to be confirmed.
	Confirm int                 `json:"confirm,omitempty" doc:"Send this number back as confirm to go on."`
	Counts  *campaign.Counts    `json:"counts,omitempty" doc:"What starting would do."`
	Errors  []*huma.ErrorDetail `json:"errors,omitempty"`
}

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }

func newProblem(status int, detail string, errs ...error) huma.StatusError {
	p := &problem{Title: http.StatusText(status), Status: status, Detail: detail}
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, d)
		} else if err != nil {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Message: err.Error()})
		}
	}
	return p
}

// fault turns an error of the parts below into a problem. What it does not
// know is internal: the caller reads no more than that, the log has the cause.
func fault(log *slog.Logger, doing string, err error) error {
	var (
		missing  campaign.NotFound
		conflict campaign.Conflict
		invalid  campaign.Invalid
		charset  campaign.CharsetError
		away     campaign.Unavailable
		known    *problem
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &missing):
		return newProblem(http.StatusNotFound, missing.Error())
	case errors.As(err, &conflict):
		return newProblem(http.StatusConflict, conflict.Error())
	case errors.As(err, &invalid):
		return newProblem(http.StatusUnprocessableEntity, invalid.Error())
	case errors.As(err, &charset):
		return newProblem(http.StatusUnprocessableEntity, charset.Error())
	case errors.As(err, &away):
		log.Error("request failed", "doing", doing, "error", away.Why, "cause", away.Cause)
		return newProblem(http.StatusServiceUnavailable, "The server cannot "+doing+" now: "+away.Why+".")
	}
	log.Error("request failed", "doing", doing, "error", err)
	return newProblem(http.StatusInternalServerError, "The server failed to "+doing+"; its log says why.")
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	writeError(w, newProblem(status, detail))
}

// writeError is fault's answer for handlers that write their own responses.
func writeError(w http.ResponseWriter, err error) {
	var p *problem
	if !errors.As(err, &p) {
		p = &problem{Title: "Internal Server Error", Status: http.StatusInternalServerError, Detail: "The server failed; its log says why."}
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	// The client is gone if this fails; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(p)
}
