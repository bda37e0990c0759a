//go:build !race && slow

package main

// The demo in `make slow`: all customers of both languages.
const demoCalls = 0

var demoLanguages = []string{"en", "zh"}
