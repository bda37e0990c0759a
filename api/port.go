package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"parley/call"
	"parley/campaign"
	"parley/event"
	"parley/ladder"
	"parley/rates"
	"parley/tenant"
)

// Keys looks keys up.
type Keys = tenant.Keys

// Store is what the API reads and writes. Every method sees one tenant only;
// what another tenant owns is campaign.NotFound.
type Store interface {
	event.Bus
	// LastEvent is the newest event's Seq, 0 when there is none.
	LastEvent(ctx context.Context, tenant string) (int64, error)

	// ImportList reads a list to its end; rows with errors are kept beside it.
	ImportList(ctx context.Context, l campaign.List, o campaign.Options, r io.Reader) (campaign.List, error)
	Lists(ctx context.Context, tenant string) ([]campaign.List, error)
	List(ctx context.Context, tenant, id string) (campaign.List, error)
	ListErrors(ctx context.Context, tenant, id string) ([]campaign.RowError, error)

	CreateCampaign(ctx context.Context, c campaign.Campaign) (campaign.Campaign, error)
	Campaigns(ctx context.Context, tenant string) ([]campaign.Campaign, error)
	Campaign(ctx context.Context, tenant, id string) (campaign.Campaign, error)
	Move(ctx context.Context, tenant, id string, to campaign.State, why string) (campaign.Campaign, error)
	StopAll(ctx context.Context, tenant, why string) (int, error)
	Counts(ctx context.Context, tenant, id string) (campaign.Counts, error)
	Outcomes(ctx context.Context, tenant, id string) (Outcomes, error)

	Call(ctx context.Context, tenant, id string) (call.Report, error)
	Calls(ctx context.Context, q CallQuery) (calls []CallRow, next string, err error)
	// Ladder is the signalling of a call that has ended.
	Ladder(ctx context.Context, tenant, id string) (ladder.Ladder, error)

	// CallerIDs pages through the tenant's caller IDs in their order; WakeCallerID ends
	// the rest of one, campaign.NotFound when it does not rest.
	CallerIDs(ctx context.Context, tenant, after string, limit int) ([]CallerID, error)
	WakeCallerID(ctx context.Context, tenant, number string) error

	// AddRates keeps a trunk's rate table, in effect from a moment on.
	AddRates(ctx context.Context, tenant, trunk string, from time.Time, all []rates.Rate) (rates.Table, error)
	RateTables(ctx context.Context, tenant string) ([]rates.Table, error)
	RateTable(ctx context.Context, tenant, id string) (rates.Table, error)
	// Rates pages through a table by prefix.
	Rates(ctx context.Context, tenant, id, after string, limit int) ([]rates.Rate, error)
	RemoveRates(ctx context.Context, tenant, id string) error

	DNC(ctx context.Context, tenant, after string, limit int) ([]DNCEntry, error)
	AddDNC(ctx context.Context, tenant string, e DNCEntry) error
	RemoveDNC(ctx context.Context, tenant, campaign, number string) error
	// Payment closes a matter at once and returns how many contacts left a queue.
	Payment(ctx context.Context, tenant, phone, person, account string) (int, error)
}

// Outcomes counts a campaign's attempts by each outcome field.
type Outcomes struct {
	Calls        int            `json:"calls"`
	Answered     int            `json:"answered"`
	TalkMS       int64          `json:"talk_ms"`
	Networks     map[string]int `json:"networks"`
	AnsweredBy   map[string]int `json:"answered_by"`
	Dispositions map[string]int `json:"dispositions"`
	Reasons      map[string]int `json:"reasons" doc:"Why contacts ended or wait without a call"`
	Cost         []Spent        `json:"cost" doc:"What the answered calls cost, by currency"`
	Unpriced     int            `json:"unpriced" doc:"Answered calls for which there is no cost; their reports say why"`
}

// Spent is what calls cost in one currency.
type Spent struct {
	Amount   json.Number `json:"amount"`
	Currency string      `json:"currency"`
	Calls    int         `json:"calls"`
}

// CallQuery narrows a list of calls; zero fields do not.
type CallQuery struct {
	Tenant, Campaign, Phone string
	Network, Disposition    string
	Intent                  string
	Text                    string // in the transcript
	From, To                time.Time
	Cursor                  string
	Limit                   int
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

// DNCEntry is a number that must not be called.
type DNCEntry struct {
	Phone string `json:"phone" doc:"E.164, or a number of the server's own country"`
	// Campaign is "" for the whole tenant.
	Campaign string    `json:"campaign,omitempty"`
	Reason   string    `json:"reason,omitempty" maxLength:"500"`
	Added    time.Time `json:"added,omitzero"`
}

// Line is what the API asks of the calls under way.
type Line interface {
	// PlaceOne starts one call and returns its identifier at once, or why the
	// rules or the line do not allow it.
	PlaceOne(ctx context.Context, tenant string, r CallRequest) (id string, err error)
	// Hangup ends a live call; campaign.NotFound when there is none.
	Hangup(tenant, id string) error
	// Transfer hands the customer of a live call to somebody else, by the rules
	// of any dialled number, and waits for the outcome, half a minute at most;
	// campaign.NotFound when there is no such call, ErrUnderWay when it goes on.
	Transfer(ctx context.Context, tenant, id string, r TransferRequest) error
	// HangupCampaign ends every live call of a campaign, "" for all of the
	// tenant, and returns their number.
	HangupCampaign(tenant, id string) int
	// Live counts the tenant's calls under way in a campaign.
	Live(tenant, campaign string) int
	// Ladder is the signalling so far of a live call; false when there is none.
	Ladder(tenant, id string) (ladder.Ladder, bool)
	// OpenRecording opens a recording by its key.
	OpenRecording(key string) (Recording, error)
}

// ErrUnderWay is Line.Transfer's answer when its time is over before the outcome.
var ErrUnderWay = errors.New("the transfer is still under way; the report of the call will tell")

// Recording is a stored recording, readable at any place.
type Recording interface {
	io.ReadSeekCloser
	ModTime() time.Time
}

// TransferRequest hands a live call on.
type TransferRequest struct {
	To      string `json:"to" doc:"E.164"`
	Profile string `json:"profile,omitempty" doc:"Rules profile for the number; the call's own when it is left out"`
	// ConsentKind is the agreement on record of whom the number belongs to.
	ConsentKind     string `json:"consent_kind,omitempty" doc:"The agreement on record, e.g. contract, express, written; most profiles ask for one"`
	ConsentEvidence string `json:"consent_evidence,omitempty"`
}

// CallRequest is one call outside a campaign.
type CallRequest struct {
	To       string `json:"to" doc:"E.164, or a sip: URI of this machine under profile test"`
	Flow     string `json:"flow"`
	Profile  string `json:"profile" doc:"Rules profile, e.g. us-collection"`
	Language string `json:"language,omitempty"`
	Trunk    string `json:"trunk,omitempty"`
	From     string `json:"from,omitempty" doc:"Caller ID: a number, or anonymous"`
	Timezone string `json:"timezone,omitempty" doc:"The customer's IANA zone"`
	// ConsentKind is the agreement on record; most profiles ask for one.
	ConsentKind     string            `json:"consent_kind,omitempty" doc:"The agreement on record, e.g. contract, express, written"`
	ConsentEvidence string            `json:"consent_evidence,omitempty"`
	Variables       map[string]string `json:"variables,omitempty"`
	Identity        string            `json:"identity,omitempty" doc:"Identity header (RFC 8224) signed for this call; a trunk with identity.passport gets it" maxLength:"4096"`
}
