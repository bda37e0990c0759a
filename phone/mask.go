package phone

import "strings"

// Mask writes a number or a SIP URI for a log: enough to recognise one that is
// already known, not enough to call it. "+8613800138000" is "+86…00".
func Mask(number string) string {
	if IsURI(number) {
		scheme, rest, _ := strings.Cut(number, ":")
		user, host, ok := strings.Cut(rest, "@")
		if !ok {
			return number
		}
		return scheme + ":" + maskRunes(user, 0, 2) + "@" + host
	}
	return maskRunes(number, 3, 2)
}

// maskRunes keeps head runes at the front and tail at the end, and hides all
// of anything so short that the rest could be guessed.
func maskRunes(s string, head, tail int) string {
	r := []rune(s)
	if len(r) < head+tail+4 {
		return "…"
	}
	return string(r[:head]) + "…" + string(r[len(r)-tail:])
}
