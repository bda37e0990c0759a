package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Window is a stretch of a day by the wall clock, from Start up to End, in
// minutes after midnight; End is at most 24:00. Written "09:00-12:00".
type Window struct{ Start, End int }

// Week holds the windows of each weekday; a day without any is closed. The
// key is the English weekday in three lower-case letters.
type Week map[string][]Window

// days is indexed by time.Weekday.
var days = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWindow reads "08:00-21:00".
func ParseWindow(s string) (Window, error) {
	from, to, ok := strings.Cut(s, "-")
	start, err1 := minutes(from)
	end, err2 := minutes(to)
	if !ok || err1 != nil || err2 != nil || start >= end {
		return Window{}, fmt.Errorf("%q is not a calling window; write it like 08:00-21:00", s)
	}
	return Window{start, end}, nil
}

func minutes(s string) (int, error) {
	hh, mm, ok := strings.Cut(strings.TrimSpace(s), ":")
	h, err1 := strconv.Atoi(hh)
	m, err2 := strconv.Atoi(mm)
	if !ok || err1 != nil || err2 != nil || len(hh) > 2 || len(mm) != 2 || h < 0 || m < 0 || m > 59 || h*60+m > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day", s)
	}
	return h*60 + m, nil
}

// String writes the window as ParseWindow reads it.
func (w Window) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", w.Start/60, w.Start%60, w.End/60, w.End%60)
}

// MarshalText and UnmarshalText are the written form.
func (w Window) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (w *Window) UnmarshalText(b []byte) error {
	parsed, err := ParseWindow(string(b))
	if err != nil {
		return err
	}
	*w = parsed
	return nil
}

// Daily gives every day the same windows. It panics on a wrong one: it is for
// values written in code.
func Daily(windows ...string) Week {
	w := Week{}
	for _, d := range days {
		for _, s := range windows {
			parsed, err := ParseWindow(s)
			if err != nil {
				panic(err)
			}
			w[d] = append(w[d], parsed)
		}
	}
	return w
}

// Check says what is wrong with a week that somebody wrote.
func (w Week) Check() error {
	for d, windows := range w {
		if !slices.Contains(days[:], d) {
			return fmt.Errorf("%q is not a weekday; write mon, tue, wed, thu, fri, sat or sun", d)
		}
		for _, win := range windows {
			if win.Start < 0 || win.Start >= win.End || win.End > 24*60 {
				return fmt.Errorf("%s: %s is not a calling window; write it like 08:00-21:00", d, win)
			}
		}
	}
	return nil
}

// open reports whether the wall clock of zone at t is inside a window, at
// least margin before its end. A nil week is always open.
func (w Week) open(t time.Time, zone *time.Location, margin time.Duration) bool {
	if w == nil {
		return true
	}
	local := t.In(zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	for _, win := range w[days[local.Weekday()]] {
		start, end := time.Duration(win.Start)*time.Minute, time.Duration(win.End)*time.Minute
		// A window that ends at midnight has no margin: the next day decides.
		if end < 24*time.Hour {
			end -= margin
		}
		if clock >= start && clock < end {
			return true
		}
	}
	return false
}

// nextOpen finds the first instant at or after now at which every week is open
// in every zone: the zones intersect. An intersection of windows begins where
// one of them begins, so only the starts of the next eight days are tried.
func nextOpen(weeks []Week, zones []*time.Location, now time.Time, margin time.Duration) (time.Time, bool) {
	all := func(t time.Time) bool {
		for _, w := range weeks {
			for _, z := range zones {
				if !w.open(t, z, margin) {
					return false
				}
			}
		}
		return true
	}
	if all(now) {
		return now, true
	}
	var starts []time.Time
	for _, z := range zones {
		y, m, d := now.In(z).Date()
		for day := range 9 {
			noon := time.Date(y, m, d+day, 12, 0, 0, 0, z)
			for _, w := range weeks {
				for _, win := range w[days[noon.Weekday()]] {
					at := time.Date(y, m, d+day, win.Start/60, win.Start%60, 0, 0, z)
					// A start that a clock change skips comes an hour later.
					starts = append(starts, at, at.Add(time.Hour))
				}
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	for _, at := range starts {
		if at.After(now) && all(at) {
			return at, true
		}
	}
	return time.Time{}, false
}
