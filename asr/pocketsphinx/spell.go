package pocketsphinx

import "strings"

// sounds are letters and how they usually sound in English names, longest
// first within a first letter. A phone string that ends in "*" applies at the
// end of a word only, one that begins with "*" at its beginning only.
var sounds = map[byte][]struct{ letters, phones string }{
	'a': {{"augh", "AO"}, {"aw", "AO"}, {"au", "AO"}, {"ai", "EY"}, {"ay", "EY"}, {"ar", "AA R"}, {"ah", "AA"}, {"a", "AH*"}, {"a", "AE"}},
	'b': {{"bb", "B"}, {"b", "B"}},
	'c': {{"ccia", "CH AH"}, {"tch", "CH"}, {"ch", "CH"}, {"ck", "K"}, {"ce", "S*"}, {"ce", "S EH"}, {"ci", "S IH"}, {"cy", "S IY"}, {"cc", "K"}, {"c", "K"}},
	'd': {{"dge", "JH"}, {"dd", "D"}, {"d", "D"}},
	'e': {{"eigh", "EY"}, {"ee", "IY"}, {"ea", "IY"}, {"ei", "EY"}, {"ey", "IY*"}, {"ey", "EY"}, {"eu", "UW"}, {"ew", "UW"}, {"er", "ER"}, {"e", "*EH"}, {"e", "*"}, {"e", "EH"}},
	'f': {{"ff", "F"}, {"f", "F"}},
	'g': {{"ght", "T"}, {"gh", "G"}, {"ge", "JH*"}, {"gi", "JH IH"}, {"gg", "G"}, {"gn", "N*"}, {"g", "G"}},
	'h': {{"h", "HH"}},
	'i': {{"igh", "AY"}, {"ie", "IY"}, {"ir", "ER"}, {"i", "IY*"}, {"i", "IH"}},
	'j': {{"j", "JH"}},
	'k': {{"kn", "*N"}, {"kk", "K"}, {"k", "K"}},
	'l': {{"ll", "L"}, {"l", "L"}},
	'm': {{"mm", "M"}, {"mb", "M*"}, {"m", "M"}},
	'n': {{"ng", "NG"}, {"nn", "N"}, {"n", "N"}},
	'o': {{"oo", "UW"}, {"oa", "OW"}, {"oi", "OY"}, {"oy", "OY"}, {"ou", "AW"}, {"ow", "OW*"}, {"ow", "AW"}, {"or", "AO R"}, {"oh", "OW"}, {"o", "OW*"}, {"o", "AA"}},
	'p': {{"ph", "F"}, {"pp", "P"}, {"p", "P"}},
	'q': {{"qu", "K W"}, {"q", "K"}},
	'r': {{"rr", "R"}, {"rh", "R"}, {"r", "R"}},
	's': {{"sch", "SH"}, {"sh", "SH"}, {"ss", "S"}, {"s", "S"}},
	't': {{"tch", "CH"}, {"th", "TH"}, {"tion", "SH AH N"}, {"tt", "T"}, {"t", "T"}},
	'u': {{"ur", "ER"}, {"u", "UW*"}, {"u", "AH"}},
	'v': {{"v", "V"}},
	'w': {{"wh", "W"}, {"wr", "*R"}, {"w", "W"}},
	'x': {{"x", "*Z"}, {"x", "K S"}},
	'y': {{"y", "*Y"}, {"y", "IY*"}, {"y", "IH"}},
	'z': {{"zz", "Z"}, {"z", "Z"}},
}

// spell guesses how an English word sounds that no dictionary knows: names,
// mostly. It is a rough guess; empty when the word is not made of a to z.
func spell(word string) string {
	if len(word) < 2 {
		return ""
	}
	var all []string
	for at := 0; at < len(word); {
		if word[at] == '\'' {
			at++
			continue
		}
		n, phones := sound(word, at)
		if n == 0 {
			return ""
		}
		if phones != "" {
			all = append(all, phones)
		}
		at += n
	}
	return strings.Join(all, " ")
}

// sound finds the longest letters at a place and how they sound there.
func sound(word string, at int) (letters int, phones string) {
	for _, s := range sounds[word[at]] {
		if !strings.HasPrefix(word[at:], s.letters) {
			continue
		}
		end := at+len(s.letters) == len(word)
		// "*" alone is a silent letter at the end of a word.
		if first, ok := strings.CutPrefix(s.phones, "*"); ok && first != "" {
			if at == 0 {
				return len(s.letters), first
			}
			continue
		}
		if last, ok := strings.CutSuffix(s.phones, "*"); ok {
			if end {
				return len(s.letters), last
			}
			continue
		}
		return len(s.letters), s.phones
	}
	return 0, ""
}
