package flow

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSource bounds a file; the shipped flows have about 15 KB.
const maxSource = 1 << 20

// node is a value of the file that knows its place. Flows are read from the
// syntax tree and not into structs, because one key may hold a word or a whole
// map, and because every mistake must name its line and column.
type node struct {
	place
	value ast.Node // nil when the key has no value
	rep   *reporter
}

// entry is one line "key: value" of a map.
type entry struct {
	key string
	place
	node node
}

// load reads the single document of source.
func load(rep *reporter, source []byte) (node, bool) {
	if len(source) > maxSource {
		rep.at(place{}, "the file is larger than %d KB", maxSource>>10)
		return node{}, false
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			at := syntax.GetToken().Position
			rep.at(place{at.Line, at.Column}, "this is not valid YAML: %s", syntax.GetMessage())
		} else {
			rep.at(place{}, "this is not valid YAML: %v", err)
		}
		return node{}, false
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		rep.at(place{}, "the file is empty")
		return node{}, false
	case 1:
		return wrap(rep, bodies[0]), true
	}
	rep.at(placeOf(bodies[1]), "only one document may be in a file; remove the line ---")
	return node{}, false
}

func wrap(rep *reporter, n ast.Node) node {
	w := node{value: n, rep: rep}
	if n == nil {
		return w
	}
	w.place = placeOf(n)
	if n.Type() == ast.NullType {
		w.value = nil
	}
	return w
}

// placeOf is where a value begins as the writer sees it. The tree gives a map
// the place of its first colon.
func placeOf(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return placeOf(m.Values[0].Key)
	}
	tk := n.GetToken()
	if tk == nil || tk.Position == nil {
		return place{}
	}
	return place{tk.Position.Line, tk.Position.Column}
}

func (n node) fail(format string, args ...any) { n.rep.at(n.place, format, args...) }

func (n node) isMap() bool {
	_, ok := n.value.(*ast.MappingNode)
	return ok
}

func (n node) isList() bool {
	_, ok := n.value.(*ast.SequenceNode)
	return ok
}

// entries are the lines of a map; a value of another kind is reported as not
// being what.
func (n node) entries(what string) []entry {
	m, ok := n.value.(*ast.MappingNode)
	if !ok {
		if n.value == nil {
			n.fail("%s is empty", what)
		} else {
			n.fail("%s must be lines of \"name: value\"", what)
		}
		return nil
	}
	all := make([]entry, 0, len(m.Values))
	for _, v := range m.Values {
		key, ok := scalar(v.Key)
		at := placeOf(v.Key)
		if !ok {
			n.rep.at(at, "a name must be a plain word")
			continue
		}
		if slices.ContainsFunc(all, func(e entry) bool { return e.key == key }) {
			n.rep.at(at, "%q is written twice", key)
			continue
		}
		child := wrap(n.rep, v.Value)
		if child.value == nil {
			child.place = at
		}
		all = append(all, entry{key: key, place: at, node: child})
	}
	return all
}

// items are the members of a list; a single value is a list of one.
func (n node) items() []node {
	s, ok := n.value.(*ast.SequenceNode)
	if !ok {
		return []node{n}
	}
	all := make([]node, 0, len(s.Values))
	for _, v := range s.Values {
		all = append(all, wrap(n.rep, v))
	}
	return all
}

// text is a value that is one line of text, whatever YAML takes it for: 0472
// and 2026-12-01 stay as they are written.
func (n node) text(what string) string {
	if n.value == nil {
		n.fail("%s is empty", what)
		return ""
	}
	s, ok := scalar(n.value)
	if !ok {
		n.fail("%s must be a text", what)
		return ""
	}
	s = strings.TrimSpace(s)
	if s == "" {
		n.fail("%s is empty", what)
	}
	return s
}

// scalar is the text of a simple value as it is written.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return v.GetToken().Value, true
	}
	return "", false
}

// quoted is 1 when the text begins after a quotation mark.
func (n node) quoted() int {
	if s, ok := n.value.(*ast.StringNode); ok {
		switch s.Token.Type {
		case token.DoubleQuoteType, token.SingleQuoteType:
			return 1
		}
	}
	return 0
}

// within is the place of the given character inside the text; the value's own
// place where the text runs over several lines.
func (n node) within(text string, offset int) place {
	if _, block := n.value.(*ast.LiteralNode); block {
		return n.place
	}
	s, _ := scalar(n.value)
	lead := len(s) - len(strings.TrimLeft(s, " \t\n"))
	return place{n.line, n.column + n.quoted() + lead + len([]rune(text[:offset]))}
}

func (n node) count(what string, least, most int) int {
	s := n.text(what)
	if s == "" {
		return least
	}
	i, err := strconv.Atoi(s)
	if err != nil || i < least || i > most {
		n.fail("%s must be a whole number from %d to %d", what, least, most)
		return least
	}
	return i
}

func (n node) number(what string, least, most float64) float64 {
	s := n.text(what)
	if s == "" {
		return least
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < least || f > most {
		n.fail("%s must be a number from %g to %g", what, least, most)
		return least
	}
	return f
}

func (n node) duration(what string, least, most time.Duration) time.Duration {
	s := n.text(what)
	if s == "" {
		return least
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > most {
		n.fail("%s must be a time from %v to %v, such as 4s", what, least, most)
		return least
	}
	return d
}

func (n node) truth(what string) bool {
	switch n.text(what) {
	case "true", "yes":
		return true
	case "false", "no", "":
		return false
	}
	n.fail("%s must be yes or no", what)
	return false
}

// unknown reports a name that may not stand here.
func (e entry) unknown(where string, known []string) {
	hint := meant(e.key, known)
	if hint == "" {
		hint = "; known here: " + strings.Join(known, ", ")
	}
	e.node.rep.at(e.place, "%s has no %q%s", where, e.key, hint)
}

// fields reads a map whose names are known, each by its own function.
func (n node) fields(what string, read map[string]func(entry)) {
	known := make([]string, 0, len(read))
	for k := range read {
		known = append(known, k)
	}
	slices.Sort(known)
	for _, e := range n.entries(what) {
		if f := read[e.key]; f != nil {
			f(e)
			continue
		}
		e.unknown(what, known)
	}
}

func list(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	}
	return fmt.Sprintf("%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
