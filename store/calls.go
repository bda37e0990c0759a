package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/rules"
)

// CallFilter selects calls; what is empty does not filter.
type CallFilter struct {
	Tenant, Campaign, Contact, Phone string
	Network, AnsweredBy, Disposition string
	Intent                           string
	// MinAnger selects by the customer's strongest anger, 0 to 1.
	MinAnger float64
	// Text finds calls whose transcript has all its words.
	Text     string
	From, To time.Time
	// Cursor is a page's Next; Limit is at most 500, 0 for 50.
	Cursor string
	Limit  int
}

// CallPage is a page of calls, newest first, and the cursor of the next one.
type CallPage struct {
	Calls []CallRow `json:"calls"`
	Next  string    `json:"next,omitempty"`
}

// CallRow is a call in a list. State is dialling, ended, released (never sent)
// or uncertain.
type CallRow struct {
	ID       string `json:"id"`
	Campaign string `json:"campaign,omitempty"`
	Contact  string `json:"contact,omitempty"`
	To       string `json:"to"`
	// Direction is "outbound", or "inbound" when the customer called; To is the
	// customer's number in either case.
	Direction   string    `json:"direction"`
	State       string    `json:"state"`
	Started     time.Time `json:"started"`
	Answered    time.Time `json:"answered,omitzero"`
	Ended       time.Time `json:"ended,omitzero"`
	TalkMS      int64     `json:"talk_ms"`
	Network     string    `json:"network,omitempty"`
	AnsweredBy  string    `json:"answered_by,omitempty"`
	Disposition string    `json:"disposition,omitempty"`
	Anger       float64   `json:"anger,omitempty"`
}

// intentText makes a list of intents searchable: each between bars.
func intentText(intents []string) string {
	if len(intents) == 0 {
		return ""
	}
	all := slices.Compact(slices.Sorted(slices.Values(intents)))
	return "|" + clean(strings.Join(all, "|")) + "|"
}

// Calls gives a page of a tenant's calls, newest first.
func (s *Store) Calls(ctx context.Context, f CallFilter) (CallPage, error) {
	limit := f.Limit
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	where := []string{"a.tenant = ?1"}
	args := []any{f.Tenant}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "\x00"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, strings.ReplaceAll(condition, "\x00", "?"))
	}
	for _, c := range [][2]string{
		{"campaign", f.Campaign}, {"contact", f.Contact}, {"phone", f.Phone}, {"network", f.Network}, {"answered_by", f.AnsweredBy}, {"disposition", f.Disposition},
	} {
		if c[1] != "" {
			add("a."+c[0]+" = ?", clean(c[1]))
		}
	}
	if f.Intent != "" {
		// LIKE's own signs are no part of an intent's name.
		add("a.intents LIKE ?", "%|"+strings.NewReplacer("%", "", "|", "").Replace(clean(f.Intent))+"|%")
	}
	if f.MinAnger > 0 {
		add("a.anger >= ?", f.MinAnger)
	}
	if !f.From.IsZero() {
		add("a.started >= ?", ms(f.From))
	}
	if !f.To.IsZero() {
		add("a.started < ?", ms(f.To))
	}
	terms, ok := queryTerms(f.Text)
	if !ok {
		return CallPage{Calls: []CallRow{}}, nil
	}
	for _, term := range terms {
		add("EXISTS (SELECT 1 FROM terms w WHERE w.tenant = a.tenant AND w.call = a.id AND w.term = ?)", term)
	}
	if f.Cursor != "" {
		at, id, ok := strings.Cut(f.Cursor, "-")
		n, err := strconv.ParseInt(at, 36, 64)
		if !ok || err != nil {
			return CallPage{}, campaign.Invalid{Why: "the cursor is not one of this list"}
		}
		add("(a.started < ? OR a.started = ? AND a.id < ?)", n, n, clean(id))
	}
	args = append(args, limit+1)
	query := `SELECT a.id, a.campaign, a.contact, a.phone, a.direction, a.state, a.started, a.answered, a.ended, a.talk_ms, a.network, a.answered_by, a.disposition, a.anger
		FROM attempts a WHERE ` + strings.Join(where, " AND ") + " ORDER BY a.started DESC, a.id DESC LIMIT ?" + strconv.Itoa(len(args))
	page := CallPage{Calls: []CallRow{}}
	// Not through each: a query of many shapes must not be remembered for ever.
	rows, err := s.read.QueryContext(ctx, s.d.translate(query), args...)
	if err == nil {
		err = drain(rows, func(row scan) error {
			var c CallRow
			var started, answered, ended int64
			err := row(&c.ID, &c.Campaign, &c.Contact, &c.To, &c.Direction, &c.State, &started, &answered, &ended, &c.TalkMS, &c.Network, &c.AnsweredBy, &c.Disposition, &c.Anger)
			c.Started, c.Answered, c.Ended = fromMS(started), fromMS(answered), fromMS(ended)
			page.Calls = append(page.Calls, c)
			return err
		})
	}
	if err != nil {
		return CallPage{}, fmt.Errorf("listing calls: %w", explain(err))
	}
	if len(page.Calls) > limit {
		page.Calls = page.Calls[:limit]
		last := page.Calls[limit-1]
		page.Next = strconv.FormatInt(ms(last.Started), 36) + "-" + last.ID
	}
	return page, nil
}

// Call gives a call's report. Of one still under way it has what is known.
func (s *Store) Call(ctx context.Context, tenant, id string) (call.Report, error) {
	var r call.Report
	var target, report, rulings, state, direction string
	var started, answered int64
	err := s.one(ctx, "call", "SELECT target, report, rulings, state, direction, started, answered FROM attempts WHERE tenant = ?1 AND id = ?2",
		[]any{tenant, id}, &target, &report, &rulings, &state, &direction, &started, &answered)
	if err != nil {
		return r, err
	}
	var t call.Target
	var ruled []rules.Ruling
	for text, into := range map[string]any{target: &t, rulings: &ruled, report: &r} {
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return r, fmt.Errorf("a stored call cannot be read: %w", err)
		}
	}
	if report == "" || r.Started.IsZero() {
		r.Started, r.Answered = fromMS(started), fromMS(answered)
	}
	r.ID, r.Campaign, r.Contact, r.Attempt, r.To, r.From = id, t.Campaign, t.Contact, t.Attempt, t.To, t.From
	r.Direction = direction // a target that is forgotten has none
	if r.Trunk == "" {      // a report knows which of several it was
		r.Trunk = t.Trunk
	}
	if len(r.Rules) == 0 {
		r.Rules = ruled
	}
	r.Turns, err = s.Transcript(ctx, tenant, id)
	return r, err
}

// CallState is "dialling", "ended", "released" or "uncertain".
func (s *Store) CallState(ctx context.Context, tenant, id string) (string, error) {
	var state string
	err := s.one(ctx, "call", "SELECT state FROM attempts WHERE tenant = ?1 AND id = ?2", []any{tenant, id}, &state)
	return state, err
}

// Transcript gives the turns of a call in order.
func (s *Store) Transcript(ctx context.Context, tenant, id string) ([]call.Turn, error) {
	var turns []call.Turn
	err := s.each(ctx, "transcript", "SELECT data FROM turns WHERE tenant = ?1 AND call = ?2 ORDER BY n", []any{tenant, id}, func(row scan) error {
		var data string
		if err := row(&data); err != nil {
			return err
		}
		var t call.Turn
		err := json.Unmarshal([]byte(data), &t)
		turns = append(turns, t)
		return err
	})
	return turns, err
}

func (t *tx) transcript(tenant, id string, turns []call.Turn) error {
	seen := map[string]bool{}
	for n, turn := range turns {
		if _, err := t.exec("INSERT INTO turns (tenant, call, n, speaker, data) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant, call, n) DO UPDATE SET data = excluded.data",
			tenant, id, n, string(turn.By), doc(turn)); err != nil {
			return err
		}
		for term := range terms(turn.Text) {
			if seen[term] || len(seen) >= maxTerms {
				continue
			}
			seen[term] = true
			if _, err := t.exec("INSERT INTO terms (tenant, term, call) VALUES (?1, ?2, ?3) ON CONFLICT (tenant, term, call) DO NOTHING", tenant, term, id); err != nil {
				return err
			}
		}
	}
	return nil
}
