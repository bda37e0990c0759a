//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestThePageInABrowser is what a user does at / and /docs, in Chromium,
// against a server that calls customers: sign in, start a campaign, watch it
// to its end, open a call, hear its recording, look the interface up.
func TestThePageInABrowser(t *testing.T) {
	need(t, "flite")
	b := newBrowser(t)
	c := simulate(t, "--personas", "testdata/console")
	s := serve(t, t.TempDir(), against(t, c, ""))
	b.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(s.url+"/"), chromedp.WaitVisible(chromedp.CSS("#key")))
	b.fits("sign-in")
	refuses(b, s)
	signsIn(b, s)
	id := s.campaign(map[string]any{"name": "November reminders", "list": s.upload(numbers(130, 2)), "cps": 10})
	runsACampaign(b, s, id)
	playsARecording(b)
	b.fits("call")
	stays(b)
	signsOutAndComesBackByLink(b, s)
	readsTheReference(b, s)
}

// refuses: a key that is none is answered with a sentence, and nothing is shown.
func refuses(b *browser, s *server) {
	for _, wrong := range []string{"钥匙", "parley_0123456789abcdef_" + strings.Repeat("0", 64)} {
		b.do(chromedp.SendKeys(chromedp.CSS("#key"), wrong+"\r"))
		b.wait("a wrong key is refused", `!document.querySelector("#enter").disabled && document.querySelector("#refused").textContent.startsWith("This key was not accepted.")`)
	}
	if !eval[bool](b, `document.querySelector("main").hidden && !document.querySelector("#sign-in").hidden`) {
		b.t.Error("a wrong key opens the page")
	}
	for _, w := range b.complaints() {
		if !strings.Contains(w, "401") {
			b.t.Errorf("refusing a key: %s", w)
		}
	}
	b.picture("refused")
}

func signsIn(b *browser, s *server) {
	b.do(chromedp.SendKeys(chromedp.CSS("#key"), s.key+"\r"), chromedp.WaitVisible(chromedp.CSS("main")))
	if empty := eval[string](b, `document.querySelector("main").innerText`); !strings.Contains(empty, "No campaign yet.") || !strings.Contains(empty, "No call yet.") {
		b.t.Errorf("without campaigns the page says %q", empty)
	}
	b.fits("empty")
	b.clean("signing in")
}

// runsACampaign starts a draft from the page, which asks first, and watches it.
func runsACampaign(b *browser, s *server, id string) {
	row := fmt.Sprintf(`document.querySelector('#campaigns tr[data-id="%s"]')`, id)
	b.wait("the draft is shown", row+"?.cells[1].textContent === 'draft'")
	b.do(chromedp.Click(chromedp.CSS(`#campaigns button[aria-label="start November reminders draft"]`)))
	b.wait("the campaign ends", row+".cells[1].textContent === 'finished'")
	if asked := b.confirmed(); len(asked) != 1 || !strings.Contains(asked[0], "Call the 2 contacts of “November reminders”") {
		b.t.Errorf("the page asked %q", asked)
	}
	var rows [][]string
	b.wait("both calls are listed", `document.querySelector("#calls").rows.length === 2`)
	rows = eval[[][]string](b, `[...document.querySelector("#calls").rows].map((r) => [...r.cells].map((c) => c.textContent))`)
	networks := []string{rows[0][2], rows[1][2]}
	slices.Sort(networks)
	if !slices.Equal(networks, []string{"answered", "busy"}) {
		b.t.Errorf("the calls are %q", rows)
	}
	if cells := eval[[]string](b, `[...`+row+`.cells].map((c) => c.textContent)`); !slices.Equal(cells[:5], []string{"November reminders", "finished", "2", "2", "0"}) {
		b.t.Errorf("the campaign is %q", cells)
	}
	for _, w := range b.complaints() {
		if !strings.Contains(w, "409") { // the answer to the first start, which asks
			b.t.Errorf("a campaign: %s", w)
		}
	}
}

// playsARecording opens the answered call with the keyboard and plays it.
func playsARecording(b *browser) {
	b.do(chromedp.Focus(chromedp.CSS(`#calls button[aria-label*="+12025550130"]`)), chromedp.KeyEvent("\r"),
		chromedp.WaitVisible(chromedp.CSS("#recording")))
	b.wait("the recording is loaded", `document.querySelector("#recording").duration > 3`)
	if said := eval[string](b, `document.querySelector("#turns").innerText`); !strings.Contains(said, "automated assistant") {
		b.t.Errorf("the transcript is %q", said)
	}
	b.do(chromedp.Focus(chromedp.CSS("#recording")), chromedp.KeyEvent(" "))
	b.wait("the recording plays", `document.querySelector("#recording").currentTime > 0.3`)
	if problem := eval[string](b, `document.querySelector("#recording").error?.message ?? ""`); problem != "" {
		b.t.Errorf("the recording: %s", problem)
	}
	b.clean("a recording")
}

// stays: the page reads everything again while the keyboard is on a button,
// which keeps it.
func stays(b *browser) {
	b.do(chromedp.Focus(chromedp.CSS("#calls button")))
	reads := `performance.getEntriesByType("resource").filter((e) => e.name.includes("/api/v1/calls?")).length`
	before := eval[int](b, reads)
	b.wait("two refreshes", fmt.Sprintf("%s >= %d", reads, before+2))
	if !eval[bool](b, `document.activeElement === document.querySelector("#calls button")`) {
		b.t.Error("a refresh took the keyboard's focus")
	}
}

func signsOutAndComesBackByLink(b *browser, s *server) {
	b.do(chromedp.Click(chromedp.CSS("#sign-out")), chromedp.WaitVisible(chromedp.CSS("#sign-in")))
	if left := eval[string](b, `document.querySelector("#calls").textContent + sessionStorage.length`); left != "0" {
		b.t.Errorf("signed out, the page keeps %q", left)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/#key="+s.key), chromedp.WaitVisible(chromedp.CSS("#calls button")))
	if at := eval[string](b, "location.href"); at != s.url+"/" {
		b.t.Errorf("the link's key stays in the address, %q", strings.ReplaceAll(at, s.key, "KEY"))
	}
	b.clean("the admin link")
}

// readsTheReference: /docs shows every operation, and the links of types open
// what they name.
func readsTheReference(b *browser, s *server) {
	resp, err := http.Get(s.url + "/openapi.json")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc struct{ Paths map[string]map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		b.t.Fatal(err)
	}
	operations := 0
	for _, methods := range doc.Paths {
		operations += len(methods)
	}
	b.do(chromedp.Click(chromedp.CSS(`header a[href="/docs"]`)), chromedp.WaitVisible(chromedp.CSS("#get-campaigns")))
	if got := eval[int](b, `document.querySelectorAll("#operations details").length`); got != operations || operations < 20 {
		b.t.Errorf("/docs shows %d operations of %d", got, operations)
	}
	b.picture("docs-closed")
	b.do(chromedp.Click(chromedp.CSS("#post-campaigns summary")), chromedp.WaitVisible(chromedp.CSS("#post-campaigns h3")),
		chromedp.Click(chromedp.CSS("#post-campaigns a")))
	b.wait("the schema is opened", `document.querySelector(location.hash).open && location.hash.startsWith("#schema-")`)
	b.fits("docs")
	b.clean("/docs")
}

// clean checks that the pages went without a fault so far.
func (b *browser) clean(doing string) {
	b.t.Helper()
	for _, w := range b.complaints() {
		b.t.Errorf("%s: %s", doing, w)
	}
}
