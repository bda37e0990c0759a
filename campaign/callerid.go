package campaign

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"parley/phone"
)

// MaxCallerIDs bounds the caller IDs of one campaign.
const MaxCallerIDs = 100

// CheckCallerID says in one sentence why a number cannot be presented to those
// who are called; it must be one that they can call back.
func CheckCallerID(number string) error {
	n, err := phone.Parse(number, "")
	switch {
	case err != nil:
		return err
	case n.Class == phone.Loopback:
		return errors.New("a SIP address is no caller ID; give a number like +12025550100")
	case n.E164 != number:
		return errors.New("write the caller ID as + with country code and digits only, like +12025550100")
	}
	switch n.Class {
	case phone.Emergency, phone.Premium, phone.Satellite, phone.ShortCode, phone.Pager, phone.VoicemailBox, phone.Invalid:
		return errors.New("a caller ID must be a line that can be called back at its usual price; give a number of your own")
	}
	return nil
}

// checkCallerIDs checks a campaign's pool. Its errors count from 1 and hold no
// number.
func checkCallerIDs(all []string) error {
	if len(all) > MaxCallerIDs {
		return fmt.Errorf("caller_ids: %d are too many; %d is the most", len(all), MaxCallerIDs)
	}
	for i, number := range all {
		if err := CheckCallerID(number); err != nil {
			return fmt.Errorf("caller_ids: entry %d: %w", i+1, err)
		}
		if first := slices.Index(all, number); first < i {
			return fmt.Errorf("caller_ids: entry %d is the same as entry %d; leave one out", i+1, first+1)
		}
	}
	return nil
}

// CallerID is a number of ours with the bounds that a carrier or its reputation
// sets; 0 for no bound.
type CallerID struct {
	Number string
	// Daily bounds the calls begun in any 24 hours, Parallel those at one time.
	Daily, Parallel int
}

// CallerUse is what a caller ID does and how it did.
type CallerUse struct {
	CallerID
	Place phone.Place
	// Live are its calls under way, Day those begun in the last 24 hours.
	Live, Day int
	// Again is when Day falls below its bound; zero when it is not known.
	Again time.Time
	// Samples are its newest calls since its last rest.
	Samples CallerSamples
	// Rest is its last one, over or not.
	Rest CallerRest
}

// CallerState is whether a caller ID may be presented.
type CallerState string

const (
	CallerReady   CallerState = "ready"
	CallerTrial   CallerState = "trial"   // back from a rest, with few calls at a time
	CallerBusy    CallerState = "busy"    // has as many calls as it may
	CallerSpent   CallerState = "spent"   // has had the calls of its day
	CallerResting CallerState = "resting" // was taken badly
	CallerForeign CallerState = "foreign" // is none that the tenant may present
)

// trialCalls is how many calls at a time find out whether a number that rested
// is taken well again.
const trialCalls = 2

// State tells whether a number may be presented now, and of one that rests or
// has had its day when it may again; zero when that is not known.
func (h CallerHealth) State(u CallerUse, now time.Time) (CallerState, time.Time) {
	trial := h.onTrial(u, now)
	switch {
	case !h.Off && now.Before(u.Rest.Until):
		return CallerResting, u.Rest.Until
	case u.Daily > 0 && u.Day >= u.Daily:
		return CallerSpent, u.Again
	case u.Parallel > 0 && u.Live >= u.Parallel, trial && u.Live >= trialCalls:
		return CallerBusy, time.Time{}
	case trial:
		return CallerTrial, time.Time{}
	}
	return CallerReady, time.Time{}
}

// onTrial: since its rest the number has not had the calls that it is judged by.
func (h CallerHealth) onTrial(u CallerUse, now time.Time) bool {
	return !h.Off && !u.Rest.Until.IsZero() && u.Samples.Calls < h.Samples && now.Before(u.Rest.Until.Add(h.Window))
}

// room is how many more calls may begin with the number now.
func (h CallerHealth) room(u CallerUse, now time.Time) int {
	switch state, _ := h.State(u, now); state {
	case CallerResting, CallerSpent, CallerBusy:
		return 0
	}
	n := math.MaxInt32
	if u.Daily > 0 {
		n = min(n, u.Daily-u.Day)
	}
	if u.Parallel > 0 {
		n = min(n, u.Parallel-u.Live)
	}
	if h.onTrial(u, now) {
		n = min(n, trialCalls-u.Live)
	}
	return n
}

// Callee is who is called, as far as the choice of a caller ID goes.
type Callee struct {
	Contact, Phone string
	// Last is the caller ID from which they were called last; "" for none.
	Last string
}

// Choose decides which number of a pool is presented: pure, the same for the
// same arguments. Those that may not be presented now are out. The number that
// the customer saw last stays, because people recognise it and call it back;
// then the nearest (area code, region, country) goes first, and among equals
// the least used. "" when none is left.
func (h CallerHealth) Choose(pool []CallerUse, to Callee, now time.Time) string {
	home := phone.PlaceOf(to.Phone)
	type candidate struct {
		number  string
		last    int
		near    phone.Nearness
		used    int
		shuffle uint64
	}
	var all []candidate
	for _, u := range pool {
		if h.room(u, now) <= 0 {
			continue
		}
		c := candidate{number: u.Number, near: u.Place.Near(home), used: u.Day, shuffle: shuffled(to.Contact, u.Number)}
		if u.Number == to.Last {
			c.last = 1
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return ""
	}
	best := slices.MinFunc(all, func(a, b candidate) int {
		return cmp.Or(b.last-a.last, cmp.Compare(b.near, a.near), a.used-b.used, cmp.Compare(a.shuffle, b.shuffle), cmp.Compare(a.number, b.number))
	})
	return best.number
}

// shuffled spreads the contacts over equal numbers, each always to the same.
func shuffled(contact, number string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(contact + "\x00" + number)) // never fails
	return h.Sum64()
}
