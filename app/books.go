package app

import (
	"context"
	"fmt"
	"io"

	"parley/api"
	"parley/campaign"
	"parley/phone"
	"parley/rates"
	"parley/store"
)

// books are the store as the API reads it.
type booksAPI struct {
	*store.Store

	// tests are the only numbers that profile "test" dials on this server.
	tests []string
	// region is the country of numbers written without one.
	region  string
	callers *campaign.Callers
}

var _ api.Store = (*booksAPI)(nil)

// pageOfAll bounds lists that the API gives whole.
const pageOfAll = 1000

func (b *booksAPI) ImportList(ctx context.Context, l campaign.List, o campaign.Options, r io.Reader) (campaign.List, error) {
	return b.Store.ImportList(ctx, l.Tenant, l.Name, r, o)
}

func (b *booksAPI) Lists(ctx context.Context, tenant string) ([]campaign.List, error) {
	return b.Store.Lists(ctx, tenant, pageOfAll)
}

func (b *booksAPI) Campaigns(ctx context.Context, tenant string) ([]campaign.Campaign, error) {
	return b.Store.Campaigns(ctx, tenant, pageOfAll)
}

// CreateCampaign gives a test campaign the server's own test numbers: a
// merchant cannot widen them.
func (b *booksAPI) CreateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error) {
	if c.Profile == testProfile {
		c.AllowList = b.tests
	}
	if err := b.callers.Allowed(c.Tenant, c.CallerIDs); err != nil {
		return c, campaign.Invalid{Why: err.Error()}
	}
	return b.Store.CreateCampaign(ctx, c)
}

func (b *booksAPI) Outcomes(ctx context.Context, tenant, id string) (api.Outcomes, error) {
	s, err := b.Stats(ctx, tenant, id)
	if err != nil {
		return api.Outcomes{}, err
	}
	o := api.Outcomes{
		Calls: s.Attempts, Answered: s.Answered, TalkMS: s.TalkMS,
		Networks: s.Networks, AnsweredBy: s.AnsweredBy, Dispositions: s.Dispositions, Reasons: s.Reasons,
		Cost: []api.Spent{}, Unpriced: s.Unpriced,
	}
	for _, c := range s.Spent {
		o.Cost = append(o.Cost, api.Spent{Amount: c.Amount.Number(), Currency: c.Currency, Calls: c.Calls})
	}
	return o, nil
}

func (b *booksAPI) RateTables(ctx context.Context, tenant string) ([]rates.Table, error) {
	return b.Store.RateTables(ctx, tenant, pageOfAll)
}

func (b *booksAPI) Calls(ctx context.Context, q api.CallQuery) ([]api.CallRow, string, error) {
	page, err := b.Store.Calls(ctx, store.CallFilter{
		Tenant: q.Tenant, Campaign: q.Campaign, Phone: q.Phone, Network: q.Network, Disposition: q.Disposition,
		Intent: q.Intent, Text: q.Text, From: q.From, To: q.To, Cursor: q.Cursor, Limit: q.Limit,
	})
	rows := make([]api.CallRow, 0, len(page.Calls))
	for _, c := range page.Calls {
		rows = append(rows, api.CallRow(c))
	}
	return rows, page.Next, err
}

func (b *booksAPI) DNC(ctx context.Context, tenant, after string, limit int) ([]api.DNCEntry, error) {
	all, err := b.Store.DNC(ctx, tenant, after, limit)
	entries := make([]api.DNCEntry, 0, len(all))
	for _, e := range all {
		entries = append(entries, api.DNCEntry(e))
	}
	return entries, err
}

// AddDNC writes the number as the rest of the books do: a number that is
// written otherwise would be on the list and called all the same.
func (b *booksAPI) AddDNC(ctx context.Context, tenant string, e api.DNCEntry) error {
	n, err := phone.Parse(e.Phone, b.region)
	if err != nil {
		return campaign.Invalid{Why: fmt.Sprintf("phone: %v", err)}
	}
	e.Phone = n.E164
	return b.Store.AddDNC(ctx, tenant, store.DNCEntry(e))
}

func (b *booksAPI) Payment(ctx context.Context, tenant, number, person, account string) (int, error) {
	if number != "" {
		n, err := phone.Parse(number, b.region)
		if err != nil {
			return 0, campaign.Invalid{Why: fmt.Sprintf("phone: %v", err)}
		}
		number = n.E164
	}
	return b.Store.Payment(ctx, tenant, number, person, account)
}
