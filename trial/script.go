package trial

import (
	"parley/asr"
	"parley/nlu/keyword"
	"parley/phrase"
	"parley/tts"
)

// script is what is said in the synthetic cases of one language and part. The
// two parts of a language share no voice and no sentence, and no form of a
// backchannel.
type script struct {
	bots, customers []tts.Voice
	prompts         []string // of six seconds and more
	asks            []ask
	interruptions   []string // without a backchannel first
	yesBut          []string // and with one
	backchannels    []string
}

// ask is a question with its answers; a comma in an answer is where a pause may
// be.
type ask struct {
	question string // key in questions
	text     string
	answers  []string
}

// scripts by language and part.
var scripts = map[string]map[string]script{
	"en": {Dev: englishDev, Test: englishTest},
	"zh": {Dev: chineseDev, Test: chineseTest},
}

// questions are what a reminder's steps expect, from the very patterns that the
// shipped flows listen for.
func questions(language string) map[string]asr.Expectation {
	date := []string{"[on|by] <date>", "[i can|i'll] pay [it] [on] <date>"}
	amount := []string{"[i can pay] <money>", "<amount>"}
	digits := []string{"[it's|they are] <digits4>", "<digits>"}
	if language == "zh" {
		date = []string{"[我] [可以|想|能] <date> [还|付] [给你们]", "<date>"}
		amount = []string{"[我] [可以|能] [还|付] <money>", "<amount>"}
		digits = []string{"[是|尾号|尾号是] <digits4>", "<digits>"}
	}
	expectation := func(name string, a phrase.Answer, first []string, intents ...string) asr.Expectation {
		e := asr.Expectation{ID: "trial." + language + "." + name, Answer: a, Phrases: first}
		built := keyword.Builtin(language)
		for _, i := range append(intents, "opt_out", "agent_requested", "callback", "wrong_number", "ask_identity",
			"ask_what", "ask_robot", "complaint", "repeat", "hello", "hold_on", "goodbye") {
			e.Phrases = append(e.Phrases, built[i]...)
		}
		e.Phrases = append(e.Phrases, keyword.Listening(language)...)
		return e
	}
	return map[string]asr.Expectation{
		language + ".yes_no": expectation("yes_no", phrase.YesNo, nil, "yes", "no"),
		language + ".date":   expectation("date", phrase.Date, date, "pay_now", "will_pay", "yes", "no", "not_sure", "refused"),
		language + ".amount": expectation("amount", phrase.Amount, amount, "yes", "no", "not_sure", "refused"),
		language + ".digits": expectation("digits", phrase.Digits, digits, "refused", "not_sure"),
		language + ".free": expectation("free", phrase.Free, nil, "yes", "no", "already_paid", "dispute", "instalment",
			"hardship", "pay_now", "will_pay", "not_sure", "refused", "ask_amount"),
	}
}
