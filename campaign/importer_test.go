package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"parley/rules"
	"parley/sharedtest"
)

func importAll(t testing.TB, r io.Reader, o Options) ([]Contact, []RowError, Summary, error) {
	t.Helper()
	var good []Contact
	var bad []RowError
	sum, err := Import(r, o, func(c Contact) error { good = append(good, c); return nil },
		func(e RowError) error { bad = append(bad, e); return nil })
	return good, bad, sum, err
}

const english = `Phone,name,amount due,currency,due_date,creditor,consent_kind,consent_at,priority,Colour
(212) 555-0123,Lee,"1,280.5",usd,2026/12/1,Acme Store,express,2026-01-02,5,red
212-555-0123,Again,1,USD,2026-12-01,Acme,express,,,
911,Police,1,USD,2026-12-01,Acme,express,,,
212 555 0124,No date,1,USD,12/01/2026,Acme,express,,,
212 555 0125,No amount,much,USD,2026-12-01,Acme,express,,,

212 555 0126,"a ""quoted"" name",12,USD,2026-12-01,Acme,,,,
+44 20 7946 0958,UK,12,,,,,,,
`

func TestImport(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	good, bad, sum, err := importAll(t, strings.NewReader(english), Options{Region: "US", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	wantFirst := Contact{
		Row: 2, Phone: "+12125550123", RawPhone: "(212) 555-0123", Country: "US", Name: "Lee", Priority: 5, Imported: now,
		Consent: &rules.Consent{Kind: "express", At: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
		Variables: map[string]string{
			"name": "Lee", "amount_due": "1280.50 USD", "currency": "usd", "due_date": "2026-12-01", "creditor": "Acme Store", "colour": "red",
		},
	}
	if diff := cmp.Diff(wantFirst, good[0]); diff != "" {
		t.Errorf("first contact (-want +got):\n%s", diff)
	}
	wantBad := []RowError{
		{3, "phone", "the number is already in row 2"},
		{4, "phone", "a number of class emergency is never called"},
		{5, "due_date", "this is no date; write it like 2026-12-01, the year first"},
		{6, "amount_due", "this is no amount; write it like 128.50 or 128.50 USD"},
	}
	if diff := cmp.Diff(wantBad, bad); diff != "" {
		t.Errorf("row errors (-want +got):\n%s", diff)
	}
	want := Summary{Rows: 7, Accepted: 3, Rejected: 4, Duplicates: 1, Columns: []string{"name", "amount_due", "currency", "due_date", "creditor", "colour"}}
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if good[1].Name != `a "quoted" name` || good[2].Phone != "+442079460958" {
		t.Errorf("later contacts: %+v", good[1:])
	}
}

const chinese = "手机号,姓名,应还金额,应还日期,商家,备注\n13800138000,李雷,1280.5元,2026年12月1日,某商城,老客户\n１３８００１３８００１,韩梅梅,￥99,2026-12-02,某商城,\n"

func TestImportChinese(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(chinese)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]struct{ text, encoding string }{
		"utf-8": {chinese, ""}, "with a mark": {"\xef\xbb\xbf" + chinese, ""}, "gb18030 named": {gb, "gb18030"},
		"semicolons": {strings.ReplaceAll(chinese, ",", ";"), ""}, "tabs, CRLF": {strings.NewReplacer(",", "\t", "\n", "\r\n").Replace(chinese), ""},
	} {
		t.Run(name, func(t *testing.T) {
			good, bad, _, err := importAll(t, strings.NewReader(file.text), Options{Region: "CN", Encoding: file.encoding})
			if err != nil || len(bad) != 0 || len(good) != 2 {
				t.Fatalf("%d good, bad %v, %v", len(good), bad, err)
			}
			want := map[string]string{"name": "李雷", "amount_due": "1280.50 CNY", "due_date": "2026-12-01", "creditor": "某商城", "备注": "老客户"}
			if diff := cmp.Diff(want, good[0].Variables); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
			if good[0].Phone != "+8613800138000" || good[1].Phone != "+8613800138001" {
				t.Errorf("phones %q %q", good[0].Phone, good[1].Phone)
			}
		})
	}
	_, _, _, err = importAll(t, strings.NewReader(gb), Options{Region: "CN"})
	var charset CharsetError
	if !errors.As(err, &charset) || charset.Looks != "gb18030" {
		t.Errorf("an unnamed GB18030 file: %v, want a proposal", err)
	}
}

func TestImportRefuses(t *testing.T) {
	long := "phone,name\n+12125550123,\"" + strings.Repeat("x", maxRecord+10)
	for name, c := range map[string]struct {
		file string
		o    Options
		want string
	}{
		"empty":            {"", Options{}, "the file is empty"},
		"no phone":         {"name,age\na,1\n", Options{}, "no column holds the phone number"},
		"two phones":       {"phone,手机号\n1,2\n", Options{}, "both mean phone"},
		"a spreadsheet":    {"PK\x03\x04\x00\x00", Options{}, "not text in UTF-8"},
		"utf-16":           {"\xff\xfep\x00h\x00", Options{}, "looks like UTF-16"},
		"unknown encoding": {"phone\n", Options{Encoding: "ebcdic"}, "is not known"},
		"endless row":      {long, Options{}, "a row is longer"},
		"bad header":       {"phone,\"na\"me\n", Options{}, "misplaced"},
		"many columns":     {"phone" + strings.Repeat(",x", maxColumns) + "\n", Options{}, "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, _, err := importAll(t, strings.NewReader(c.file), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestImportRowTrouble(t *testing.T) {
	file := "phone,name,timezone,priority,secret\n+12125550123,a,Mars/Base,,\n+12125550124,b,,high,\n+12125550125,\x00,,,\n" +
		"+12125550126,\xff,,,\n+12125550127,a,,,,one too many\n+12125550128,\"a\"b,,,\nsip:x@example.com,,,,\nsip:x@127.0.0.1,,,,z\n"
	good, bad, _, err := importAll(t, strings.NewReader(file), Options{Encoding: "utf-8", Columns: map[string]string{"secret": "-"}})
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, b := range bad {
		columns = append(columns, b.Column)
	}
	if diff := cmp.Diff([]string{"timezone", "priority", "name", "name", "", "", "phone"}, columns); diff != "" {
		t.Errorf("columns of the errors (-want +got):\n%s\n%v", diff, bad)
	}
	if len(good) != 1 || good[0].Phone != "sip:x@127.0.0.1" || good[0].Variables["secret"] != "" {
		t.Errorf("good rows: %+v", good)
	}
}

func TestImportStopsWithItsTaker(t *testing.T) {
	full := errors.New("disk full")
	_, err := Import(strings.NewReader(english), Options{Region: "US"}, func(Contact) error { return full }, func(RowError) error { return nil })
	if !errors.Is(err, full) {
		t.Errorf("%v, want the taker's error", err)
	}
}

func TestAmount(t *testing.T) {
	for in, want := range map[string]string{
		"128.5": "128.50", "128": "128.00", "1,280.50": "1280.50", "$12": "12.00 USD", "12 eur": "12.00 EUR", "￥1,000": "1000.00 CNY",
		"12,5": "", "-5": "", "1e3": "", "12.345": "", "": "", "1,28": "", "12 DOLLARS": "", "9999999999999": "", "=1+1": "",
	} {
		got, err := amount(in, "")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("amount(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestSafeCell(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+86": "'+86", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "a=b": "a=b", "": ""} {
		if got := SafeCell(in); got != want {
			t.Errorf("SafeCell(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNaughtyStrings: every hostile string passes through a cell unharmed.
func TestNaughtyStrings(t *testing.T) {
	raw, err := os.ReadFile(sharedtest.Path(t, "data", "files", "blns", "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(raw, &naughty); err != nil {
		t.Fatal(err)
	}
	for _, s := range naughty {
		file := "phone,note\n+12125550123,\"" + strings.ReplaceAll(s, `"`, `""`) + "\"\n"
		good, bad, _, err := importAll(t, strings.NewReader(file), Options{Encoding: "utf-8"})
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if len(bad) == 1 {
			if !strings.ContainsRune(s, 0) && !strings.ContainsRune(s, '\ufffd') {
				t.Errorf("%q was refused: %v", s, bad)
			}
			continue
		}
		want := strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
		if got := good[0].Variables["note"]; got != want {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// FuzzImport: any bytes end in a summary that adds up or in an error, and an
// accepted contact has a number.
func FuzzImport(f *testing.F) {
	f.Add([]byte(english), "")
	f.Add([]byte(chinese), "")
	f.Add([]byte("phone\n\"\n"), "gb18030")
	f.Add([]byte("\xff\xfep\x00"), "utf-16")
	f.Add([]byte("phone;a\n+12125550123;=cmd()\n"), "utf-8")
	f.Fuzz(func(t *testing.T, file []byte, encoding string) {
		good, bad, sum, err := importAll(t, bytes.NewReader(file), Options{Region: "US", Encoding: encoding})
		for _, c := range good {
			if c.Phone == "" || c.Row < 2 {
				t.Fatalf("accepted %+v", c)
			}
		}
		if err == nil && (sum.Accepted != len(good) || sum.Rejected != len(bad) || sum.Rows != len(good)+len(bad)) {
			t.Fatalf("%+v, but %d good and %d bad", sum, len(good), len(bad))
		}
	})
}

func BenchmarkImport(b *testing.B) {
	var file bytes.Buffer
	file.WriteString("phone,name,amount_due,currency,due_date\n")
	for i := range 10_000 {
		file.WriteString("+1212555" + string([]byte{byte('0' + i/1000), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)}) + ",Lee,128.50,USD,2026-12-01\n")
	}
	for b.Loop() {
		if _, err := Import(bytes.NewReader(file.Bytes()), Options{}, func(Contact) error { return nil }, func(RowError) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(10_000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
