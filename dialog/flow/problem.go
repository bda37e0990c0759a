package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a file, in the words of the person who wrote it.
type Problem struct {
	File string
	// Line and Column count from 1, columns in characters.
	Line, Column int
	Text         string
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Problems are all mistakes of a file in the order of its lines. It is the
// error that Parse and ParseTest return.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// place is where something stands in the file.
type place struct{ line, column int }

// maxProblems bounds what one file can report; after so many the writer is
// better served by mending the first.
const maxProblems = 100

// reporter collects problems.
type reporter struct {
	file string
	all  Problems
}

func (r *reporter) at(p place, format string, args ...any) {
	if len(r.all) >= maxProblems {
		return
	}
	found := Problem{File: r.file, Line: max(p.line, 1), Column: max(p.column, 1), Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(r.all, found) {
		r.all = append(r.all, found)
	}
}

// err is nil when nothing was wrong.
func (r *reporter) err() error {
	if len(r.all) == 0 {
		return nil
	}
	slices.SortStableFunc(r.all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.all
}

// meant is the "did you mean" clause for a word that is not among the known
// ones; "" when none is near.
func meant(word string, known []string) string {
	best := nearest(word, known, max(1, (len([]rune(word))+1)/3))
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// nearest is the known word at the smallest distance up to limit.
func nearest(word string, known []string, limit int) string {
	best, distance := "", limit+1
	for _, k := range known {
		if d := edits([]rune(strings.ToLower(word)), []rune(strings.ToLower(k))); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// edits is the Damerau-Levenshtein distance in its optimal string alignment
// form: insertions, deletions, replacements and swaps of neighbours.
func edits(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
