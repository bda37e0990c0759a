package keyword

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"parley/phrase"
)

// compiled is a pattern with what the classifier wants to know of it.
type compiled struct {
	*phrase.Pattern
	// bags are the features of its strings, each sorted, without doubles.
	bags [][]uint64
	// negative: it negates by itself ("i won't pay").
	negative bool
}

const (
	// maxStrings bounds the strings of a pattern that are compared.
	maxStrings = 12
	// maxPatterns bounds the cache; a server full of flows has a few thousand.
	maxPatterns = 1 << 16
)

// cache keeps compiled patterns, shared by all calls.
type cache struct {
	mu  sync.RWMutex
	all map[string]*compiled
}

func newCache() *cache { return &cache{all: map[string]*compiled{}} }

func (c *cache) get(source string) (*compiled, error) {
	c.mu.RLock()
	p, ok := c.all[source]
	c.mu.RUnlock()
	if ok {
		return p, nil
	}
	p, err := compile(source)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= maxPatterns {
		clear(c.all)
	}
	c.all[source] = p
	return p, nil
}

func compile(source string) (*compiled, error) {
	p, err := phrase.Parse(british.Replace(strings.ToLower(source)))
	if err != nil {
		return nil, err
	}
	out := &compiled{Pattern: p}
	for _, s := range p.Strings(maxStrings) {
		units := slices.DeleteFunc(phrase.Read(s).Units, func(u string) bool { return strings.Contains(s, "<"+u+">") })
		if len(units) < 2 {
			continue
		}
		out.bags = append(out.bags, features(units, han(units)))
		for _, unit := range units {
			out.negative = out.negative || lexicons["en"].negations[unit] || lexicons["zh"].negations[unit]
		}
	}
	return out, nil
}

func han(units []string) bool { return units[0][0] >= 0x80 }

var seed = maphash.MakeSeed()

// features are hashed words and pairs of English, or pairs of neighbouring
// characters of Chinese, sorted and without doubles. Function words count only
// inside pairs.
func features(units []string, pairsOnly bool) []uint64 {
	var out []uint64
	for i, unit := range units {
		if !pairsOnly && !lexicons["en"].functions[unit] && !lexicons["en"].fillers[unit] {
			out = append(out, maphash.String(seed, unit))
		}
		if i > 0 {
			out = append(out, maphash.String(seed, units[i-1]+" "+unit))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
