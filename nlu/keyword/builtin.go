package keyword

import (
	"maps"
	"strings"
)

// Builtin are the patterns of the intents that payment reminders need, by
// intent, in the notation of package phrase. Flows add their own examples; the
// recogniser's grammars and this classifier share both. A language without
// built-in patterns gives an empty map. The map is the caller's.
func Builtin(language string) map[string][]string {
	return maps.Clone(builtin(language))
}

func builtin(language string) map[string][]string {
	primary, _, _ := strings.Cut(language, "-")
	switch primary {
	case "en":
		return englishSets
	case "zh":
		return chineseSets
	}
	return nil
}
