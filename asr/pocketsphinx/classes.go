package pocketsphinx

// spokenClasses gives the rules of <date>, <amount> and the like.
func spokenClasses(language, class string) ([]Rule, bool) {
	return nil, false
}
