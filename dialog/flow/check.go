package flow

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// maxCondition bounds a condition; merchants compare two or three things.
const maxCondition = 100

// compile turns the source of a condition into a program over the variables
// and slots of the flow. Built-in functions are off: a condition compares, it
// does not compute, and so it always ends at once.
func (r *reader) compile(c *check, own []*slot) {
	options := []expr.Option{
		expr.Env(r.environment()), expr.AsBool(), expr.MaxNodes(maxCondition), expr.DisableAllBuiltins(),
	}
	program, err := expr.Compile(c.source, options...)
	if err != nil {
		at, text := c.at, err.Error()
		var wrong *file.Error
		if errors.As(err, &wrong) {
			text = wrong.Message
			if wrong.Line == 1 {
				at.column += wrong.Column
			}
			if name, ok := strings.CutPrefix(text, "unknown name "); ok {
				text += meant(name, r.names())
			}
		}
		r.rep.at(at, "the condition %q is wrong: %s", c.source, text)
		return
	}
	c.program = program
	tree, err := parser.Parse(c.source)
	if err != nil {
		r.rep.at(c.at, "the condition %q is wrong: %v", c.source, err)
		return
	}
	r.identify(c, tree.Node, own)
	var reads namesIn
	ast.Walk(&tree.Node, &reads)
	for _, n := range reads {
		if r.flow.slots[n] != nil || r.flow.variable(n) != nil {
			c.names = append(c.names, n)
		}
	}
}

// environment is the type of every name that a condition may use.
func (r *reader) environment() types.Map {
	env := types.Map{}
	put := func(name string, k kind) {
		t := types.String
		switch k {
		case kindMoney, kindNumber:
			t = types.Float64
		case kindDate, kindTime:
			t = types.TypeOf(time.Time{})
		}
		group, member, dotted := strings.Cut(name, ".")
		if !dotted {
			env[name] = t
			return
		}
		inner, ok := env[group].(types.Map)
		if !ok {
			inner = types.Map{}
			env[group] = inner
		}
		inner[member] = t
	}
	for _, v := range r.flow.variables {
		put(v.name, v.kind)
	}
	for _, name := range slices.Sorted(maps.Keys(r.flow.slots)) {
		put(name, r.flow.slots[name].kind)
	}
	put("today", kindDate)
	return env
}

// names are all that may be spoken or compared.
func (r *reader) names() []string {
	all := slices.Sorted(maps.Keys(r.flow.slots))
	for _, v := range r.flow.variables {
		all = append(all, v.name)
	}
	return all
}

// identify finds comparisons that prove who is on the line: a value collected
// in this very step, equal to a variable of the contact.
func (r *reader) identify(c *check, n ast.Node, own []*slot) {
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return
	}
	switch b.Operator {
	case "&&", "and":
		r.identify(c, b.Left, own)
		r.identify(c, b.Right, own)
	case "==":
		left, right := nameOf(b.Left), nameOf(b.Right)
		if r.flow.variable(left) != nil {
			left, right = right, left
		}
		collected := slices.ContainsFunc(own, func(s *slot) bool { return s.name == left })
		if collected && r.flow.variable(right) != nil {
			c.identifies = true
			c.secrets = append(c.secrets, left, right)
		}
	}
}

// nameOf is the name that a node reads, dotted or not; "" for anything else.
func nameOf(n ast.Node) string {
	switch v := n.(type) {
	case *ast.IdentifierNode:
		return v.Value
	case *ast.MemberNode:
		group, ok := v.Node.(*ast.IdentifierNode)
		member, named := v.Property.(*ast.StringNode)
		if ok && named {
			return group.Value + "." + member.Value
		}
	}
	return ""
}

// namesIn collects the names that a condition reads.
type namesIn []string

func (v *namesIn) Visit(n *ast.Node) {
	if name := nameOf(*n); name != "" {
		*v = append(*v, name)
	}
}
