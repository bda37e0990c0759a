package app

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/api"
	"parley/call"
	"parley/media"
	"parley/media/wav"
	"parley/nlu/keyword"
	"parley/outcome"
	"parley/record"
	"parley/rules"
	"parley/store"
	"parley/tenant"
	"parley/tts"
	"parley/web"
)

// desk is the whole HTTP surface over a real SQLite store and real recordings,
// with two tenants. Only engines and telephone are missing.
type desk struct {
	t          *testing.T
	url        string
	books      *store.Store
	line       *placer
	recordings string
	keys       map[string]string // by tenant
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	books, err := store.Open(t.Context(), store.Options{Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	kernel, err := rules.NewKernel()
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := newFlowShelf("", keyword.New(keyword.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, books: books, recordings: filepath.Join(dir, "recordings"), keys: map[string]string{}}
	sounds, err := record.Open(record.Options{Dir: d.recordings, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	tests := []string{"+1202555*"}
	callers := newCallers(defaultCallerIDs(), books, log)
	l := &placer{
		callers: callers,
		flows:   shelf, kernel: kernel, books: books, recordings: sounds, region: "US", tests: tests, log: log,
		speaks: func(tts.Voice) error { return nil },
		live:   map[string]*liveCall{}, slots: make(chan struct{}, 1), seen: &sight{ladders: newLadders()},
	}
	d.line = l
	for _, name := range []string{tenant.Default, "other"} {
		if err := books.CreateTenant(t.Context(), name, name); err != nil {
			t.Fatal(err)
		}
		key, secret := tenant.NewKey(name, "test", tenant.Admin, time.Now())
		if err := books.AddKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		d.keys[name] = secret
	}
	lines := Defaults()
	lines.SIP.Listen = "127.0.0.1:0"
	lines.Trunks = []TrunkConfig{{Name: "a", Host: "127.0.0.1:9", Channels: 7}, {Name: "b", Host: "127.0.0.1:9"}}
	stack, stop, err := askTrunks(lines)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	s := httptest.NewServer(api.New(api.Options{
		Store: &booksAPI{books, tests, "US", callers}, Line: l, Keys: books, Profiles: kernel.Profiles, Flows: shelf.names,
		Trunks:      func() []string { return []string{"a", "b"} },
		TrunkStates: func() []api.Trunk { return statesOf(stack) },
		Ready:       func() error { return books.Ping(t.Context()) }, Metrics: http.NotFoundHandler(), Page: web.Handler(), Version: "test", Log: log,
	}))
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

// answer is a response read to its end.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (d *desk) as(name, method, path string, body io.Reader, headers ...string) answer {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	if name != "" {
		r.Header.Set("Authorization", "Bearer "+d.keys[name])
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer{d.t, resp.StatusCode, resp.Header, b}
}

// do is a request of the first tenant; a body that is no reader is sent as JSON.
func (d *desk) do(method, path string, body any) answer {
	d.t.Helper()
	switch body := body.(type) {
	case nil:
		return d.as(tenant.Default, method, path, nil)
	case io.Reader:
		return d.as(tenant.Default, method, path, body)
	}
	b, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.as(tenant.Default, method, path, bytes.NewReader(b), "Content-Type", "application/json")
}

func (a answer) into(v any) answer {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return a
}

// want checks the status, and of a failure that it is a problem with a
// sentence that has these words.
func (a answer) want(status int, words ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answered %d, want %d: %.500s", a.status, status, a.body)
	}
	if status < 400 {
		return a
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("a failure is of type %q: %.200s", got, a.body)
	}
	var p struct {
		Title, Detail string
		Status        int
		Errors        []struct{ Message, Location string }
	}
	a.into(&p)
	if p.Title == "" || p.Status != status || p.Detail == "" || strings.Contains(p.Detail, "\n") {
		a.t.Errorf("no proper problem: %s", a.body)
	}
	for _, w := range words {
		if !strings.Contains(string(a.body), w) {
			a.t.Errorf("the problem %s has no %q", a.body, w)
		}
	}
	return a
}

// list uploads numbers and gives the list's identifier.
func (d *desk) list(csv string) string {
	d.t.Helper()
	var l struct{ ID string }
	d.do("POST", "/api/v1/lists?name=test", strings.NewReader(csv)).want(201).into(&l)
	return l.ID
}

const threeNumbers = "phone,name\n+12025550100,Ann\n+12025550101,Bob\n+12025550102,Cid\n"

func draft(list string) map[string]any {
	return map[string]any{"name": "c", "list": list, "flow": "payment-reminder.en", "profile": "test"}
}

func (d *desk) campaign(list string) string {
	d.t.Helper()
	var c struct{ ID string }
	d.do("POST", "/api/v1/campaigns", draft(list)).want(200).into(&c)
	return c.ID
}

// ended puts a finished call with a recording into the books.
func (d *desk) ended(id, to string, disposition outcome.Disposition, said string) {
	d.t.Helper()
	target := call.Target{Call: id, Attempt: id, Tenant: tenant.Default, To: to, Flow: "payment-reminder.en"}
	begun, err := d.books.BeginCall(d.t.Context(), target, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	key := "default/" + id + ".wav"
	path := filepath.Join(d.recordings, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := wav.Write(path, wav.Sound{Rate: media.Rate8k, Channels: 2, PCM: make([]int16, 16000)}); err != nil {
		d.t.Fatal(err)
	}
	err = d.books.SettleCall(d.t.Context(), target, call.Report{
		ID: id, Attempt: id, To: to, Started: begun, Answered: begun, Ended: begun.Add(time.Second), TalkMS: 1000,
		Network: outcome.Answered, AnsweredBy: outcome.Human, Disposition: disposition, Recording: key, Intents: []string{string(disposition)},
		Turns: []call.Turn{{By: call.PartyBot, Text: "hello", ToMS: 300}, {By: call.PartyCustomer, FromMS: 400, ToMS: 900, Text: said}},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// form is a multipart upload of one file.
func form(t *testing.T, name, text string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("note", "before the file"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}
