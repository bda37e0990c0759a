package keyword

import (
	"maps"
	"slices"
)

// listening are the sounds of somebody who listens.
var listening = map[string][]string{
	"en": {"(uh huh|mm hmm|mhm|oh|i see|yeah|okay|right)"},
	"zh": {"(嗯|嗯嗯|哦|哦哦|知道了)"},
}

// Listening are patterns of what people say while the other one talks, to show
// that they listen. A recogniser that does not expect them finds other words
// in their sound. The slice is the caller's.
func Listening(language string) []string {
	return slices.Clone(listening[primary(language)])
}

// Builtin are the patterns of the intents that payment reminders need, by
// intent, in the notation of package phrase. Flows add their own examples; the
// recogniser's grammars and this classifier share both. A language without
// built-in patterns gives an empty map. The map is the caller's.
func Builtin(language string) map[string][]string {
	return maps.Clone(builtin(language))
}

func builtin(language string) map[string][]string {
	switch primary(language) {
	case "en":
		return englishSets
	case "zh":
		return chineseSets
	}
	return nil
}
