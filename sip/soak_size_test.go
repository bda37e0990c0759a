//go:build !race && !slow

package sip

// The calls of TestManyCalls in `make test`.
const manyCalls = 500
