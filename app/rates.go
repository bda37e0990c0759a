package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"parley/call"
	"parley/outcome"
	"parley/rates"
	"parley/store"
)

// prices are the trunk's rates as its file has them, nil without one.
func (t TrunkConfig) prices() ([]rates.Rate, error) {
	if t.Rates == "" {
		return nil, nil
	}
	f, err := os.Open(t.Rates)
	if err != nil {
		return nil, fmt.Errorf("trunk %s: rates: %w", t.Name, err)
	}
	defer f.Close()
	all, err := rates.Read(f)
	if err != nil {
		return nil, fmt.Errorf("trunk %s: rates: %s: %w", t.Name, t.Rates, err)
	}
	return all, nil
}

// configureRates makes the files of the configuration the server's own tables.
// One that has not changed since the last start is not kept again; a trunk
// without a file keeps the table it had.
func configureRates(ctx context.Context, trunks []TrunkConfig, books *store.Store, log *slog.Logger) error {
	for _, t := range trunks {
		all, err := t.prices()
		if err != nil {
			return err
		}
		if all == nil {
			continue
		}
		isNew, err := books.ConfigureRates(ctx, t.Name, all)
		if err != nil {
			return fmt.Errorf("trunk %s: keep its rates: %w", t.Name, err)
		}
		if isNew {
			log.Info("a new rate table is in effect", "trunk", t.Name, "entries", len(all))
		}
	}
	return nil
}

// priceList are the files of the configuration by trunk, for a call without a
// database.
type priceList map[string][]rates.Rate

func newPriceList(trunks []TrunkConfig) (priceList, error) {
	list := priceList{}
	for _, t := range trunks {
		all, err := t.prices()
		if err != nil {
			return nil, err
		}
		list[t.Name] = all
	}
	return list, nil
}

// price writes into an answered call's report what it cost, or why that is not
// known; a trunk without a file prices nothing and says nothing.
func (p priceList) price(r *call.Report) {
	all := p[r.Trunk]
	if all == nil || r.Network != outcome.Answered {
		return
	}
	rate, ok := rates.Longest(all, r.To)
	if !ok {
		r.CostUnknown = fmt.Sprintf("the rate table of trunk %s has no prefix for the number", r.Trunk)
		return
	}
	r.Cost = rate.Apply("", time.Duration(r.TalkMS)*time.Millisecond)
}

// trunkNames are those of the configuration, in its order.
func (c Config) trunkNames() []string {
	var names []string
	for _, t := range c.Trunks {
		names = append(names, t.Name)
	}
	return names
}
