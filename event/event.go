// Package event is the envelope in which parley tells what happened, and the
// port that carries it to webhooks, live pages and other nodes.
package event

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Event is one thing that happened and is already true in the database.
type Event struct {
	// Seq orders the events of one tenant and is what a watcher resumes after.
	Seq int64 `json:"seq"`
	// ID is unique and stays the same through every retry of delivery.
	ID     string `json:"id"`
	Tenant string `json:"-"`
	// Subject is a dotted path: "call.ended", "campaign.state", "contact.opted_out".
	Subject string          `json:"subject"`
	At      time.Time       `json:"at"`
	Data    json.RawMessage `json:"data"`
}

// Bus carries events.
type Bus interface {
	// Publish hands over an event that has been committed.
	Publish(ctx context.Context, e Event) error
	// Watch yields the tenant's events with a subject below the given prefix
	// ("" for all) and a Seq above after, first those on record, then live
	// ones, until ctx ends. A watcher that cannot keep up gets an error and
	// resumes from its last Seq.
	Watch(ctx context.Context, tenant, subject string, after int64) iter.Seq2[Event, error]
}
