//go:build !race && !slow

package main

// The demo in `make test`: a few customers.
const demoCalls = 4

var demoLanguages = []string{"en"}
