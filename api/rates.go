package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/rates"
)

func (s *server) rates() {
	// The upload is a file, whose errors are told by line.
	s.mux.HandleFunc("POST /api/v1/rates", s.addRates)
	s.document(huma.Operation{
		OperationID: "post-rates", Method: http.MethodPost, Path: "/api/v1/rates", Summary: "Upload the rate table of a trunk",
		Description: "The CSV file as raw body or as the first file of a multipart form, with the columns prefix (1202), " +
			"per_minute (0.0125), increment (first/next seconds, 60/60 or 6/6), currency (USD) and, optionally, setup. " +
			"It takes the place of the trunk's table from `from` on; calls that began before keep their cost. A file with an error changes nothing.",
		Parameters: []*huma.Param{
			{Name: "trunk", In: "query", Required: true, Description: "A trunk of the configuration", Schema: &huma.Schema{Type: "string"}},
			{Name: "from", In: "query", Description: "When it takes effect, RFC 3339; now without it", Schema: &huma.Schema{Type: "string", Format: "date-time"}},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}},
		Responses: map[string]*huma.Response{
			"201": {Description: "The table"}, "422": {Description: "What to mend, by line"},
		},
	})
	huma.Register(s.api, operation(http.MethodGet, "/rates", "Rate tables, by trunk, the newest first"), s.listRates)
	huma.Register(s.api, operation(http.MethodGet, "/rates/{id}", "The entries of a rate table"), s.getRates)
	huma.Register(s.api, operation(http.MethodDelete, "/rates/{id}", "Remove a rate table; the one before it is in effect again"), s.removeRates)
	s.mux.HandleFunc("GET /api/v1/rates/{id}/rates.csv", s.ratesFile)
	s.document(huma.Operation{
		OperationID: "get-rates-id-csv", Method: http.MethodGet, Path: "/api/v1/rates/{id}/rates.csv", Summary: "A rate table as the file to upload",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses: map[string]*huma.Response{"200": {
			Description: "prefix, per_minute, increment, currency, setup", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}},
		}},
	})
}

func (s *server) addRates(w http.ResponseWriter, r *http.Request) {
	trunk, from, err := s.ratesOf(r)
	if err != nil {
		writeError(w, err)
		return
	}
	file, _, err := uploaded(w, r)
	if err != nil {
		writeError(w, newProblem(http.StatusUnprocessableEntity, err.Error()))
		return
	}
	all, err := rates.Read(file)
	if err != nil {
		writeError(w, ratesFault(err))
		return
	}
	table, err := s.o.Store.AddRates(r.Context(), tenantOf(r.Context()), trunk, from, all)
	if err != nil {
		writeError(w, fault(s.o.Log, "keep the rate table", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(table) // fails only when the client is gone
}

// ratesOf reads for which trunk a table is, and from when.
func (s *server) ratesOf(r *http.Request) (trunk string, from time.Time, err error) {
	trunk, from = r.URL.Query().Get("trunk"), time.Now()
	if known := s.o.Trunks(); !slices.Contains(known, trunk) {
		if len(known) == 0 {
			return "", from, newProblem(http.StatusUnprocessableEntity, "There are no trunks; add one to the server's configuration first.")
		}
		return "", from, newProblem(http.StatusUnprocessableEntity,
			fmt.Sprintf("There is no trunk %q; name one with ?trunk=, of %s.", trunk, strings.Join(known, ", ")))
	}
	if text := r.URL.Query().Get("from"); text != "" {
		if from, err = time.Parse(time.RFC3339, text); err != nil {
			return "", from, newProblem(http.StatusUnprocessableEntity, "from is no moment; write it like 2026-12-01T00:00:00Z.")
		}
	}
	return trunk, from, nil
}

// ratesFault says where a file is wrong.
func ratesFault(err error) error {
	var bad rates.FileError
	if !errors.As(err, &bad) {
		return newProblem(http.StatusBadRequest, "The file could not be read to its end; send it again.")
	}
	p := &problem{Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Detail: sentence(bad)}
	for _, b := range bad {
		where := fmt.Sprintf("line %d", b.Line)
		if b.Column != "" {
			where += ", " + b.Column
		}
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: b.Problem, Location: where})
	}
	return p
}

func (s *server) listRates(ctx context.Context, _ *struct{}) (*body[items[rates.Table]], error) {
	all, err := s.o.Store.RateTables(ctx, tenantOf(ctx))
	if err != nil {
		return nil, fault(s.o.Log, "list the rate tables", err)
	}
	return &body[items[rates.Table]]{items[rates.Table]{Items: all}}, nil
}

// ratesPage is a table with some of its entries.
type ratesPage struct {
	rates.Table
	Items []rateRow `json:"items"`
	Next  string    `json:"next,omitempty" doc:"Send back as cursor for the following page."`
}

type rateRow struct {
	Prefix    string      `json:"prefix"`
	PerMinute json.Number `json:"per_minute"`
	Increment string      `json:"increment"`
	Currency  string      `json:"currency"`
	Setup     json.Number `json:"setup"`
}

func (s *server) getRates(ctx context.Context, in *struct {
	ID     string `path:"id"`
	Cursor string `query:"cursor" maxLength:"15"`
	Limit  int    `query:"limit" default:"1000" minimum:"1" maximum:"10000"`
}) (*body[ratesPage], error) {
	table, err := s.o.Store.RateTable(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the rate table", err)
	}
	all, err := s.o.Store.Rates(ctx, tenantOf(ctx), in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, fault(s.o.Log, "read the rates", err)
	}
	out := ratesPage{Table: table, Items: []rateRow{}}
	for _, r := range all {
		out.Items = append(out.Items, rateRow{r.Prefix, r.PerMinute.Number(), r.Increment(), r.Currency, r.Setup.Number()})
	}
	if len(all) == in.Limit {
		out.Next = all[len(all)-1].Prefix
	}
	return &body[ratesPage]{out}, nil
}

func (s *server) removeRates(ctx context.Context, in *byID) (*struct{}, error) {
	return nil, fault(s.o.Log, "remove the rate table", s.o.Store.RemoveRates(ctx, tenantOf(ctx), in.ID))
}

func (s *server) ratesFile(w http.ResponseWriter, r *http.Request) {
	var all []rates.Rate
	const most = 10_000 // a page
	for after := ""; ; {
		page, err := s.o.Store.Rates(r.Context(), tenantOf(r.Context()), r.PathValue("id"), after, most)
		if err != nil {
			writeError(w, fault(s.o.Log, "read the rates", err))
			return
		}
		all = append(all, page...)
		if len(page) < most {
			break
		}
		after = page[most-1].Prefix
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rates.csv"`)
	_ = rates.Write(w, all) // fails only when the client is gone
}

// decimals are the fields whose values are decimal numbers of any length, which
// Go keeps as text and huma would describe as such.
func (s *server) decimals() {
	for name, fields := range map[string][]string{
		"Money": {"value"}, "Cost": {"amount"}, "Spent": {"amount"}, "Applied": {"per_minute", "setup"}, "RateRow": {"per_minute", "setup"},
	} {
		schema := s.api.OpenAPI().Components.Schemas.Map()[name]
		for _, f := range fields {
			schema.Properties[f].Type = huma.TypeNumber
		}
	}
}
