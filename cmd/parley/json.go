package main

import (
	"encoding/json"
	"io"
)

// printJSON writes a result as every subcommand does with --json: indented, and
// with < > & as they are, since no browser reads it as a page.
func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
