package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/outcome"
	"parley/rules"
	"parley/store"
)

const (
	benchTenant = "bench"
	// benchContacts is the length of the list; a second of measuring takes some
	// thousands of them at most.
	benchContacts = 80_000
	claimAtOnce   = 256
	claimLease    = time.Minute
)

// durable is the way of a campaign's contact: claimed with others, begun on
// disk and in the journal, called, and settled. The rules are left out; they
// are a pure function and have their own benchmark.
func durable(ctx context.Context, o DialOptions, s call.Dialer) (p DialPart, err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return p, fmt.Errorf("make a folder for the database: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(ctx, store.Options{Dir: dir, Log: o.Log})
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := startCampaign(ctx, db)
	if err != nil {
		return p, err
	}
	q := &queue{db: db, campaign: c}
	return measureDial(ctx, o, func(ctx context.Context) (time.Duration, error) {
		l, err := q.next(ctx)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		t := campaign.TargetOf(l, "")
		t.Trunk = "bench"
		if _, err := db.Begin(ctx, l, t, allowed); err != nil {
			return 0, err
		}
		took, err := setUp(ctx, s, t, began)
		if err != nil {
			return 0, err
		}
		return took, db.Settle(ctx, l, settlement(l, began))
	})
}

var allowed = []rules.Ruling{{Rule: "number_class", Decision: rules.Allow, Reason: "mobile", Version: "bench/1"}}

// startCampaign imports the list and starts a campaign over it.
func startCampaign(ctx context.Context, db *store.Store) (c campaign.Campaign, err error) {
	if _, err := db.Lead(ctx); err != nil {
		return c, err
	}
	if err := db.CreateTenant(ctx, benchTenant, benchTenant); err != nil {
		return c, err
	}
	l, err := db.ImportList(ctx, benchTenant, "bench", benchList(), campaign.Options{})
	if err != nil {
		return c, err
	}
	if l.Summary.Accepted < benchContacts {
		return c, fmt.Errorf("only %d of %d contacts were taken from the bench's list", l.Summary.Accepted, benchContacts)
	}
	c, err = db.CreateCampaign(ctx, campaign.Campaign{Tenant: benchTenant, Name: "bench", List: l.ID, Flow: "payment-reminder.en", Profile: "test"})
	if err != nil {
		return c, err
	}
	return db.Move(ctx, benchTenant, c.ID, campaign.Running, "bench")
}

var benchAreas = []int{212, 213, 312, 415, 617, 702, 818, 917}

// benchList has numbers of the exchange 555 in eight area codes.
func benchList() io.Reader {
	var b strings.Builder
	b.WriteString("phone,name,amount_due,currency,external_id\n")
	for i := range benchContacts {
		fmt.Fprintf(&b, "+1%d555%04d,Person %d,10.00,USD,person-%d\n", benchAreas[i/10_000], i%10_000, i, i)
	}
	return strings.NewReader(b.String())
}

// queue hands out claimed contacts; who finds it empty claims the next.
type queue struct {
	db       *store.Store
	campaign campaign.Campaign
	mu       sync.Mutex
	claimed  []campaign.Lease
}

func (q *queue) next(ctx context.Context) (l campaign.Lease, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.claimed) == 0 {
		if q.claimed, err = q.db.Claim(ctx, q.campaign, claimAtOnce, claimLease); err != nil {
			return l, err
		}
		if len(q.claimed) == 0 {
			return l, io.EOF
		}
	}
	l, q.claimed = q.claimed[0], q.claimed[1:]
	return l, nil
}

func settlement(l campaign.Lease, began time.Time) campaign.Settlement {
	now := time.Now()
	r := call.Report{
		ID: l.Attempt, Campaign: l.Campaign.ID, Contact: l.Contact.ID, Attempt: l.Attempt, To: l.Contact.Phone, Started: began, Answered: now,
		Ended: now, Network: outcome.Answered, AnsweredBy: outcome.Human, Disposition: outcome.Completed, Rang: true,
	}
	return campaign.Settlement{Report: r, Counted: true, Next: campaign.Next{Final: true}}
}
