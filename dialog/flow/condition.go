package flow

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
)

// holds decides a condition over what is known now.
func (d *answer) holds(c *check) (bool, error) {
	env := map[string]any{"today": d.today()}
	for name, v := range d.memory.values {
		group, member, dotted := strings.Cut(name, ".")
		if !dotted {
			env[name] = v.plain(d.turn.Now)
			continue
		}
		inner, ok := env[group].(map[string]any)
		if !ok {
			inner = map[string]any{}
			env[group] = inner
		}
		inner[member] = v.plain(d.turn.Now)
	}
	result, err := expr.Run(c.program, env)
	if err != nil {
		return false, fmt.Errorf("decide %q: %w", c.source, err)
	}
	return result == true, nil
}
