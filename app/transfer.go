package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/api"
	"parley/call"
	"parley/campaign"
	"parley/phone"
	"parley/rules"
)

// TransferConfig is whom a flow's queue reaches: the far side is asked to call
// it (REFER).
type TransferConfig struct {
	// Queue is the name that flows give after transfer.
	Queue string `yaml:"queue"`
	// To is a number, or a sip: URI that the carrier can reach.
	To string `yaml:"to"`
	// Profile names the rules for the number; empty for the call's own. They are
	// asked which kind of number it is, and whether test mode allows it.
	Profile string `yaml:"profile"`
}

// checkTransfers finds what cannot work in the queues.
func (c *Config) checkTransfers() (problems []error) {
	seen := map[string]bool{}
	for i, q := range c.Transfers {
		switch _, err := phone.Parse(q.To, c.Rules.Region); {
		case q.Queue == "":
			problems = append(problems, fmt.Errorf("transfers[%d]: name the queue as flows do", i))
		case seen[q.Queue]:
			problems = append(problems, fmt.Errorf("transfers[%d]: the queue %q stands above; leave one out", i, q.Queue))
		case err != nil && !phone.IsURI(q.To):
			problems = append(problems, fmt.Errorf("transfers[%d]: to: %w", i, err))
		}
		seen[q.Queue] = true
		at := slices.IndexFunc(c.Inbound, func(n InboundConfig) bool { return n.Profile == "" })
		if q.Profile == "" && at >= 0 {
			problems = append(problems, fmt.Errorf("transfers[%d]: name a profile, here or in inbound[%d]: its callers come without one", i, at))
		}
	}
	return problems
}

// checkProfiles finds queues whose rules do not exist.
func checkProfiles(queues []TransferConfig, profiles []string) error {
	for i, q := range queues {
		if q.Profile != "" && !slices.Contains(profiles, q.Profile) {
			return fmt.Errorf("transfers[%d]: there is no rules profile %q; choose one of %v", i, q.Profile, profiles)
		}
	}
	return nil
}

// reach is call.Transfers.
func (l *placer) reach(_ context.Context, t call.Target, queue string) (string, error) {
	for _, q := range l.transfers {
		if q.Queue == queue {
			if q.Profile == "" {
				q.Profile = t.Case.Profile
			}
			return l.mayReach(q.To, q.Profile)
		}
	}
	return "", fmt.Errorf("nothing says where the queue %q is reached; name it under transfers", queue)
}

// mayReach asks the rules about a queue's number. It is the operator's own desk
// and no customer: what counts is what kind of number it is, and test mode.
func (l *placer) mayReach(to, profile string) (string, error) {
	c := rules.Case{Number: to, Raw: to, Region: l.region, Profile: profile, AllowList: l.tests}
	if !phone.IsURI(to) {
		n, err := phone.Parse(to, l.region)
		if err != nil {
			return "", fmt.Errorf("the transfer's number: %w", err)
		}
		c.Number = n.E164
	} else if profile != testProfile {
		return to, nil // rules are about numbers, and test mode about this machine
	}
	ruled := slices.DeleteFunc(l.kernel.Judge(c, time.Now()), func(r rules.Ruling) bool {
		return r.Rule != "profile" && r.Rule != "number_class" && r.Rule != "test_mode"
	})
	if err := allowed(ruled); err != nil {
		return "", err
	}
	return c.Number, nil
}

// allowed is why nobody may be handed there; nil when somebody may.
func allowed(ruled []rules.Ruling) error {
	switch decision, until, why := rules.Decide(ruled); {
	case decision == rules.Allow:
		return nil
	case !until.IsZero():
		return fmt.Errorf("not transferred: %s (until %s)", why, until.Format(time.RFC3339))
	default:
		return fmt.Errorf("not transferred: %s", why)
	}
}

// mayRing asks the rules about a number that somebody asked for over the API,
// as about any number that is dialled: it is rung on our wish.
func (l *placer) mayRing(ctx context.Context, tenant, profile string, r api.TransferRequest) (string, error) {
	contact := campaign.Contact{Tenant: tenant, Phone: r.To, RawPhone: r.To, Country: l.region}
	if !phone.IsURI(r.To) {
		n, err := phone.Parse(r.To, l.region)
		if err != nil {
			return "", campaign.Conflict{Why: fmt.Sprintf("the transfer's number: %v", err)}
		}
		contact.Phone = n.E164
	}
	if r.ConsentKind != "" {
		contact.Consent = &rules.Consent{Kind: r.ConsentKind, Evidence: r.ConsentEvidence}
	}
	c, err := l.books.Case(ctx, campaign.Campaign{Tenant: tenant, Profile: profile, AllowList: l.tests}, contact)
	if err != nil {
		return "", err
	}
	if err := allowed(l.kernel.Judge(c, time.Now())); err != nil {
		return "", campaign.Conflict{Why: err.Error()}
	}
	return contact.Phone, nil
}

// transferTimeout bounds how long a request waits for a transfer's end.
const transferTimeout = 30 * time.Second

// Transfer implements api.Line.
func (l *placer) Transfer(ctx context.Context, tenant, id string, r api.TransferRequest) error {
	l.mu.Lock()
	c := l.live[id]
	l.mu.Unlock()
	if c == nil || c.tenant != tenant {
		return campaign.NotFound{What: "live call"}
	}
	profile := r.Profile
	if profile == "" {
		profile = c.profile
	}
	if phone.IsURI(r.To) && profile != testProfile {
		return campaign.Invalid{Why: "to: only a number can be asked for; SIP addresses are for queues of the configuration"}
	}
	to, err := l.mayRing(ctx, tenant, profile, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	switch err := c.session.Transfer(ctx, to); {
	case errors.Is(err, context.DeadlineExceeded):
		return api.ErrUnderWay
	case err != nil:
		return campaign.Conflict{Why: "the call was not transferred: " + err.Error()}
	}
	return nil
}
