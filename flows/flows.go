// Package flows holds the conversations that parley ships with. The files are
// for merchants to read and copy; this package only carries them in the
// binary, so that a call and a demo need nothing beside it.
package flows

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names are the shipped flows, "payment-reminder.en" first, without tests.
func Names() []string {
	found, _ := fs.Glob(files, "*.yaml") // the pattern is valid
	var names []string
	for _, f := range found {
		name := strings.TrimSuffix(f, ".yaml")
		if !strings.HasSuffix(name, ".test") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Source is the YAML of a shipped flow, or of a file beside it such as
// "payment-reminder.en.test". The error is fs.ErrNotExist for an unknown name.
func Source(name string) ([]byte, error) {
	return files.ReadFile(strings.TrimSuffix(name, ".yaml") + ".yaml")
}
