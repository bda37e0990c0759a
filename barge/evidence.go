package barge

import (
	"time"
	"unicode"

	"parley/phrase"
	"parley/spoken"
)

// words is the evidence in what was recognised so far.
type words struct {
	text string
	kind evidence
	form form
	// full: they are all that was asked for. digits is how many were said.
	full   bool
	digits int
}

type evidence uint8

const (
	nothing evidence = iota
	murmur           // backchannel only
	greets           // a greeting, with or without backchannel
	echoed           // the bot's own sentence heard back
	content          // something is being said
	claim            // a question, or what one asks a bot for
	stop             // the floor is claimed outright
)

// judge turns recognised text into evidence against the prompt now playing.
func judge(text string, p Prompt, playing bool) evidence {
	switch {
	case squeeze(text) == "":
		return nothing
	case Backchannel(text):
		return murmur
	case Stops(text):
		return stop
	case playing && ownWords(text, p.Text):
		return echoed
	case greeting(text):
		return greets
	case has(text, claims):
		return claim
	}
	return content
}

// read takes the words as an answer to what was asked.
func read(text string, kind evidence, a phrase.Answer) words {
	w := words{text: text, kind: kind, form: formOf(text)}
	k, ok := kinds[a]
	if !ok || text == "" {
		return w
	}
	for _, v := range spoken.Parse(languageOf(text), text, k, anyDay) {
		// "yes but" is no whole answer yet.
		w.full = v.Kind != spoken.KindDigits && w.form != open
		w.digits = max(w.digits, len(v.Digits))
	}
	if a == phrase.YesNo && kind == murmur {
		w.full = true // "mm"
	}
	return w
}

// anyDay is a day to count dates from: whether one was said does not depend on
// today.
var anyDay = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// kinds of values by what was asked.
var kinds = map[phrase.Answer][]spoken.Kind{
	phrase.YesNo:  {spoken.KindYesNo},
	phrase.Date:   {spoken.KindDate, spoken.KindDateTime},
	phrase.Time:   {spoken.KindTime, spoken.KindDateTime},
	phrase.Amount: {spoken.KindAmount},
	phrase.Number: {spoken.KindNumber},
	phrase.Digits: {spoken.KindDigits},
}

// languageOf is the language of a text by its script.
func languageOf(text string) string {
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			return "zh"
		}
	}
	return "en"
}
