package trial

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// What lies between these lines of a page is written by WritePage.
const (
	pageBegin = "<!-- parley barge eval: begin -->\n"
	pageEnd   = "<!-- parley barge eval: end -->\n"
)

// WriteCharts writes the pictures and the report itself, as barge-eval.json,
// into a folder.
func (r Report) WriteCharts(dir string, report []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pictures for everybody
		return err
	}
	for _, c := range r.Charts() {
		if err := os.WriteFile(filepath.Join(dir, c.File), c.SVG, 0o644); err != nil { //nolint:gosec // a picture for everybody
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "barge-eval.json"), report, 0o644) //nolint:gosec // figures for everybody
}

// WritePage puts the tables, and the pictures of the folder when it is not
// empty, between the marks of a page; what is around them stays.
func (r Report) WritePage(file, pictures string) error {
	head, tail, err := around(file)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString(pageBegin + "\n")
	r.Markdown(&b)
	if pictures != "" {
		to, err := relative(file, pictures)
		if err != nil {
			return err
		}
		for _, c := range r.Charts() {
			fmt.Fprintf(&b, "\n![%s](%s)\n", c.Title, to+"/"+c.File)
		}
	}
	b.WriteString("\n" + pageEnd)
	b.Write(tail)
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // a page for everybody
}

// CheckPage says what WritePage would find wrong with a page.
func CheckPage(file string) error {
	_, _, err := around(file)
	return err
}

// around is what a page holds before and after its marks.
func around(file string) (head, tail []byte, err error) {
	page, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	head, rest, begun := bytes.Cut(page, []byte(pageBegin))
	_, tail, ended := bytes.Cut(rest, []byte(pageEnd))
	if !begun || !ended {
		return nil, nil, fmt.Errorf("%s has no place for the tables; put the lines %q and %q where they belong", file, pageBegin[:len(pageBegin)-1], pageEnd[:len(pageEnd)-1])
	}
	return head, tail, nil
}

// relative is how a page points to a folder.
func relative(file, dir string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	to, err := filepath.Rel(filepath.Dir(file), dir)
	return filepath.ToSlash(to), err
}
