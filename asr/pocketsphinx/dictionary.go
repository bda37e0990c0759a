package pocketsphinx

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// dictionary says how words sound. It is shared by all sessions of a worker
// and not changed after it was read.
type dictionary struct {
	language string
	entries  map[string][]string // word → pronunciations, phones with spaces
	phones   []string            // all that occur, sorted
	longest  int                 // runes of the longest word
}

// readDictionary reads Sphinx's notation: a word and its phones on a line,
// further pronunciations as word(2), word(3).
func readDictionary(language, path string) (*dictionary, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the dictionary: %w", err)
	}
	defer f.Close()
	d := &dictionary{language: language, entries: make(map[string][]string, 140_000)}
	phones := map[string]bool{}
	for lines := bufio.NewScanner(f); ; {
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return nil, fmt.Errorf("read the dictionary %s: %w", path, err)
			}
			break
		}
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "<") || strings.HasPrefix(fields[0], ";;;") {
			continue
		}
		for _, p := range fields[1:] {
			phones[p] = true
		}
		word := base(fields[0])
		d.entries[word] = append(d.entries[word], strings.Join(fields[1:], " "))
		d.longest = max(d.longest, utf8.RuneCountInString(word))
	}
	if len(d.entries) == 0 {
		return nil, fmt.Errorf("the dictionary %s holds no words", path)
	}
	delete(phones, "SIL")
	for p := range phones {
		d.phones = append(d.phones, p)
	}
	slices.Sort(d.phones)
	return d, nil
}

// base strips the number of a further pronunciation: "read(2)" is "read".
func base(word string) string {
	if i := strings.LastIndexByte(word, '('); i > 0 && strings.HasSuffix(word, ")") {
		return word[:i]
	}
	return word
}

// pronounce returns how a word sounds; every word that split returned can be
// pronounced.
func (d *dictionary) pronounce(word string) []string {
	if p, ok := d.entries[word]; ok {
		return p
	}
	if d.language == "zh" {
		return d.digits(word, []string{"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"})
	}
	if p := d.digits(word, []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}); p != nil {
		return p
	}
	if stem, ok := strings.CutSuffix(word, "'s"); ok && d.entries[stem] != nil {
		return []string{d.entries[stem][0] + " Z"}
	}
	if p := spell(word); p != "" {
		return []string{p}
	}
	return nil
}

// digits pronounces a run of digits one by one; the text stays as written.
func (d *dictionary) digits(word string, names []string) []string {
	var all []string
	for _, r := range word {
		if r < '0' || r > '9' || len(d.entries[names[r-'0']]) == 0 {
			return nil
		}
		all = append(all, d.entries[names[r-'0']][0])
	}
	if len(all) == 0 {
		return nil
	}
	return []string{strings.Join(all, " ")}
}

// split cuts the text of a pattern's word into words that can be pronounced,
// or reports that it cannot.
func (d *dictionary) split(text string) ([]string, bool) {
	if d.pronounceable(text) {
		return []string{text}, true
	}
	if d.language == "zh" {
		return d.segment([]rune(text))
	}
	if !strings.Contains(text, "-") {
		return nil, false
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' })
	for _, p := range parts {
		if !d.pronounceable(p) {
			return nil, false
		}
	}
	return parts, len(parts) > 0
}

func (d *dictionary) pronounceable(word string) bool {
	if strings.Contains(word, "-") {
		return d.entries[word] != nil
	}
	return d.pronounce(word) != nil
}

// segment cuts a run of characters into the fewest words of the dictionary,
// and among equals into the most uneven ones: long words are the surer ones.
func (d *dictionary) segment(text []rune) ([]string, bool) {
	type best struct {
		words, squares, from int
		ok                   bool
	}
	at := make([]best, len(text)+1)
	at[0].ok = true
	for end := 1; end <= len(text); end++ {
		for from := max(0, end-d.longest); from < end; from++ {
			if !at[from].ok || d.pronounce(string(text[from:end])) == nil {
				continue
			}
			n := end - from
			b := best{at[from].words + 1, at[from].squares + n*n, from, true}
			if o := at[end]; !o.ok || b.words < o.words || b.words == o.words && b.squares > o.squares {
				at[end] = b
			}
		}
	}
	if !at[len(text)].ok || len(text) == 0 {
		return nil, false
	}
	var words []string
	for end := len(text); end > 0; end = at[end].from {
		words = append(words, string(text[at[end].from:end]))
	}
	slices.Reverse(words)
	return words, true
}
