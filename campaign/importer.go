package campaign

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley/phone"
	"parley/rules"
)

// Options of an import.
type Options struct {
	// Region is the country (ISO 3166-1) of numbers without a country code.
	Region string
	// Encoding is one of Encodings; "" takes UTF-8 and refuses the rest.
	Encoding string
	// Columns says what a header means, before the documented names do;
	// "-" leaves a column out.
	Columns map[string]string
	Now     time.Time
}

// RowError is one cell that could not be taken.
type RowError struct {
	// Row counts as a spreadsheet does: the header is row 1.
	Row     int    `json:"row"`
	Column  string `json:"column"`
	Problem string `json:"problem"`
}

// Summary of an import.
type Summary struct {
	Rows       int `json:"rows"`
	Accepted   int `json:"accepted"`
	Rejected   int `json:"rejected"` // duplicates included
	Duplicates int `json:"duplicates"`
	// Columns are the variables that the flow can use, in the file's order.
	Columns []string `json:"columns,omitempty"`
}

// Bounds of an import; what exceeds them ends it.
const (
	maxRecord    = 1 << 20
	maxRows      = 5_000_000
	maxRowErrors = 10_000
)

// Import reads a CSV list row by row, never whole. Each good row goes to put,
// each bad one to bad; an error of either ends the import, as does a file that
// is no list. The header maps by name, English or Chinese; every further
// column becomes a variable of the flow.
func Import(r io.Reader, o Options, put func(Contact) error, bad func(RowError) error) (Summary, error) {
	text, err := decode(r, o.Encoding)
	if err != nil {
		return Summary{}, err
	}
	t, err := openTable(text)
	if err != nil {
		return Summary{}, err
	}
	names, err := mapHeader(t.header, o.Columns)
	if err != nil {
		return Summary{}, err
	}
	sum := Summary{Columns: variables(names)}
	seen := seenNumbers{numbers: map[uint64]int32{}, uris: map[string]int{}}
	for row := 2; ; row++ {
		cells, err := t.next()
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if blank(cells) && err == nil {
			continue
		}
		sum.Rows++
		var c Contact
		var problem *RowError
		var malformed *csv.ParseError
		switch {
		case errors.As(err, &malformed):
			problem = &RowError{Row: row, Problem: "a quotation mark is misplaced"}
		case err != nil:
			return sum, fmt.Errorf("row %d: %w", row, err)
		default:
			c, problem = readRow(row, names, cells, o)
		}
		if problem == nil {
			if first := seen.add(c.Phone, row); first != 0 {
				sum.Duplicates++
				problem = &RowError{Row: row, Column: "phone", Problem: fmt.Sprintf("the number is already in row %d", first)}
			}
		}
		if problem != nil {
			sum.Rejected++
			if sum.Rejected-sum.Duplicates > maxRowErrors {
				return sum, Invalid{fmt.Sprintf("more than %d rows have errors; mend the file and upload it again", maxRowErrors)}
			}
			if err := bad(*problem); err != nil {
				return sum, err
			}
			continue
		}
		if sum.Accepted++; sum.Accepted > maxRows {
			return sum, Invalid{fmt.Sprintf("the list has more than %d rows; split it", maxRows)}
		}
		if err := put(c); err != nil {
			return sum, err
		}
	}
}

// table is a CSV file with its delimiter found out and its records bounded.
type table struct {
	csv    *csv.Reader
	bound  *boundedReader
	header []string
}

func openTable(r io.Reader) (*table, error) {
	b := &boundedReader{r: r, left: maxRecord}
	var first []byte
	one := make([]byte, 1)
	for { // the header line alone decides the delimiter
		n, err := b.Read(one)
		first = append(first, one[:n]...)
		if errors.Is(err, io.EOF) || n == 1 && one[0] == '\n' {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the header: %w", err)
		}
	}
	if strings.TrimSpace(string(first)) == "" {
		return nil, Invalid{"the file is empty; its first row must hold the column names"}
	}
	t := &table{bound: b, csv: csv.NewReader(io.MultiReader(strings.NewReader(string(first)), b))}
	t.csv.Comma = delimiter(string(first))
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	header, err := t.csv.Read()
	if err != nil {
		return nil, Invalid{"the first row is no row of column names: a quotation mark is misplaced"}
	}
	t.header = append(t.header, header...)
	return t, nil
}

// delimiter is the separator that the header has most of; a comma in doubt.
func delimiter(header string) rune {
	best, most := ',', strings.Count(header, ",")
	for _, d := range []rune{';', '\t'} {
		if n := strings.Count(header, string(d)); n > most {
			best, most = d, n
		}
	}
	return best
}

func (t *table) next() ([]string, error) {
	t.bound.left = maxRecord
	return t.csv.Read()
}

// boundedReader ends a file whose record does not end.
type boundedReader struct {
	r    io.Reader
	left int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, Invalid{fmt.Sprintf("a row is longer than %d bytes; a quotation mark may be missing", maxRecord)}
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// readRow makes a contact of one row, or says what is wrong with it.
func readRow(row int, names, cells []string, o Options) (Contact, *RowError) {
	if len(cells) > len(names) {
		return Contact{}, &RowError{Row: row, Problem: fmt.Sprintf("the row has %d cells, the header %d", len(cells), len(names))}
	}
	c := Contact{Row: row, Country: strings.ToUpper(o.Region), Variables: map[string]string{}, Imported: o.Now}
	values := make(map[string]string, len(names))
	for i, name := range names {
		if name == "" || i >= len(cells) {
			continue
		}
		v := strings.TrimSpace(cells[i])
		switch {
		case len(v) > maxCell:
			return c, &RowError{row, name, fmt.Sprintf("the cell is longer than %d bytes", maxCell)}
		case !utf8.ValidString(v), strings.ContainsRune(v, utf8.RuneError):
			return c, &RowError{row, name, "the text is not readable in the file's encoding"}
		case strings.ContainsRune(v, 0):
			return c, &RowError{row, name, "the cell holds a null character"}
		}
		if v != "" {
			values[name] = v
		}
	}
	for _, take := range []func(*Contact, map[string]string, Options) (string, error){takePhone, takePerson, takeConsent, takeLedger, takeMatter} {
		if column, err := take(&c, values, o); err != nil {
			return c, &RowError{row, column, err.Error()}
		}
	}
	return c, nil
}

func takePhone(c *Contact, v map[string]string, o Options) (string, error) {
	region := o.Region
	// A contact's own country reads its number; a state does so for its country.
	if r, _, _ := strings.Cut(v["region"], "-"); len(r) == 2 && v["region"] != "" {
		region = r
	}
	n, err := phone.Parse(v["phone"], region)
	if err != nil {
		return "phone", err
	}
	switch n.Class {
	case phone.Emergency, phone.Premium, phone.Satellite, phone.ShortCode, phone.Pager, phone.VoicemailBox:
		return "phone", fmt.Errorf("a number of class %s is never called", n.Class)
	}
	c.Phone, c.RawPhone, c.Country = n.E164, v["phone"], strings.ToUpper(region)
	for alt := range strings.FieldsFuncSeq(v["alt_phones"], func(r rune) bool { return strings.ContainsRune(";,/、；，", r) }) {
		n, err := phone.Parse(alt, region)
		if err != nil {
			return "alt_phones", err
		}
		c.AltPhones = append(c.AltPhones, n.E164)
	}
	return "", nil
}

func takePerson(c *Contact, v map[string]string, _ Options) (string, error) {
	c.Name, c.Language, c.Timezone, c.Region = v["name"], v["language"], v["timezone"], v["region"]
	c.ExternalID, c.AccountID = v["external_id"], v["account_id"]
	if c.Timezone != "" {
		if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
			return "timezone", errors.New("this is no time zone; write it like Asia/Shanghai")
		}
	}
	if v["priority"] != "" {
		n, err := strconv.Atoi(v["priority"])
		if err != nil || n < -1000 || n > 1000 {
			return "priority", errors.New("the priority must be a whole number from -1000 to 1000")
		}
		c.Priority = n
	}
	return "", nil
}

func takeConsent(c *Contact, v map[string]string, _ Options) (string, error) {
	if v["consent_kind"] == "" {
		return "", nil
	}
	c.Consent = &rules.Consent{Kind: strings.ToLower(v["consent_kind"]), Evidence: v["consent_evidence"]}
	var err error
	if c.Consent.At, err = moment(v["consent_at"]); err != nil {
		return "consent_at", err
	}
	if c.Consent.Expires, err = moment(v["consent_expires"]); err != nil {
		return "consent_expires", err
	}
	return "", nil
}

func takeLedger(c *Contact, v map[string]string, _ Options) (column string, err error) {
	if c.Expires, err = moment(v["expires_at"]); err != nil {
		return "expires_at", err
	}
	if c.LastTalk, err = moment(v["last_conversation_at"]); err != nil {
		return "last_conversation_at", err
	}
	if n := v["attempts_last_7d"]; n != "" {
		if c.Earlier, err = strconv.Atoi(n); err != nil || c.Earlier < 0 || c.Earlier > 10_000 {
			return "attempts_last_7d", errors.New("this must be a whole number")
		}
	}
	return "", nil
}

// own are the columns that are fields of a contact and no flow's business.
var own = map[string]bool{
	"phone": true, "alt_phones": true, "timezone": true, "priority": true, "expires_at": true,
	"consent_kind": true, "consent_at": true, "consent_evidence": true, "consent_expires": true,
	"attempts_last_7d": true, "last_conversation_at": true, "language": true, "region": true,
}

// variables are the columns a flow can use.
func variables(names []string) []string {
	var out []string
	for _, n := range names {
		if n != "" && !own[n] {
			out = append(out, n)
		}
	}
	return out
}

// takeMatter fills the variables: amounts as "128.50 USD", dates as
// "2026-12-01", everything else as it stands.
func takeMatter(c *Contact, v map[string]string, _ Options) (string, error) {
	for name, value := range v {
		if own[name] {
			continue
		}
		switch name {
		case "amount_due", "min_payment":
			amount, err := amount(value, v["currency"])
			if err != nil {
				return name, err
			}
			value = amount
		case "due_date":
			at, err := day(value)
			if err != nil {
				return name, err
			}
			value = at.Format(time.DateOnly)
		}
		c.Variables[name] = value
	}
	return "", nil
}
