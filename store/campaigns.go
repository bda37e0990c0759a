package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/campaign"
)

// CreateCampaign keeps a new campaign as a draft and takes the list's contacts
// into it. The caller has checked it.
func (s *Store) CreateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	c.ID, c.State, c.Created, c.Updated = newID(), campaign.Draft, now, now
	err := s.w.do(ctx, "creating a campaign", func(t *tx) error {
		var state string
		err := t.one("SELECT state FROM lists WHERE tenant = ?1 AND id = ?2", []any{c.Tenant, c.List}, &state)
		if errors.Is(err, errNoRows) || err == nil && state != "ready" {
			return campaign.NotFound{What: "list"}
		}
		if err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO campaigns (tenant, id, state, data, created) VALUES (?1, ?2, ?3, ?4, ?5)",
			c.Tenant, c.ID, string(c.State), doc(c), ms(now)); err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO campaign_contacts (tenant, campaign, contact, phone, person, account, state, due, updated)
			SELECT tenant, ?2, id, phone, person, account, 'waiting', 1000 - priority, {now} FROM contacts WHERE tenant = ?1 AND list = ?3`,
			c.Tenant, c.ID, c.List)
		if err != nil {
			return err
		}
		return t.publish(s, c.Tenant, "campaign.created", map[string]any{"id": c.ID, "name": c.Name, "state": c.State})
	})
	return c, err
}

// UpdateCampaign changes the settings of a campaign that does not run; its
// list and state stay.
func (s *Store) UpdateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error) {
	err := s.w.do(ctx, "changing a campaign", func(t *tx) error {
		old, err := t.campaign(c.Tenant, c.ID)
		if err != nil {
			return err
		}
		if old.State == campaign.Running {
			return campaign.Conflict{Why: "the campaign runs; pause it first"}
		}
		c.State, c.List, c.Created, c.Started, c.Scheduled = old.State, old.List, old.Created, old.Started, old.Scheduled
		c.Updated = time.Now().UTC().Truncate(time.Millisecond)
		return t.saveCampaign(c)
	})
	return c, err
}

// Campaign gives one; Campaigns lists a tenant's, newest first.
func (s *Store) Campaign(ctx context.Context, tenant, id string) (campaign.Campaign, error) {
	var data, state string
	if err := s.one(ctx, "campaign", "SELECT data, state FROM campaigns WHERE tenant = ?1 AND id = ?2", []any{tenant, id}, &data, &state); err != nil {
		return campaign.Campaign{}, err
	}
	return readCampaign(tenant, data, state)
}

// Campaigns lists a tenant's campaigns, newest first, at most limit.
func (s *Store) Campaigns(ctx context.Context, tenant string, limit int) ([]campaign.Campaign, error) {
	var out []campaign.Campaign
	err := s.each(ctx, "campaigns", "SELECT tenant, data, state FROM campaigns WHERE tenant = ?1 ORDER BY created DESC, id DESC LIMIT ?2",
		[]any{tenant, limit}, collectCampaigns(&out))
	return out, err
}

// Active lists the running, paused and scheduled campaigns of all tenants.
func (s *Store) Active(ctx context.Context) ([]campaign.Campaign, error) {
	var out []campaign.Campaign
	err := s.each(ctx, "campaigns", "SELECT tenant, data, state FROM campaigns WHERE state IN ('running', 'paused', 'scheduled') ORDER BY created, id",
		nil, collectCampaigns(&out))
	return out, err
}

func collectCampaigns(out *[]campaign.Campaign) func(scan) error {
	return func(row scan) error {
		var tenant, data, state string
		if err := row(&tenant, &data, &state); err != nil {
			return err
		}
		c, err := readCampaign(tenant, data, state)
		*out = append(*out, c)
		return err
	}
}

func readCampaign(tenant, data, state string) (campaign.Campaign, error) {
	var c campaign.Campaign
	if err := json.Unmarshal([]byte(data), &c); err != nil {
		return c, fmt.Errorf("a stored campaign cannot be read: %w", err)
	}
	// The state's column is the truth: statements compare it.
	c.Tenant, c.State = tenant, campaign.State(state)
	return c, nil
}

func (t *tx) campaign(tenant, id string) (campaign.Campaign, error) {
	var data, state string
	err := t.one("SELECT data, state FROM campaigns WHERE tenant = ?1 AND id = ?2", []any{tenant, id}, &data, &state)
	if errors.Is(err, errNoRows) {
		return campaign.Campaign{}, campaign.NotFound{What: "campaign"}
	}
	if err != nil {
		return campaign.Campaign{}, err
	}
	return readCampaign(tenant, data, state)
}

func (t *tx) saveCampaign(c campaign.Campaign) error {
	_, err := t.exec("UPDATE campaigns SET state = ?3, data = ?4 WHERE tenant = ?1 AND id = ?2", c.Tenant, c.ID, string(c.State), doc(c))
	return err
}

// Move changes a campaign's state. To be in it already is no error; a state
// from which it may not is a Conflict.
func (s *Store) Move(ctx context.Context, tenant, id string, to campaign.State, why string) (campaign.Campaign, error) {
	var c campaign.Campaign
	err := s.w.do(ctx, "changing a campaign's state", func(t *tx) (err error) {
		if c, err = t.campaign(tenant, id); err != nil || c.State == to {
			return err
		}
		if !c.State.CanBecome(to) {
			return campaign.Conflict{Why: fmt.Sprintf("the campaign is %s and cannot become %s", c.State, to)}
		}
		return t.move(s, &c, to, why)
	})
	return c, err
}

func (t *tx) move(s *Store, c *campaign.Campaign, to campaign.State, why string) error {
	from := c.State
	c.State, c.Updated = to, time.Now().UTC().Truncate(time.Millisecond)
	switch {
	case to == campaign.Scheduled:
		c.Scheduled = c.Updated
	case to == campaign.Running && c.Started.IsZero():
		c.Started = c.Updated
	}
	if err := t.saveCampaign(*c); err != nil {
		return err
	}
	return t.publish(s, c.Tenant, "campaign.state", map[string]any{"id": c.ID, "name": c.Name, "from": from, "state": to, "why": why})
}

// StopAll stops every campaign of a tenant, or with "" of the server, and
// tells how many it stopped. Nothing begins after it returns.
func (s *Store) StopAll(ctx context.Context, tenant, why string) (int, error) {
	stopped := 0
	err := s.w.do(ctx, "stopping all campaigns", func(t *tx) error {
		stopped = 0
		var all []campaign.Campaign
		err := t.each("SELECT tenant, data, state FROM campaigns WHERE state IN ('running', 'paused', 'scheduled') AND (?1 = '' OR tenant = ?1)",
			[]any{tenant}, collectCampaigns(&all))
		if err != nil {
			return err
		}
		for _, c := range all {
			if err := t.move(s, &c, campaign.Stopped, why); err != nil {
				return err
			}
			stopped++
		}
		return nil
	})
	return stopped, err
}

// Counts tells how the contacts of a campaign stand.
func (s *Store) Counts(ctx context.Context, tenant, id string) (campaign.Counts, error) {
	var c campaign.Counts
	err := s.each(ctx, "campaign's counts", `SELECT state, COUNT(*), MIN(due) FROM campaign_contacts
		WHERE tenant = ?1 AND campaign = ?2 GROUP BY state`, []any{tenant, id}, func(row scan) error {
		var state string
		var n int
		var due int64
		if err := row(&state, &n, &due); err != nil {
			return err
		}
		switch state {
		case "waiting":
			c.Waiting = n
			if due >= neverTried { // below it is an order, no moment
				c.NextDue = fromMS(due)
			}
		case "claimed":
			c.Claimed = n
		case "dialling":
			c.Dialling = n
		case "done":
			c.Done = n
		case "uncertain":
			c.Uncertain = n
		}
		return nil
	})
	return c, err
}

// Stats sums a campaign up.
type Stats struct {
	Contacts     campaign.Counts `json:"contacts"`
	Attempts     int             `json:"attempts"`
	Answered     int             `json:"answered"`
	TalkMS       int64           `json:"talk_ms"`
	Networks     map[string]int  `json:"networks"`
	AnsweredBy   map[string]int  `json:"answered_by"`
	Dispositions map[string]int  `json:"dispositions"`
	// Reasons are why contacts ended or wait without an attempt.
	Reasons map[string]int `json:"reasons"`
	// Spent is by currency; Unpriced counts the answered calls without a cost.
	Spent    []Spent `json:"-"`
	Unpriced int     `json:"-"`
}

// Stats counts attempts by their three outcomes.
func (s *Store) Stats(ctx context.Context, tenant, id string) (Stats, error) {
	st := Stats{Networks: map[string]int{}, AnsweredBy: map[string]int{}, Dispositions: map[string]int{}, Reasons: map[string]int{}}
	var err error
	if _, err = s.Campaign(ctx, tenant, id); err != nil {
		return st, err
	}
	if st.Contacts, err = s.Counts(ctx, tenant, id); err != nil {
		return st, err
	}
	err = s.each(ctx, "campaign's results", `SELECT network, answered_by, disposition, COUNT(*), CAST(SUM(talk_ms) AS BIGINT) FROM attempts
		WHERE tenant = ?1 AND campaign = ?2 AND state <> 'dialling' AND direction = 'outbound' GROUP BY network, answered_by, disposition`, []any{tenant, id}, func(row scan) error {
		var network, by, disposition string
		var n int
		var talk int64
		if err := row(&network, &by, &disposition, &n, &talk); err != nil {
			return err
		}
		st.Attempts += n
		st.TalkMS += talk
		if network == "answered" {
			st.Answered += n
		}
		for m, key := range map[*map[string]int]string{&st.Networks: network, &st.AnsweredBy: by, &st.Dispositions: disposition} {
			if key != "" {
				(*m)[key] += n
			}
		}
		return nil
	})
	if err != nil {
		return st, err
	}
	if st.Spent, st.Unpriced, err = s.spending(ctx, tenant, id); err != nil {
		return st, err
	}
	err = s.each(ctx, "campaign's reasons", `SELECT reason, COUNT(*) FROM campaign_contacts
		WHERE tenant = ?1 AND campaign = ?2 AND reason <> '' GROUP BY reason`, []any{tenant, id}, func(row scan) error {
		var reason string
		var n int
		if err := row(&reason, &n); err != nil {
			return err
		}
		st.Reasons[reason] = n
		return nil
	})
	return st, err
}
