package barge

// Mode says whether a prompt may be interrupted, and by what.
type Mode string

const (
	// Always: speech and keys interrupt. The default.
	Always Mode = "always"
	// Never: a disclosure. Speech during it is kept and answered after it.
	Never Mode = "never"
	// Hotword: only the listed words, and keys.
	Hotword Mode = "hotword"
)
