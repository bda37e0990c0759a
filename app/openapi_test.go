package app

import (
	"strings"
	"testing"
)

// document is an OpenAPI document as far as it is checked here.
type document struct {
	OpenAPI string
	Info    struct{ Title, Version string }
	Paths   map[string]map[string]struct {
		OperationID string
		Summary     string
		Parameters  []struct {
			Name, In string
			Required bool
		}
		Responses map[string]struct{ Description string }
	}
	Components struct {
		Schemas         map[string]any
		SecuritySchemes map[string]any
	}
	Security []map[string][]string
}

// TestTheOpenAPIDocumentIsWhole: version 3.1, every path of the outer contract
// that exists, every path's parameters, every reference resolved.
func TestTheOpenAPIDocumentIsWhole(t *testing.T) {
	d := newDesk(t)
	var doc document
	raw := d.as("", "GET", "/openapi.json", nil).want(200).into(&doc).body
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != "test" || len(doc.Security) == 0 || len(doc.Components.SecuritySchemes) == 0 {
		t.Errorf("version %q of %+v", doc.OpenAPI, doc.Info)
	}
	for _, want := range []string{
		"post /lists", "get /lists", "get /lists/{id}", "get /lists/{id}/errors.csv",
		"post /campaigns", "get /campaigns", "get /campaigns/{id}", "get /campaigns/{id}/stats",
		"post /campaigns/{id}/start", "post /campaigns/{id}/pause", "post /campaigns/{id}/resume", "post /campaigns/{id}/stop", "post /stop",
		"post /calls", "get /calls", "get /calls/{id}", "get /calls/{id}/transcript", "get /calls/{id}/recording", "get /calls/{id}/ladder", "post /calls/{id}/hangup",
		"get /rates", "post /rates", "get /rates/{id}", "delete /rates/{id}", "get /rates/{id}/rates.csv", "post /payments", "get /dnc", "post /dnc", "delete /dnc/{number}", "get /trunks", "get /events", "get /keys", "post /keys", "delete /keys/{id}",
	} {
		method, path, _ := strings.Cut(want, " ")
		if _, ok := doc.Paths["/api/v1"+path][method]; !ok {
			t.Errorf("%s is not described", want)
		}
	}
	for name, field := range map[string]string{"Cost": "amount", "Spent": "amount", "Applied": "setup", "RateRow": "per_minute", "Money": "value"} {
		schema, _ := doc.Components.Schemas[name].(map[string]any)
		fields, _ := schema["properties"].(map[string]any)
		if f, _ := fields[field].(map[string]any); f["type"] != "number" {
			t.Errorf("%s.%s is described as %v, and is a number", name, field, f)
		}
	}
	ids := map[string]string{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			where := method + " " + path
			if o.OperationID == "" || o.Summary == "" || len(o.Responses) == 0 {
				t.Errorf("%s lacks an identifier, a summary or responses", where)
			}
			if other := ids[o.OperationID]; other != "" {
				t.Errorf("%s and %s are both %s", where, other, o.OperationID)
			}
			ids[o.OperationID] = where
			for part := range strings.SplitSeq(path, "/") {
				name, ok := strings.CutPrefix(part, "{")
				if !ok {
					continue
				}
				described := false
				for _, p := range o.Parameters {
					described = described || p.In == "path" && p.Required && p.Name == strings.TrimSuffix(name, "}")
				}
				if !described {
					t.Errorf("%s does not describe %s", where, part)
				}
			}
		}
	}
	for _, piece := range strings.Split(string(raw), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(piece, `"`)
		if _, ok := doc.Components.Schemas[name]; !ok {
			t.Errorf("a reference to the schema %s, which is not there", name)
		}
	}
	// What is described exists: no path answers that it does not.
	for path, methods := range doc.Paths {
		for method := range methods {
			if path == "/api/v1/events" {
				continue // it never ends; TestEventsResume reads it
			}
			a := d.do(strings.ToUpper(method), strings.NewReplacer("{id}", "x", "{number}", "x").Replace(path)+"?dry_run=1&from=x", nil)
			if a.status == 405 || strings.Contains(string(a.body), "There is no such path") {
				t.Errorf("%s %s is described and answers %d", method, path, a.status)
			}
			if a.status >= 500 {
				t.Errorf("%s %s answers %d: %s", method, path, a.status, a.body)
			}
		}
	}
}
