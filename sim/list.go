package sim

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
)

// WriteList writes the personas as a contact list in CSV: the column phone and
// one for every variable that any of them has.
func WriteList(w io.Writer, personas []Persona) error {
	columns := map[string]bool{}
	for _, p := range personas {
		for name := range p.Variables {
			columns[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"phone"}, names...)); err != nil {
		return err
	}
	for _, p := range personas {
		row := []string{p.Number}
		for _, name := range names {
			row = append(row, p.Variables[name])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
