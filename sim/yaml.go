package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Words is one text or a list of them.
type Words []string

// UnmarshalYAML reads either form.
func (w *Words) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if err := unmarshal(&one); err == nil {
		*w = Words{one}
		return nil
	}
	var many []string
	if err := unmarshal(&many); err != nil {
		return err
	}
	*w = many
	return nil
}

// Decibel is a level distance, written 20 or 20dB.
type Decibel float64

// UnmarshalYAML reads either form.
func (d *Decibel) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "dB")), 64)
	if err != nil {
		return fmt.Errorf("%q is not a level; write 20dB", text)
	}
	*d = Decibel(v)
	return nil
}

// Count is a number that must be met, "2", or a least one, ">=1".
type Count string

// Holds reports whether n meets the count; an empty one is always met.
func (c Count) Holds(n int) bool {
	least, atLeast := strings.CutPrefix(string(c), ">=")
	want, err := strconv.Atoi(strings.TrimSpace(least))
	switch {
	case c == "":
		return true
	case err != nil:
		return false
	case atLeast:
		return n >= want
	}
	return n == want
}

func (c Count) valid() bool {
	_, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(string(c), ">=")))
	return c == "" || err == nil
}

// FileError is a mistake in a persona's file.
type FileError struct {
	File         string
	Line, Column int
	Problem      string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}

// maxFile bounds a persona's file in bytes.
const maxFile = 256 << 10

// source is a file with its syntax tree, to say where a mistake is.
type source struct {
	name string
	tree *ast.File
}

// read decodes a file strictly into out.
func read(name string, text []byte, out any) (*source, error) {
	if len(text) > maxFile {
		return nil, &FileError{File: name, Problem: "the file is larger than 256 KB"}
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, asFileError(name, err)
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return nil, &FileError{File: name, Problem: "the file is empty"}
	}
	if err := yaml.UnmarshalWithOptions(text, out, yaml.Strict()); err != nil {
		return nil, asFileError(name, err)
	}
	return &source{name: name, tree: tree}, nil
}

func asFileError(name string, err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		at := y.GetToken().Position
		return &FileError{File: name, Line: at.Line, Column: at.Column, Problem: y.GetMessage()}
	}
	return &FileError{File: name, Problem: err.Error()}
}

// fail is an error at the value of a path such as $.lines[0].says, or at the
// nearest one above it that the file has.
func (s *source) fail(path, format string, args ...any) error {
	e := &FileError{File: s.name, Line: 1, Column: 1, Problem: fmt.Sprintf(format, args...)}
	for ; path != "$" && path != ""; path = path[:max(strings.LastIndexAny(path, ".["), 0)] {
		p, err := yaml.PathString(path)
		if err != nil {
			continue
		}
		n, err := p.FilterFile(s.tree)
		if err != nil || n == nil {
			continue
		}
		if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
			n = m.Values[0].Key // the tree gives a map the place of its colon
		}
		at := n.GetToken().Position
		e.Line, e.Column = at.Line, at.Column
		break
	}
	return e
}
