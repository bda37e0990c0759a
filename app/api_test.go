package app

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/event"
	"parley/media/wav"
	"parley/outcome"
	"parley/tenant"
)

func TestKeysOpenTheAPI(t *testing.T) {
	d := newDesk(t)
	for name, key := range map[string]string{
		"none": "", "another word": "letmein", "unknown": "parley_0123456789abcdef_" + strings.Repeat("0", 64),
		"a wrong secret": d.keys["other"][:24] + strings.Repeat("0", 64),
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			a := d.as("", "GET", "/api/v1/campaigns", nil, "Authorization", "Bearer "+key).want(401, "Authorization: Bearer")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	d.t = t
	d.do("GET", "/api/v1/campaigns", nil).want(200)
	status := 0
	for range 100 {
		if a := d.as("", "GET", "/api/v1/campaigns", nil, "Authorization", "Bearer guess"); a.status != 401 {
			status = a.want(429, "Too many").status
			if a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			break
		}
	}
	if status != 429 {
		t.Error("a hundred guesses were all answered")
	}
}

func TestAKeyHasARate(t *testing.T) {
	d := newDesk(t)
	for range 2000 {
		if a := d.do("GET", "/api/v1/payments", nil); a.status == 429 {
			a.want(429)
			return
		}
	}
	t.Error("two thousand requests in a row were all answered")
}

// TestTenantsSeeNothingOfEachOther: what one tenant has is to the other as if
// it did not exist.
func TestTenantsSeeNothingOfEachOther(t *testing.T) {
	d := newDesk(t)
	list := d.list(threeNumbers)
	id := d.campaign(list)
	d.ended("call-1", "+12025550100", outcome.Refused, "no")
	d.do("POST", "/api/v1/dnc", map[string]string{"phone": "+12025550199"}).want(204)
	other := func(method, path, body string) answer {
		return d.as("other", method, path, strings.NewReader(body), "Content-Type", "application/json")
	}
	for _, path := range []string{
		"/lists/" + list, "/lists/" + list + "/errors.csv", "/campaigns/" + id, "/campaigns/" + id + "/stats",
		"/calls/call-1", "/calls/call-1/transcript", "/calls/call-1/recording", "/calls/call-1/ladder",
	} {
		other("GET", "/api/v1"+path, "").want(404)
	}
	for _, path := range []string{
		"/campaigns/" + id + "/start", "/campaigns/" + id + "/pause", "/campaigns/" + id + "/resume", "/campaigns/" + id + "/stop", "/calls/call-1/hangup",
	} {
		other("POST", "/api/v1"+path, "").want(404)
	}
	other("POST", "/api/v1/campaigns", fmt.Sprintf(`{"name":"c","list":%q,"flow":"payment-reminder.en","profile":"test"}`, list)).want(404)
	for _, path := range []string{"/lists", "/campaigns", "/calls", "/calls?q=no", "/dnc", "/keys"} {
		var page struct{ Items []json.RawMessage }
		other("GET", "/api/v1"+path, "").want(200).into(&page)
		if n := len(page.Items); n != 0 && path != "/keys" || path == "/keys" && n != 1 {
			t.Errorf("%s shows the other tenant %d items", path, n)
		}
	}
	var answer struct{ Campaigns, Contacts int }
	other("POST", "/api/v1/stop", "").want(200).into(&answer)
	other("POST", "/api/v1/payments", `{"phone":"+12025550100"}`).want(200).into(&answer)
	if answer.Campaigns+answer.Contacts != 0 {
		t.Errorf("the other tenant stopped %d campaigns and closed %d contacts", answer.Campaigns, answer.Contacts)
	}
	var c struct{ State string }
	d.do("GET", "/api/v1/campaigns/"+id, nil).want(200).into(&c)
	if c.State != "draft" {
		t.Errorf("the other tenant made the campaign %s", c.State)
	}
}

func TestUploads(t *testing.T) {
	d := newDesk(t)
	var made struct {
		ID, Name string
		Summary  struct{ Rows, Accepted, Rejected, Duplicates int }
	}
	d.do("POST", "/api/v1/lists?name=raw", strings.NewReader(threeNumbers)).want(201).into(&made)
	if made.Name != "raw" || made.Summary.Accepted != 3 {
		t.Errorf("raw: %+v", made)
	}
	body, kind := form(t, "people.csv", "手机号,姓名\n+12025550100,李\n+12025550100,again\nhello,=cmd()\n911,Eve\n")
	d.as(tenant.Default, "POST", "/api/v1/lists?region=US", body, "Content-Type", kind).want(201).into(&made)
	if made.Name != "people.csv" || made.Summary.Accepted != 1 || made.Summary.Rejected != 3 || made.Summary.Duplicates != 1 {
		t.Errorf("multipart: %+v", made)
	}
	rows, err := csv.NewReader(bytes.NewReader(d.do("GET", "/api/v1/lists/"+made.ID+"/errors.csv", nil).want(200).body)).ReadAll()
	if err != nil || len(rows) != 4 || !slices.Equal(rows[0], []string{"row", "column", "problem"}) || rows[2][0] != "4" || rows[2][1] != "phone" {
		t.Errorf("errors.csv: %q, %v", rows, err)
	}

	var before, after struct{ Items []json.RawMessage }
	d.do("GET", "/api/v1/lists", nil).want(200).into(&before)
	var p struct {
		Rows    []struct{ Phone, Name string }
		Errors  []struct{ Row int }
		Summary struct{ Accepted int }
	}
	d.do("POST", "/api/v1/lists?dry_run=1", strings.NewReader(threeNumbers+"bad,x\n")).want(200).into(&p)
	if p.Summary.Accepted != 3 || len(p.Rows) != 3 || p.Rows[1].Name != "Bob" || len(p.Errors) != 1 || p.Errors[0].Row != 5 {
		t.Errorf("dry run: %+v", p)
	}
	d.do("GET", "/api/v1/lists", nil).want(200).into(&after)
	if len(before.Items) != len(after.Items) {
		t.Error("a dry run kept a list")
	}
}

// TestBadListsAreRefusedInOneSentence, and nothing of them is kept.
func TestBadListsAreRefusedInOneSentence(t *testing.T) {
	d := newDesk(t)
	gbk := "phone,name\n+12025550100,\xc0\xee\xc3\xf7\n"
	for name, c := range map[string]struct{ query, file, want string }{
		"no phone column":     {"", "name,amount_due\nAnn,5\n", "phone"},
		"empty":               {"", "", "empty"},
		"wrong charset":       {"", gbk, "encoding="},
		"unknown encoding":    {"?encoding=klingon", threeNumbers, "klingon"},
		"a line of 10 MB":     {"", "phone,name\n+12025550100," + strings.Repeat("x", 10<<20) + "\n", "longer than"},
		"a header of 10 MB":   {"", strings.Repeat("x", 10<<20), "longer than"},
		"a name of 300 bytes": {"?name=" + strings.Repeat("n", 300), threeNumbers, "name"},
		"a form without file": {"form", "", "no file"},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			if c.query == "form" {
				d.as(tenant.Default, "POST", "/api/v1/lists", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--\r\n"),
					"Content-Type", "multipart/form-data; boundary=b").want(422, c.want)
				return
			}
			d.do("POST", "/api/v1/lists"+c.query, strings.NewReader(c.file)).want(422, c.want)
		})
	}
	d.t = t
	d.do("POST", "/api/v1/lists?encoding=gb18030", strings.NewReader(gbk)).want(201)
	var all struct {
		Items []struct{ Summary struct{ Accepted int } }
	}
	d.do("GET", "/api/v1/lists", nil).want(200).into(&all)
	if len(all.Items) != 1 || all.Items[0].Summary.Accepted != 1 {
		t.Errorf("refused lists were kept: %+v", all.Items)
	}
}

// TestErrorsAreNoFormulas: what a spreadsheet would run is text.
func TestErrorsAreNoFormulas(t *testing.T) {
	d := newDesk(t)
	id := d.list("phone,timezone\n=1+1,x\n+12025550100,@SUM(A1)\n\"-2+3\",\n")
	for _, row := range bytes.Split(d.do("GET", "/api/v1/lists/"+id+"/errors.csv", nil).want(200).body, []byte("\n")) {
		for _, cell := range bytes.Split(bytes.ReplaceAll(row, []byte(`"`), nil), []byte(",")) {
			if len(cell) > 0 && bytes.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("the cell %q would be run", cell)
			}
		}
	}
}

func TestACampaignIsCheckedBeforeItIsKept(t *testing.T) {
	d := newDesk(t)
	list := d.list(threeNumbers)
	for name, c := range map[string]struct {
		change map[string]any
		status int
		want   string
	}{
		"unknown flow":      {map[string]any{"flow": "nope"}, 422, "nope"},
		"unknown profile":   {map[string]any{"profile": "nope"}, 422, "nope"},
		"unknown list":      {map[string]any{"list": "nope"}, 404, "list"},
		"no name":           {map[string]any{"name": ""}, 422, "name"},
		"unknown field":     {map[string]any{"label": "x"}, 422, "label"},
		"too many a second": {map[string]any{"cps": 1e6}, 422, `"detail":"cps must be above 0 and at most 200."`},
		"bad cron":          {map[string]any{"schedule": map[string]any{"cron": "every day"}}, 422, "cron line"},
		"bad retry":         {map[string]any{"retry": map[string]any{"bored": map[string]any{"times": 1, "delay": "1m"}}}, 422, "bored"},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			body := draft(list)
			for k, v := range c.change {
				body[k] = v
			}
			d.do("POST", "/api/v1/campaigns", body).want(c.status, c.want)
		})
	}
	d.t = t
	var all struct{ Items []json.RawMessage }
	if d.do("GET", "/api/v1/campaigns", nil).want(200).into(&all); len(all.Items) != 0 {
		t.Errorf("%d wrong campaigns were kept", len(all.Items))
	}
}

func TestAStartIsConfirmed(t *testing.T) {
	d := newDesk(t)
	id := d.campaign(d.list(threeNumbers))
	path := "/api/v1/campaigns/" + id
	if a := d.do("GET", path, nil).want(200); bytes.Contains(a.body, []byte("next_due")) {
		t.Errorf("contacts that were never tried are due at some moment: %s", a.body)
	}
	var c struct {
		Confirm int
		State   string
	}
	d.do("POST", path+"/start", nil).want(409, "3 contacts").into(&c)
	if c.Confirm != 3 {
		t.Errorf("confirm %d, want 3", c.Confirm)
	}
	d.do("POST", path+"/start", map[string]int{"confirm": 2}).want(409)
	d.do("POST", path+"/pause", nil).want(409)
	d.do("POST", path+"/start", map[string]int{"confirm": 3}).want(200).into(&c)
	if c.State != "running" {
		t.Errorf("started, it is %s", c.State)
	}
	for _, step := range []struct{ verb, state string }{{"pause", "paused"}, {"resume", "running"}, {"stop", "stopped"}} {
		d.do("POST", path+"/"+step.verb, nil).want(200).into(&c)
		if c.State != step.state {
			t.Errorf("after %s it is %s", step.verb, c.State)
		}
	}
	d.do("POST", path+"/resume", nil) // what a resume of a stopped campaign means is the store's to say
	var n struct{ Contacts int }
	d.do("POST", "/api/v1/payments", map[string]string{"phone": "202-555-0101"}).want(200).into(&n)
	if n.Contacts != 1 {
		t.Errorf("a payment took %d contacts out, want 1", n.Contacts)
	}
	d.do("POST", "/api/v1/payments", map[string]string{}).want(422)
	d.do("POST", "/api/v1/payments", map[string]string{"phone": "bogus"}).want(422)
}

func TestCallsAreListedAndFiltered(t *testing.T) {
	d := newDesk(t)
	for i, disposition := range []outcome.Disposition{outcome.Refused, outcome.PromiseToPay, outcome.Refused} {
		d.ended(fmt.Sprintf("call-%d", i), fmt.Sprintf("+1202555010%d", i), disposition, []string{"no way", "on friday", "我不付"}[i])
	}
	ids := func(query string) string {
		var seen []string
		for cursor := ""; ; {
			var page struct {
				Items []struct{ ID string }
				Next  string
			}
			d.do("GET", "/api/v1/calls?limit=2&"+query+"&cursor="+cursor, nil).want(200).into(&page)
			for _, c := range page.Items {
				seen = append(seen, c.ID)
			}
			if cursor = page.Next; cursor == "" {
				slices.Sort(seen)
				return strings.Join(seen, " ")
			}
		}
	}
	for query, want := range map[string]string{
		"": "call-0 call-1 call-2", "disposition=refused": "call-0 call-2", "intent=promise_to_pay": "call-1", "q=friday": "call-1",
		"q=%E4%B8%8D%E4%BB%98": "call-2", "phone=%2B12025550100": "call-0", "network=busy": "", "from=2100-01-01T00:00:00Z": "",
	} {
		if got := ids(query); got != want {
			t.Errorf("%q gives %q, want %q", query, got, want)
		}
	}
	d.do("GET", "/api/v1/calls?cursor=bogus", nil).want(422)
	d.do("GET", "/api/v1/calls?limit=0", nil).want(422)
	d.do("GET", "/api/v1/calls/none", nil).want(404)
	d.do("POST", "/api/v1/calls/call-0/hangup", nil).want(404)
	var script struct{ Text string }
	d.do("GET", "/api/v1/calls/call-1/transcript", nil).want(200).into(&script)
	if !strings.Contains(script.Text, "customer: on friday") {
		t.Errorf("transcript %q", script.Text)
	}
}

func TestARecordingIsServedInRanges(t *testing.T) {
	d := newDesk(t)
	d.ended("call-1", "+12025550100", outcome.Refused, "no")
	var r struct{ Recording string }
	d.do("GET", "/api/v1/calls/call-1", nil).want(200).into(&r)
	whole := d.do("GET", r.Recording, nil).want(200)
	if s, err := wav.Decode(bytes.NewReader(whole.body), int64(len(whole.body))); err != nil || s.Channels != 2 || len(s.PCM) != 16000 {
		t.Errorf("the recording: %v", err)
	}
	part := d.as(tenant.Default, "GET", r.Recording, nil, "Range", "bytes=8-11").want(206)
	if string(part.body) != "WAVE" || part.header.Get("Content-Range") != fmt.Sprintf("bytes 8-11/%d", len(whole.body)) {
		t.Errorf("bytes 8 to 11 are %q, %s", part.body, part.header.Get("Content-Range"))
	}
	if a := d.as(tenant.Default, "GET", r.Recording, nil, "Range", "bytes=999999-"); a.status != 416 {
		t.Errorf("a range beyond the end gives %d", a.status)
	}
	if a := d.as(tenant.Default, "HEAD", r.Recording, nil); a.status != 200 || a.header.Get("Content-Length") == "" {
		t.Errorf("HEAD gives %d", a.status)
	}
}

func TestNumbersNeverCalled(t *testing.T) {
	d := newDesk(t)
	d.do("POST", "/api/v1/dnc", map[string]string{"phone": "202-555-0100", "reason": "asked"}).want(204)
	d.do("POST", "/api/v1/dnc", map[string]string{"phone": "nobody"}).want(422)
	var page struct {
		Items []struct{ Phone, Reason string }
	}
	d.do("GET", "/api/v1/dnc", nil).want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Phone != "+12025550100" {
		t.Errorf("the list is %+v", page.Items)
	}
	one := map[string]any{"to": "+12025550100", "flow": "payment-reminder.en", "profile": "test"}
	d.do("POST", "/api/v1/calls", one).want(422, "amount_due")
	one["variables"] = map[string]string{"name": "Lee", "amount_due": "5.00 USD", "due_date": "2026-12-01", "creditor": "Acme", "tail": "0472"}
	d.do("POST", "/api/v1/calls", one).want(409, "may not be called")
	one["from"] = "110"
	d.do("POST", "/api/v1/calls", one).want(422, "from: ")
	one["from"], one["identity"] = "202-555-0199", "..signature;info=<https://c.example/c.cer>\r\nVia: x"
	d.do("POST", "/api/v1/calls", one).want(422, "full form")
	delete(one, "identity")
	d.do("POST", "/api/v1/calls", one).want(409, "may not be called")
	d.do("DELETE", "/api/v1/dnc/+12025550100", nil).want(204)
	d.do("GET", "/api/v1/dnc", nil).want(200).into(&page)
	if len(page.Items) != 0 {
		t.Errorf("after the removal the list is %+v", page.Items)
	}
}

// TestEventsResume: a client that comes back misses nothing and sees nothing
// twice, and nobody else's.
func TestEventsResume(t *testing.T) {
	d := newDesk(t)
	publish := func(of, text string) {
		t.Helper()
		if err := d.books.Publish(t.Context(), event.Event{Tenant: of, Subject: "call.ended", Data: json.RawMessage(text)}); err != nil {
			t.Fatal(err)
		}
	}
	publish(tenant.Default, `"first"`)
	publish("other", `"foreign"`)
	publish(tenant.Default, `"second"`)
	last := ""
	for _, step := range []struct{ from, want string }{{"0", `"first" "second"`}, {"", `"third"`}} {
		from := step.from
		if from == "" {
			from = last
			publish(tenant.Default, `"third"`)
		}
		got, id := d.readEvents(from, len(strings.Fields(step.want)))
		if got != step.want {
			t.Errorf("from %q the stream gives %s, want %s", from, got, step.want)
		}
		last = id
	}
	d.as(tenant.Default, "GET", "/api/v1/events", nil, "Last-Event-ID", "yesterday").want(400)
}

// readEvents reads n events after an identifier.
func (d *desk) readEvents(after string, n int) (data, last string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+"/api/v1/events?subject=call", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.keys[tenant.Default])
	r.Header.Set("Last-Event-ID", after)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	late := time.AfterFunc(10*time.Second, func() { resp.Body.Close() })
	defer late.Stop()
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		d.t.Errorf("the stream is of type %q", got)
	}
	var all []string
	for lines := bufio.NewScanner(resp.Body); len(all) < n && lines.Scan(); {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			last = id
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			all = append(all, text)
		}
	}
	return strings.Join(all, " "), last
}

func TestEveryFailureIsAProblem(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/api/v1/nothing", "", 404},
		{"GET", "/api/v2/campaigns", "", 404},
		{"GET", "/api/", "", 404},
		{"PATCH", "/api/v1/campaigns", "", 405},
		{"GET", "/api/v1/campaigns/none", "", 404},
		{"POST", "/api/v1/campaigns", "{", 400},
		{"POST", "/api/v1/campaigns", `{"name": 5}`, 422},
		{"POST", "/api/v1/campaigns", strings.Repeat(" ", 2<<20), 413},
		{"GET", "/api/v1/calls?from=yesterday", "", 422},
		{"DELETE", "/api/v1/dnc/+12025550100", "", 404},
		{"GET", "/api/v1/lists/none/errors.csv", "", 404},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			d.t = t
			d.as(tenant.Default, c.method, c.path, strings.NewReader(c.body), "Content-Type", "application/json").want(c.status)
		})
	}
}

func TestOtherOriginsChangeNothing(t *testing.T) {
	d := newDesk(t)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
		d.as(tenant.Default, "POST", "/api/v1/stop", nil, headers...).want(403, "other origins")
		d.as(tenant.Default, "GET", "/api/v1/campaigns", nil, headers...).want(200)
	}
	d.as(tenant.Default, "POST", "/api/v1/stop", nil, "Sec-Fetch-Site", "same-origin").want(200)
}

func TestWhatIsOpenToEverybody(t *testing.T) {
	d := newDesk(t)
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/": "<title>parley", "/docs": "docs.js", "/docs.js": "openapi.json"} {
		a := d.as("", "GET", path, nil).want(200)
		if !strings.Contains(string(a.body), want) {
			t.Errorf("%s has no %q", path, want)
		}
		if policy := a.header.Get("Content-Security-Policy"); strings.Contains(want, ".js") && (!strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe")) {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
	if err := d.books.Close(); err != nil {
		t.Fatal(err)
	}
}
