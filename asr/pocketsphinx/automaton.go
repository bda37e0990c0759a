package pocketsphinx

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxStates bounds a grammar before and after its alternatives are merged.
const maxStates = 60_000

var errTooLarge = errors.New("the expected phrases make too large a grammar; offer fewer alternatives at this point")

// network collects phrases as a graph whose edges are words. The notation has
// no repetition, so it has no cycles.
type network struct {
	edges [][]edge
	ids   map[string]int32
	words []string // by id; 0 is the empty word
}

type edge struct{ word, to int32 }

const start, accept int32 = 0, 1

func newNetwork() *network {
	return &network{edges: make([][]edge, 2), ids: map[string]int32{}, words: []string{""}}
}

func (n *network) state() int32 {
	n.edges = append(n.edges, nil)
	return int32(len(n.edges) - 1)
}

func (n *network) link(from, to int32) { n.edges[from] = append(n.edges[from], edge{0, to}) }

// step adds one word after a state and returns the state behind it.
func (n *network) step(from int32, word string) int32 {
	id, ok := n.ids[word]
	if !ok {
		id = int32(len(n.words))
		n.ids[word] = id
		n.words = append(n.words, word)
	}
	to := n.state()
	n.edges[from] = append(n.edges[from], edge{id, to})
	return to
}

// automaton is a network in which every state has at most one edge a word and
// no two states mean the same: what the decoder searches is as small as it can
// be, and common beginnings are scored once.
type automaton struct {
	words []string
	edges [][]edge // sorted by word
	final []bool
	first int32
}

// determine merges common beginnings (subset construction).
func (n *network) determine() (*automaton, error) {
	a := &automaton{words: n.words}
	numbers := map[string]int32{}
	var sets [][]int32
	number := func(set []int32) int32 {
		set = n.closure(set)
		key := make([]byte, 0, 4*len(set))
		for _, s := range set {
			key = binary.LittleEndian.AppendUint32(key, uint32(s))
		}
		if id, ok := numbers[string(key)]; ok {
			return id
		}
		id := int32(len(sets))
		numbers[string(key)] = id
		sets = append(sets, set)
		return id
	}
	number([]int32{start})
	for i := 0; i < len(sets); i++ {
		if len(sets) > maxStates {
			return nil, errTooLarge
		}
		byWord := map[int32][]int32{}
		for _, s := range sets[i] {
			for _, e := range n.edges[s] {
				if e.word != 0 {
					byWord[e.word] = append(byWord[e.word], e.to)
				}
			}
		}
		out := make([]edge, 0, len(byWord))
		for word, targets := range byWord {
			out = append(out, edge{word, number(targets)})
		}
		slices.SortFunc(out, func(a, b edge) int { return cmp.Compare(a.word, b.word) })
		a.edges = append(a.edges, out)
		a.final = append(a.final, slices.Contains(sets[i], accept))
	}
	return a, nil
}

// closure adds what is reached without a word; sorted.
func (n *network) closure(set []int32) []int32 {
	seen := make(map[int32]bool, len(set))
	var all []int32
	for stack := slices.Clone(set); len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		all = append(all, s)
		for _, e := range n.edges[s] {
			if e.word == 0 {
				stack = append(stack, e.to)
			}
		}
	}
	slices.Sort(all)
	return all
}

// minimize merges common ends: without cycles, states are equal when their
// edges lead to equal states.
func (a *automaton) minimize() *automaton {
	least := &automaton{words: a.words}
	numbers := map[string]int32{}
	done := make([]int32, len(a.edges))
	for i := range done {
		done[i] = -1
	}
	var visit func(s int32) int32
	visit = func(s int32) int32 {
		if done[s] >= 0 {
			return done[s]
		}
		key := []byte{0}
		if a.final[s] {
			key[0] = 1
		}
		out := make([]edge, len(a.edges[s]))
		for i, e := range a.edges[s] {
			out[i] = edge{e.word, visit(e.to)}
			key = binary.LittleEndian.AppendUint32(key, uint32(out[i].word))
			key = binary.LittleEndian.AppendUint32(key, uint32(out[i].to))
		}
		id, ok := numbers[string(key)]
		if !ok {
			id = int32(len(least.edges))
			numbers[string(key)] = id
			least.edges = append(least.edges, out)
			least.final = append(least.final, a.final[s])
		}
		done[s] = id
		return id
	}
	least.first = visit(0)
	return least
}

// fsg writes the automaton in Sphinx's FSG notation. An empty phrase is never
// part of it.
func (a *automaton) fsg() string {
	last := len(a.edges) // one more state in which everything ends
	var b strings.Builder
	fmt.Fprintf(&b, "FSG_BEGIN grammar\nNUM_STATES %d\nSTART_STATE %d\nFINAL_STATE %d\n", last+1, a.first, last)
	for from, edges := range a.edges {
		for _, e := range edges {
			to := int(e.to)
			if a.final[to] && len(a.edges[to]) == 0 {
				to = last
			}
			fmt.Fprintf(&b, "TRANSITION %d %d 1.0 %s\n", from, to, a.words[e.word])
		}
		if a.final[from] && len(edges) > 0 && from != int(a.first) {
			fmt.Fprintf(&b, "TRANSITION %d %d 1.0\n", from, last)
		}
	}
	b.WriteString("FSG_END\n")
	return b.String()
}
