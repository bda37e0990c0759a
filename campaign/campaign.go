// Package campaign calls the contacts of a list: it imports lists, decides
// whom to call when and how many at once, retries, and runs calls through a
// Placer under the durable writes of a Contacts store. It knows neither the
// database nor the network.
package campaign

import (
	"errors"
	"fmt"
	"time"

	"parley/rules"
)

// State of a campaign.
type State string

const (
	Draft     State = "draft"
	Scheduled State = "scheduled" // waits for its schedule
	Running   State = "running"
	Paused    State = "paused"   // no new call; calls under way go on
	Finished  State = "finished" // every contact has ended
	Stopped   State = "stopped"  // by a person; ringing calls were cancelled
)

// moves are the allowed transitions. A stopped or finished campaign may be
// started again by a person; nothing else leaves those states.
var moves = map[State][]State{
	Draft:     {Scheduled, Running, Stopped},
	Scheduled: {Running, Paused, Draft, Stopped},
	Running:   {Paused, Finished, Stopped},
	Paused:    {Running, Stopped},
	Finished:  {Running},
	Stopped:   {Running},
}

// States lists every state.
var States = []State{Draft, Scheduled, Running, Paused, Finished, Stopped}

// CanBecome reports whether a campaign may go from s to another state.
func (s State) CanBecome(to State) bool {
	for _, m := range moves[s] {
		if m == to {
			return true
		}
	}
	return false
}

// Campaign is what to say to whom, when and how fast.
type Campaign struct {
	ID     string `json:"id"`
	Tenant string `json:"-"`
	Name   string `json:"name"`
	State  State  `json:"state"`
	List   string `json:"list"`
	Flow   string `json:"flow"`
	// FlowVersion is fixed when the campaign starts; 0 for the published one.
	FlowVersion int    `json:"flow_version,omitempty"`
	Language    string `json:"language,omitempty"`
	// Profile names the rules; there is no default.
	Profile string `json:"profile"`
	Trunk   string `json:"trunk,omitempty"`
	// CallerIDs are the pool whose numbers are presented, E.164; empty for the
	// tenant's own.
	CallerIDs []string   `json:"caller_ids,omitempty"`
	Schedule  Schedule   `json:"schedule"`
	Windows   rules.Week `json:"windows,omitempty"`
	Retry     RetryTable `json:"retry,omitempty"`
	// MaxAttempts bounds the counted attempts of one contact; 0 for 3.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// Concurrency bounds the calls at once, 0 for 10; CPS the calls begun per
	// second, 0 for 1.
	Concurrency int      `json:"concurrency,omitempty"`
	CPS         float64  `json:"cps,omitempty"`
	RingTimeout Duration `json:"ring_timeout,omitempty"`
	MaxTalk     Duration `json:"max_talk,omitempty"`
	// TestMode calls only numbers of AllowList.
	TestMode  bool     `json:"test_mode,omitempty"`
	AllowList []string `json:"allow_list,omitempty"`
	// Variables are given to every conversation; a contact's own win.
	Variables map[string]string `json:"variables,omitempty"`

	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	// Scheduled is when the schedule began to count; Started the first start.
	Scheduled time.Time `json:"scheduled_at,omitzero"`
	Started   time.Time `json:"started,omitzero"`
}

// Limits of what a campaign may ask for.
const (
	MaxConcurrency = 2000
	MaxCPS         = 200
)

// Check says in one sentence what is wrong with a campaign that somebody
// wrote. profiles are the known rules profiles.
func (c Campaign) Check(profiles []string) error {
	known := false
	for _, p := range profiles {
		known = known || p == c.Profile
	}
	switch {
	case c.Name == "":
		return errors.New("give the campaign a name")
	case c.List == "":
		return errors.New("name the list to call")
	case c.Flow == "":
		return errors.New("name the flow of the conversation")
	case !known:
		return fmt.Errorf("there is no rules profile %q; choose one of %v", c.Profile, profiles)
	case c.Concurrency < 0 || c.Concurrency > MaxConcurrency:
		return fmt.Errorf("concurrency must be between 1 and %d", MaxConcurrency)
	case c.CPS < 0 || c.CPS > MaxCPS:
		return fmt.Errorf("cps must be above 0 and at most %d", MaxCPS)
	case c.MaxAttempts < 0 || c.MaxAttempts > 50:
		return errors.New("max_attempts must be between 1 and 50")
	case c.RingTimeout < 0 || c.RingTimeout > Duration(3*time.Minute):
		return errors.New("ring_timeout must be at most 3m")
	case c.MaxTalk < 0 || c.MaxTalk > Duration(time.Hour):
		return errors.New("max_talk must be at most 1h")
	}
	if err := checkCallerIDs(c.CallerIDs); err != nil {
		return err
	}
	if err := c.Windows.Check(); err != nil {
		return fmt.Errorf("windows: %w", err)
	}
	if err := c.Schedule.Check(); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	return c.Retry.Check()
}

// List is an imported file.
type List struct {
	ID     string `json:"id"`
	Tenant string `json:"-"`
	Name   string `json:"name"`
	// Region is the country in which numbers without a country code were read.
	Region  string    `json:"region,omitempty"`
	Summary Summary   `json:"summary"`
	Created time.Time `json:"created"`
}

// Contact is one person in a list.
type Contact struct {
	ID     string `json:"id"`
	Tenant string `json:"-"`
	List   string `json:"list,omitempty"`
	// Row is where the file had it, the header being row 1; 0 when it came
	// another way.
	Row int `json:"row,omitempty"`
	// Phone is E.164 or a loopback SIP URI; RawPhone is as it was written.
	Phone    string `json:"phone"`
	RawPhone string `json:"raw_phone,omitempty"`
	// Country is the one in which RawPhone was read.
	Country   string   `json:"country,omitempty"`
	AltPhones []string `json:"alt_phones,omitempty"`
	Name      string   `json:"name,omitempty"`
	Language  string   `json:"language,omitempty"`
	Timezone  string   `json:"timezone,omitempty"`
	Region    string   `json:"region,omitempty"`
	// ExternalID is the person in the merchant's books; else the phone is.
	ExternalID string         `json:"external_id,omitempty"`
	AccountID  string         `json:"account_id,omitempty"`
	Priority   int            `json:"priority,omitempty"`
	Expires    time.Time      `json:"expires_at,omitzero"`
	Consent    *rules.Consent `json:"consent,omitempty"`
	// Earlier and LastTalk are what an older dialer did in the last 7 days
	// before the import.
	Earlier  int       `json:"attempts_last_7d,omitempty"`
	LastTalk time.Time `json:"last_conversation_at,omitzero"`
	Imported time.Time `json:"imported,omitzero"`
	// Variables of the flow: the columns that speak of the matter, under
	// their names of the documentation, and every further column.
	Variables map[string]string `json:"variables,omitempty"`
}

// Person is who the contact is to the ledger: the external id, else the phone.
func (c Contact) Person() string {
	if c.ExternalID != "" {
		return c.ExternalID
	}
	return c.Phone
}

// Duration is written "90s" or "30m" in JSON and YAML.
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads "90s", "30m", "2h30m".
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration; write it like 90s, 30m or 2h", b)
	}
	*d = Duration(parsed)
	return nil
}
