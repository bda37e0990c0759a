// Package phrase is the notation in which flows say what a customer may say:
// plain words with [optional parts], (one|of|several) and <classes> such as
// <date>. One pattern serves the recogniser, which compiles it into a grammar,
// and the understanding, which matches recognised words against it.
package phrase

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of a Node.
type Kind int

const (
	// Word is literal text without spaces: one English word, or a run of
	// Chinese characters.
	Word Kind = iota
	// Class stands for a set of phrases defined elsewhere, "<date>".
	Class
	// Sequence is its children one after the other.
	Sequence
	// Choices is any one of its children.
	Choices
	// Optional is its single child or nothing.
	Optional
)

// Node is a part of a pattern. A Node is immutable once parsed.
type Node struct {
	Kind     Kind
	Text     string // of a Word (lower case) or a Class (without brackets)
	Children []Node
}

// Pattern is a parsed pattern.
type Pattern struct {
	Source string
	Root   Node
	steps  step
	begins opening
}

// SyntaxError says where a pattern is wrong. Column counts characters from 1.
type SyntaxError struct {
	Pattern string
	Column  int
	Problem string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("pattern %q, column %d: %s", e.Pattern, e.Column, e.Problem)
}

// maxDepth bounds nesting, so that a hostile pattern cannot exhaust the stack.
const maxDepth = 32

// Parse reads a pattern. Letters are folded to lower case; punctuation other
// than apostrophes and hyphens inside words is dropped, so that a sentence may
// be pasted as it is written.
func Parse(source string) (*Pattern, error) {
	p := &parser{source: source}
	root, err := p.choices(0)
	if err != nil {
		return nil, err
	}
	if p.pos < len(source) {
		return nil, p.fail(fmt.Sprintf("%q closes nothing", source[p.pos:p.pos+1]))
	}
	if empty(root) {
		return nil, p.fail("the pattern has no words")
	}
	out := &Pattern{Source: source, Root: root, steps: stepOf(root), begins: opening{words: map[string]bool{}}}
	out.begins.open(&out.steps)
	return out, nil
}

func empty(n Node) bool {
	return n.Kind == Sequence && len(n.Children) == 0
}

type parser struct {
	source string
	pos    int
}

func (p *parser) fail(problem string) error {
	return &SyntaxError{Pattern: p.source, Column: utf8.RuneCountInString(p.source[:p.pos]) + 1, Problem: problem}
}

// choices reads sequences separated by "|" up to a closing bracket or the end.
func (p *parser) choices(depth int) (Node, error) {
	if depth > maxDepth {
		return Node{}, p.fail("brackets are nested too deeply")
	}
	var all []Node
	for {
		seq, err := p.sequence(depth)
		if err != nil {
			return Node{}, err
		}
		all = append(all, seq)
		if p.pos >= len(p.source) || p.source[p.pos] != '|' {
			break
		}
		p.pos++
	}
	if len(all) == 1 {
		return all[0], nil
	}
	for _, n := range all {
		if empty(n) {
			return Node{}, p.fail("an alternative is empty; write [optional words] instead")
		}
	}
	return Node{Kind: Choices, Children: all}, nil
}

func (p *parser) sequence(depth int) (Node, error) {
	seq := Node{Kind: Sequence}
	for p.pos < len(p.source) {
		switch c := p.source[p.pos]; c {
		case '|', ')', ']':
			return simplify(seq), nil
		case '>':
			return Node{}, p.fail(`">" closes nothing`)
		case '(', '[':
			n, err := p.bracket(c, depth)
			if err != nil {
				return Node{}, err
			}
			seq.Children = append(seq.Children, n)
		case '<':
			n, err := p.class()
			if err != nil {
				return Node{}, err
			}
			seq.Children = append(seq.Children, n)
		default:
			if w := p.word(); w != "" {
				seq.Children = append(seq.Children, Node{Kind: Word, Text: w})
			}
		}
	}
	return simplify(seq), nil
}

func simplify(seq Node) Node {
	if len(seq.Children) == 1 {
		return seq.Children[0]
	}
	return seq
}

func (p *parser) bracket(open byte, depth int) (Node, error) {
	start := p.pos
	closing := byte(')')
	if open == '[' {
		closing = ']'
	}
	p.pos++
	inner, err := p.choices(depth + 1)
	if err != nil {
		return Node{}, err
	}
	if p.pos >= len(p.source) || p.source[p.pos] != closing {
		p.pos = start
		return Node{}, p.fail(fmt.Sprintf("%q is not closed by %q", open, closing))
	}
	if empty(inner) {
		return Node{}, p.fail("the brackets hold no words")
	}
	p.pos++
	if open == '[' {
		return Node{Kind: Optional, Children: []Node{inner}}, nil
	}
	return inner, nil
}

func (p *parser) class() (Node, error) {
	end := strings.IndexByte(p.source[p.pos:], '>')
	if end < 0 {
		return Node{}, p.fail(`"<" is not closed by ">"`)
	}
	name := strings.TrimSpace(p.source[p.pos+1 : p.pos+end])
	if name == "" || strings.ContainsAny(name, "<>[]()| ") {
		return Node{}, p.fail("a class is a single name such as <date>")
	}
	p.pos += end + 1
	return Node{Kind: Class, Text: strings.ToLower(name)}, nil
}

// word reads up to the next space or bracket and returns its folded letters.
func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.source) {
		r, n := utf8.DecodeRuneInString(p.source[p.pos:])
		if unicode.IsSpace(r) || strings.ContainsRune("|()[]<>", r) {
			break
		}
		p.pos += n
	}
	raw := p.source[start:p.pos]
	if raw == "" { // a space
		_, n := utf8.DecodeRuneInString(p.source[p.pos:])
		p.pos += n
		return ""
	}
	return Fold(raw)
}

// Fold lowers one word and drops what is not said: punctuation at any place
// but apostrophes and hyphens between letters.
func Fold(word string) string {
	rs := []rune(strings.ToLower(word))
	out := make([]rune, 0, len(rs))
	for i, r := range rs {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			out = append(out, r)
		case r == '\'' || r == '’' || r == '-':
			if i > 0 && i < len(rs)-1 && unicode.IsLetter(rs[i-1]) && unicode.IsLetter(rs[i+1]) {
				if r == '’' {
					r = '\''
				}
				out = append(out, r)
			}
		}
	}
	return string(out)
}
