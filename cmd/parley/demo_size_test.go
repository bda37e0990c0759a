//go:build !race && !slow

package main

// The demo in `make test`: the first customers of each language.
const demoCalls = 5

var demoLanguages = []string{"en", "zh"}
