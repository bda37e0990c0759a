package pocketsphinx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley/asr"
	"parley/phrase"
	"parley/spoken"
)

// classes gives the rules behind a <class>: the first is the class itself, the
// others are those that it and they refer to by name.
type classes func(language, class string) ([]spoken.Rule, bool)

// grammar is one compiled expectation.
type grammar struct {
	name  string
	words []string // all of them, each with an entry in the dictionary
	fsg   string
	// unheard counts the phrases that were left out; why is the first reason.
	// It never holds a word of them: they may be people's names.
	unheard int
	why     error
}

var (
	errNoSound = errors.New("a word has no known pronunciation")
	errNoClass = errors.New("a <class> is unknown to this language")
	errLoop    = errors.New("the rules of a <class> refer to themselves")
)

// compile turns an expectation into a grammar. Phrases that cannot be used are
// left out and counted; without any left there is an error.
func compile(e asr.Expectation, dict *dictionary, classes classes) (*grammar, error) {
	c := &compiler{dict: dict, classes: classes, rules: map[string]*phrase.Pattern{}}
	g := &grammar{name: nameOf(e)}
	net := newNetwork()
	all := slices.Concat(e.Phrases, implied(e))
	for _, p := range all {
		if err := c.add(net, p); err != nil {
			g.unheard++
			g.why = firstOf(g.why, err)
		}
	}
	if g.unheard == len(all) {
		if g.why == nil {
			return nil, errors.New("the expectation has no phrases")
		}
		return nil, g.why
	}
	a, err := net.determine()
	if err != nil {
		return nil, err
	}
	a = a.minimize()
	g.words = a.words[1:]
	g.fsg = a.fsg()
	return g, nil
}

func firstOf(first, then error) error {
	if first != nil {
		return first
	}
	return then
}

// nameOf is a name for a grammar of equal content.
func nameOf(e asr.Expectation) string {
	if e.ID != "" {
		return "x:" + e.ID
	}
	h := sha256.New()
	for _, p := range e.Phrases {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	fmt.Fprintf(h, "=%s", e.Answer)
	return "h:" + hex.EncodeToString(h.Sum(nil)[:12])
}

// implied are the phrases of an answer of a kind: a question for a date hears
// a plain date even when its phrases forgot it. Phrases that name the class, or
// a narrower one such as <digits4> for digits, know better.
func implied(e asr.Expectation) []string {
	var all []string
	switch e.Answer {
	case phrase.YesNo:
		all = []string{"yes", "no"}
	case phrase.Date, phrase.Time, phrase.Amount, phrase.Number, phrase.Digits:
		all = []string{string(e.Answer)}
	}
	named := func(class string) bool {
		return slices.ContainsFunc(e.Phrases, func(p string) bool { return strings.Contains(p, "<"+class) })
	}
	all = slices.DeleteFunc(all, named)
	for i, class := range all {
		all[i] = "<" + class + ">"
	}
	return all
}

type compiler struct {
	dict    *dictionary
	classes classes
	rules   map[string]*phrase.Pattern // by class and rule
	open    []string                   // rules being expanded
	class   string                     // whose rules names refer to, empty outside
}

// add appends one pattern to the network, or leaves the network as it was.
func (c *compiler) add(net *network, source string) error {
	p, err := phrase.Parse(source)
	if err != nil {
		return errors.New("a phrase is not in the notation of package phrase")
	}
	states, edges := len(net.edges), len(net.edges[start])
	c.open, c.class = c.open[:0], ""
	end, err := c.expand(net, p.Root, start)
	if err != nil {
		net.edges = net.edges[:states]
		net.edges[start] = net.edges[start][:edges]
		return err
	}
	net.link(end, accept)
	return nil
}

// expand adds a node behind a state and returns the state where it ends.
func (c *compiler) expand(net *network, n phrase.Node, from int32) (int32, error) {
	if len(net.edges) > maxStates {
		return 0, errTooLarge
	}
	switch n.Kind {
	case phrase.Word:
		return c.word(net, n.Text, from)
	case phrase.Class:
		return c.rule(net, n.Text, from)
	case phrase.Sequence:
		for _, child := range n.Children {
			var err error
			if from, err = c.expand(net, child, from); err != nil {
				return 0, err
			}
		}
		return from, nil
	}
	// Alternatives begin at a state of their own: an edge back to it from
	// within could otherwise skip what stands before.
	begin, end := net.state(), net.state()
	net.link(from, begin)
	for _, child := range n.Children {
		last, err := c.expand(net, child, begin)
		if err != nil {
			return 0, err
		}
		net.link(last, end)
	}
	if n.Kind == phrase.Optional {
		net.link(begin, end)
	}
	return end, nil
}

func (c *compiler) word(net *network, text string, from int32) (int32, error) {
	words, ok := c.dict.split(text)
	if !ok {
		return 0, errNoSound
	}
	for _, w := range words {
		from = net.step(from, w)
	}
	return from, nil
}

// rule expands a class, or a rule of the class that is being expanded.
func (c *compiler) rule(net *network, name string, from int32) (int32, error) {
	outer := c.class
	defer func() { c.class = outer }()
	p, ok := c.rules[outer+"/"+name]
	if !ok {
		rules, known := c.classes(c.dict.language, name)
		if !known || len(rules) == 0 {
			return 0, errNoClass
		}
		if p, ok = c.rules[name+"/"+rules[0].Name]; !ok {
			for _, r := range rules {
				body, err := phrase.Parse(r.Body)
				if err != nil {
					return 0, fmt.Errorf("rule <%s> of <%s>: %w", r.Name, name, err)
				}
				c.rules[name+"/"+r.Name] = body
			}
			p = c.rules[name+"/"+rules[0].Name]
		}
		c.class = name
	}
	id := c.class + "/" + p.Source
	if slices.Contains(c.open, id) {
		return 0, errLoop
	}
	c.open = append(c.open, id)
	end, err := c.expand(net, p.Root, from)
	c.open = c.open[:len(c.open)-1]
	return end, err
}
