package rates

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a file.
const (
	MaxFile    = 16 << 20
	maxEntries = 200_000
	maxErrors  = 100
)

// columns are the names that a file's header may have for each, the first being
// the one of the documentation; the last is optional.
var columns = [][]string{
	{"prefix"}, {"per_minute", "price", "rate"}, {"increment"}, {"currency"}, {"setup", "setup_fee"},
}

// Problem is one cell that could not be taken.
type Problem struct {
	// Line of the file, the header being the first.
	Line    int    `json:"line"`
	Column  string `json:"column,omitempty"`
	Problem string `json:"problem"`
}

func (p Problem) Error() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Problem)
	}
	return fmt.Sprintf("line %d, %s: %s", p.Line, p.Column, p.Problem)
}

// FileError is a file that is no rate table: nothing of it is taken.
type FileError []Problem

func (e FileError) Error() string {
	if len(e) == 1 {
		return "the rate table has an error: " + e[0].Error()
	}
	return fmt.Sprintf("the rate table has errors in %d places, the first: %v", len(e), e[0])
}

// Read reads a rate table: CSV with the columns prefix, per_minute, increment,
// currency and, if there is one, setup, in any order. All of it is good, or the
// error is a FileError with what to mend, at most a hundred places of it.
func Read(r io.Reader) ([]Rate, error) {
	in := bufio.NewReader(&bounded{r: r, left: MaxFile})
	if bom, _ := in.Peek(3); string(bom) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	start, err := in.Peek(1024)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the rate table: %w", err)
	}
	file := csv.NewReader(in)
	file.Comma = separator(string(start))
	file.FieldsPerRecord, file.ReuseRecord, file.TrimLeadingSpace = -1, true, true
	header, err := file.Read()
	if err != nil {
		return nil, FileError{{Line: 1, Problem: "the file is empty; its first line must name the columns " + documented()}}
	}
	at, err := places(header)
	if err != nil {
		return nil, err
	}
	var all []Rate
	var bad FileError
	lines := map[string]int{} // by prefix
	for len(bad) < maxErrors {
		cells, err := file.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if len(all) == 0 && len(bad) == 0 {
				bad = FileError{{Line: 2, Problem: "the table has no entries; write one a line below the header"}}
			}
			if len(bad) > 0 {
				return nil, bad
			}
			return all, nil
		case errors.As(err, &broken):
			bad = append(bad, Problem{Line: broken.StartLine, Problem: "a quotation mark is misplaced; remove it"})
			continue
		case err != nil:
			return nil, fmt.Errorf("read the rate table: %w", err)
		}
		line, _ := file.FieldPos(0)
		entry, wrong := row(cells, at)
		if first := lines[entry.Prefix]; len(wrong) == 0 && first > 0 {
			wrong = []Problem{{Column: "prefix", Problem: fmt.Sprintf("the prefix %s is in line %d already; remove one of the two", entry.Prefix, first)}}
		}
		for _, p := range wrong {
			p.Line = line
			bad = append(bad, p)
		}
		if len(wrong) > 0 {
			continue
		}
		if len(all) == maxEntries {
			return nil, FileError{{Line: line, Problem: fmt.Sprintf("the table has more than %d entries; leave prefixes out whose rate is that of a shorter one", maxEntries)}}
		}
		lines[entry.Prefix] = line
		all = append(all, entry)
	}
	return nil, bad
}

// separator is what the header has most of; a comma in doubt.
func separator(start string) rune {
	header, _, _ := strings.Cut(start, "\n")
	best := ','
	for _, r := range ";\t" {
		if strings.Count(header, string(r)) > strings.Count(header, string(best)) {
			best = r
		}
	}
	return best
}

func documented() string {
	var names []string
	for _, c := range columns {
		names = append(names, c[0])
	}
	return strings.Join(names, ", ")
}

// places finds where each of columns is; -1 for the optional one.
func places(header []string) ([]int, error) {
	at := make([]int, len(columns))
	for i, names := range columns {
		at[i] = slices.IndexFunc(header, func(cell string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(cell)))
		})
		if at[i] < 0 && i < len(columns)-1 {
			return nil, FileError{{Line: 1, Column: names[0], Problem: "there is no such column; the first line must name " + documented()}}
		}
	}
	return at, nil
}

var (
	currency  = regexp.MustCompile(`^[A-Z]{3}$`)
	increment = regexp.MustCompile(`^(\d{1,4})/(\d{1,4})$`)
)

// row reads one line.
func row(cells []string, at []int) (r Rate, wrong []Problem) {
	cell := func(i int) string {
		if at[i] < 0 || at[i] >= len(cells) {
			return ""
		}
		return strings.TrimSpace(cells[at[i]])
	}
	bad := func(i int, format string, args ...any) {
		wrong = append(wrong, Problem{Column: columns[i][0], Problem: fmt.Sprintf(format, args...)})
	}
	r.Prefix = strings.TrimPrefix(cell(0), "+")
	if !digits(r.Prefix, 1, MaxPrefix) || r.Prefix[0] == '0' {
		bad(0, "%q is no prefix; write the country code and what follows it, such as 1202 or +44", show(cell(0)))
	}
	var err error
	if r.PerMinute, err = ParseMicro(cell(1)); err != nil {
		bad(1, "%q is no price; %v", show(cell(1)), err)
	}
	if m := increment.FindStringSubmatch(cell(2)); m != nil {
		r.First, _ = strconv.Atoi(m[1])
		r.Next, _ = strconv.Atoi(m[2])
	}
	if r.First < 1 || r.Next < 1 || r.First > 3600 || r.Next > 3600 {
		bad(2, "%q is no increment; write the first and the next seconds that are billed, such as 60/60 or 6/6", show(cell(2)))
	}
	if r.Currency = strings.ToUpper(cell(3)); !currency.MatchString(r.Currency) {
		bad(3, "%q is no currency; write its three letters, such as USD", show(cell(3)))
	}
	if fee := cell(4); fee != "" {
		if r.Setup, err = ParseMicro(fee); err != nil {
			bad(4, "%q is no fee; %v", show(fee), err)
		}
	}
	return r, wrong
}

// show shortens a cell for an error.
func show(cell string) string {
	if len(cell) > 40 {
		return strings.ToValidUTF8(cell[:40], "") + "…"
	}
	return cell
}

// Write writes a table as Read reads it.
func Write(w io.Writer, all []Rate) error {
	out := csv.NewWriter(w)
	_ = out.Write(strings.Split(documented(), ", ")) // Error tells
	for _, r := range all {
		_ = out.Write([]string{r.Prefix, r.PerMinute.String(), r.Increment(), r.Currency, r.Setup.String()})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the rate table: %w", err)
	}
	return nil
}

// bounded ends a file that is too large.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, FileError{{Line: 1, Problem: fmt.Sprintf("the file is larger than %d MB; leave out what is not needed", MaxFile>>20)}}
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
