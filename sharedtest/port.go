package sharedtest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Bound reports whether a process has the UDP port on 127.0.0.1. It looks the
// port up: trying to bind it could take it from the one that is just about to.
func Bound(t testing.TB, port int) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(table), fmt.Sprintf(" 0100007F:%04X ", port))
}

// Listens reports whether a process takes TCP connections on this port of
// 127.0.0.1 or of every address.
func Listens(t testing.TB, port int) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"0100007F", "00000000"} {
		if strings.Contains(string(table), fmt.Sprintf(" %s:%04X 00000000:0000 0A ", at, port)) {
			return true
		}
	}
	return false
}
