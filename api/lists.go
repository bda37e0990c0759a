package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parley/campaign"
)

// maxUpload bounds a list; a million rows of a thousand bytes fit.
const maxUpload = 1 << 30

func (s *server) lists() {
	// Uploads are streamed, which huma's bodies are not.
	s.mux.HandleFunc("POST /api/v1/lists", s.uploadList)
	text := func(name, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: "string"}}
	}
	s.document(huma.Operation{
		OperationID: "post-lists", Method: http.MethodPost, Path: "/api/v1/lists", Summary: "Upload a list",
		Description: "The CSV file as raw body or as the first file of a multipart form. Columns: phone (手机号) is required; see the documentation for the others.",
		Parameters: []*huma.Param{
			text("name", "What to call the list"), text("region", "Country of numbers without a country code, ISO 3166-1"),
			text("encoding", "utf-8 (default), gb18030, big5 …"), text("dry_run", "1: preview and row errors only, nothing is kept"),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"text/csv": {Schema: &huma.Schema{Type: "string"}},
		}},
		Responses: map[string]*huma.Response{
			"201": {Description: "The list, with its summary"}, "200": {Description: "The preview of a dry run"},
			"422": {Description: "The file is no list"},
		},
	})
	huma.Register(s.api, operation(http.MethodGet, "/lists", "List the lists"), s.getLists)
	huma.Register(s.api, operation(http.MethodGet, "/lists/{id}", "One list"), s.getList)
	s.mux.HandleFunc("GET /api/v1/lists/{id}/errors.csv", s.listErrors)
	s.document(huma.Operation{
		OperationID: "get-lists-id-errors", Method: http.MethodGet, Path: "/api/v1/lists/{id}/errors.csv",
		Summary:    "The rows that were refused, as CSV",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses: map[string]*huma.Response{"200": {
			Description: "row, column, problem", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}},
		}},
	})
}

// preview is the answer of a dry run.
type preview struct {
	Summary campaign.Summary    `json:"summary"`
	Rows    []campaign.Contact  `json:"rows"`
	Errors  []campaign.RowError `json:"errors"`
}

const previewRows = 20

func (s *server) uploadList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	file, name, err := uploaded(w, r)
	if err != nil {
		writeError(w, newProblem(http.StatusUnprocessableEntity, err.Error()))
		return
	}
	if q.Get("name") != "" {
		name = q.Get("name")
	}
	if name == "" {
		name = "list of " + time.Now().UTC().Format("2006-01-02 15:04")
	}
	if len(name) > 200 {
		writeProblem(w, http.StatusUnprocessableEntity, "The name is longer than 200 bytes.")
		return
	}
	o := campaign.Options{Region: strings.ToUpper(q.Get("region")), Encoding: q.Get("encoding"), Now: time.Now()}
	var answer any
	status := http.StatusCreated
	if q.Get("dry_run") == "1" || q.Get("dry_run") == "true" {
		status = http.StatusOK
		answer, err = dryRun(file, o)
	} else {
		answer, err = s.o.Store.ImportList(r.Context(), campaign.List{Tenant: tenantOf(r.Context()), Name: name, Region: o.Region}, o, file)
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		writeProblem(w, http.StatusRequestEntityTooLarge, "The file is larger than 1 GiB; split it.")
		return
	}
	if err != nil {
		writeError(w, fault(s.o.Log, "import the list", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // fails only when the client is gone
}

// uploaded finds the file in a request: the body, or a form's first file.
func uploaded(w http.ResponseWriter, r *http.Request) (io.Reader, string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return r.Body, "", nil
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, "", errors.New("the multipart form is malformed; send the file as the raw body instead")
	}
	for range 20 {
		part, err := form.NextPart()
		if err != nil {
			break
		}
		if part.FileName() != "" {
			return part, part.FileName(), nil
		}
	}
	return nil, "", errors.New("the form has no file")
}

func dryRun(file io.Reader, o campaign.Options) (preview, error) {
	p := preview{Rows: []campaign.Contact{}, Errors: []campaign.RowError{}}
	var err error
	p.Summary, err = campaign.Import(file, o, func(c campaign.Contact) error {
		if len(p.Rows) < previewRows {
			p.Rows = append(p.Rows, c)
		}
		return nil
	}, func(e campaign.RowError) error {
		p.Errors = append(p.Errors, e) // the import bounds their number
		return nil
	})
	return p, err
}

func (s *server) getLists(ctx context.Context, _ *struct{}) (*body[items[campaign.List]], error) {
	all, err := s.o.Store.Lists(ctx, tenantOf(ctx))
	if err != nil {
		return nil, fault(s.o.Log, "list the lists", err)
	}
	if all == nil {
		all = []campaign.List{}
	}
	return &body[items[campaign.List]]{items[campaign.List]{Items: all}}, nil
}

func (s *server) getList(ctx context.Context, in *byID) (*body[campaign.List], error) {
	l, err := s.o.Store.List(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the list", err)
	}
	return &body[campaign.List]{l}, nil
}

func (s *server) listErrors(w http.ResponseWriter, r *http.Request) {
	errs, err := s.o.Store.ListErrors(r.Context(), tenantOf(r.Context()), r.PathValue("id"))
	if err != nil {
		writeError(w, fault(s.o.Log, "read the row errors", err))
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="errors.csv"`)
	writeErrors(w, errs)
}

// writeErrors writes rows' errors for a spreadsheet, which runs none of them.
func writeErrors(w io.Writer, errs []campaign.RowError) {
	out := csv.NewWriter(w) // when a write fails, the client is gone
	_ = out.Write([]string{"row", "column", "problem"})
	for _, e := range errs {
		_ = out.Write([]string{strconv.Itoa(e.Row), campaign.SafeCell(e.Column), campaign.SafeCell(e.Problem)})
	}
	out.Flush()
}
