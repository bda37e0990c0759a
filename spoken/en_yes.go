package spoken

// The longest phrase at the beginning of a clause decides, so "not a problem"
// is a yes and "right away" is neither.
var enYes = []string{
	"yes", "yeah", "yep", "yup", "yea", "ya", "sure", "sure thing", "okay", "ok", "correct", "right", "alright", "all right",
	"that's right", "that is right", "that's correct", "that is correct", "you're right", "that's fine", "that's good", "that works",
	"that's me", "that is me", "this is me", "it's me", "it is me", "speaking", "this is he", "this is she", "this is him", "this is her",
	"i am", "i do", "i can", "i will", "i did", "it is", "of course", "absolutely", "definitely", "certainly", "exactly", "indeed",
	"uh huh", "mm hmm", "mhm", "fine", "perfect", "great", "sounds good", "no problem", "not a problem", "why not", "agreed",
	"i agree", "i confirm", "affirmative", "you bet", "yes please", "go ahead", "no worries", "you got it", "that'll work", "you are right",
}

var enNo = []string{
	"no", "nope", "nah", "no way", "no sir", "no thanks", "no thank you", "not me", "not really", "not right", "not correct", "not today",
	"not now", "not at all", "not yet", "not true", "that's not me", "that's not right", "that's not correct", "that is not right", "that is not correct", "that's wrong",
	"that is wrong", "this is not", "this isn't", "that isn't right", "it's not", "it is not", "it isn't", "wrong", "incorrect", "never", "negative",
	"i don't", "i do not", "i'm not", "i am not", "i can't", "i cannot", "i won't", "i will not", "i didn't", "i did not", "i haven't",
	"i don't think so", "absolutely not", "definitely not", "of course not", "certainly not", "don't", "do not", "i disagree", "that's not true",
	"sorry no", "not possible", "you're wrong", "uh uh",
}

// enNeither begin like an answer and are none.
var enNeither = []string{
	"right now", "right away", "i don't know", "i do not know", "i'm not sure", "i am not sure", "not sure", "i can't hear", "i can't hear you",
	"i do not understand", "i don't understand", "i am sorry", "i don't remember", "right there", "yes or no", "fine print", "no idea", "no one",
	"never mind", "great britain", "i am calling", "wrong number", "i can't talk", "i don't have it", "i did not hear", "i didn't hear", "i didn't catch",
	"okay wait", "ok wait", "no longer", "no more",
}

// enFillers may stand before an answer.
var enFillers = map[string]bool{
	"um": true, "uh": true, "er": true, "erm": true, "oh": true, "well": true, "hi": true, "hello": true, "hey": true, "ah": true,
	"hmm": true, "mm": true, "so": true, "and": true, "but": true, "actually": true, "like": true, "please": true,
}

// enYesNo reads an answer at the beginning of a clause.
func enYesNo(r *reader, i int) (reading, bool) {
	if !r.opens(i, enFillers, func(j int) int { return enAnswerEnd(r, j) }) {
		return reading{}, false
	}
	yes, next, ok := enAnswer(r, i)
	if !ok {
		return reading{}, false
	}
	// A repetition of the same answer is one answer: "yes yes yes".
	for {
		again, end, more := enAnswer(r, next)
		if !more || again != yes {
			break
		}
		next = end
	}
	return answer(yes, next), true
}

func answer(yes bool, next int) reading {
	return reading{[]Value{{Kind: KindYesNo, Yes: yes, Precision: "exact"}}, next}
}

func enAnswer(r *reader, i int) (yes bool, next int, ok bool) {
	y, isYes := r.anyWords(i, enYes...)
	n, isNo := r.anyWords(i, enNo...)
	x, neither := r.anyWords(i, enNeither...)
	if neither && x >= max(y, n) {
		return false, 0, false
	}
	// "i am", "i do", "it is" answer only when nothing follows them.
	if isYes && y > n {
		if w := r.at(i); (w == "i" || w == "it") && !r.clause(y) && r.at(y-1) != "me" && r.at(y-1) != "agree" && r.at(y-1) != "confirm" {
			return false, 0, false
		}
		return true, y, true
	}
	return false, n, isNo
}

// enAnswerEnd is the end of an answer at i, or i.
func enAnswerEnd(r *reader, i int) int {
	if _, next, ok := enAnswer(r, i); ok {
		return next
	}
	return i
}

// maxOpening is how many fillers may stand before an answer.
const maxOpening = 12

// opens reports whether i begins a clause, counting fillers and whole answers
// before it as nothing.
func (r *reader) opens(i int, fillers map[string]bool, skip func(int) int) bool {
	start := i
	for start > 0 && i-start <= maxOpening && !r.toks[start].clause {
		start--
	}
	if i-start > maxOpening {
		return false
	}
	for j := start; j < i; {
		if next := skip(j); next > j {
			j = next
			continue
		}
		if !fillers[r.at(j)] {
			return false
		}
		j++
	}
	return true
}
