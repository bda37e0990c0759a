//go:build !race && !slow

package main

// The demo in `make test`: two customers, to the promise and to the claim.
const demoCalls = 2

var demoLanguages = []string{"en"}
