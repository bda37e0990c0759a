//go:build !race && slow

package sip

// The calls of TestManyCalls in `make slow`.
const manyCalls = 10_000
