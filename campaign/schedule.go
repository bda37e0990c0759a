package campaign

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule bounds a campaign in time and may start it.
type Schedule struct {
	// Cron (five fields) is when a scheduled campaign starts by itself; ""
	// means at From, or at once. Zone is the IANA zone it is read in.
	Cron string `json:"cron,omitempty"`
	Zone string `json:"zone,omitempty"`
	// From and To are the first and the last moment of any call.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Check says what is wrong with a schedule that somebody wrote.
func (s Schedule) Check() error {
	if !s.To.IsZero() && !s.To.After(s.From) {
		return errors.New("it ends before it begins")
	}
	if _, err := s.location(); err != nil {
		return err
	}
	_, err := s.parse()
	return err
}

// Next is the moment after t at which a scheduled campaign starts; zero when
// there is none before To.
func (s Schedule) Next(t time.Time) (time.Time, error) {
	at := t
	if s.From.After(t) {
		at = s.From
	}
	if s.Cron != "" {
		sched, err := s.parse()
		if err != nil {
			return time.Time{}, err
		}
		zone, err := s.location()
		if err != nil {
			return time.Time{}, err
		}
		// The library looks five years ahead and returns zero beyond that.
		if at = sched.Next(at.In(zone)); at.IsZero() {
			return time.Time{}, nil
		}
	}
	if !s.To.IsZero() && !at.Before(s.To) {
		return time.Time{}, nil
	}
	return at, nil
}

func (s Schedule) location() (*time.Location, error) {
	z, err := time.LoadLocation(s.Zone) // "" is UTC
	if err != nil || s.Zone == "Local" {
		return nil, fmt.Errorf("%q is not a time zone; write it like Asia/Shanghai", s.Zone)
	}
	return z, nil
}

// parse reads the cron line. The library panics on some lines and accepts a
// zone inside it, which Zone is for: both are refused here.
func (s Schedule) parse() (sched cron.Schedule, err error) {
	if s.Cron == "" {
		return nil, nil
	}
	bad := fmt.Errorf("%q is not a cron line; write minute, hour, day, month and weekday, like 0 9 * * 1-5", s.Cron)
	if len(s.Cron) > 200 || strings.Contains(s.Cron, "=") || strings.HasPrefix(s.Cron, "@") {
		return nil, bad
	}
	defer func() {
		if recover() != nil {
			sched, err = nil, bad
		}
	}()
	sched, err = cron.ParseStandard(s.Cron)
	if err != nil {
		return nil, bad
	}
	return sched, nil
}
