package phone

import (
	"net/netip"
	"strconv"
	"strings"
)

// IsURI reports whether s is a SIP URI rather than a number.
func IsURI(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return ok && (strings.EqualFold(scheme, "sip") || strings.EqualFold(scheme, "sips"))
}

// IsLoopback reports whether s is a SIP URI (RFC 3261 section 19.1) whose
// request can only go to this machine. Anything that could lead it elsewhere
// (a maddr parameter, embedded headers, a second "@") makes it false, and so
// does a host name other than localhost.
func IsLoopback(s string) bool {
	if !IsURI(s) || strings.ContainsAny(s, " \t\r\n<>\"?") {
		return false
	}
	_, rest, _ := strings.Cut(s, ":")
	addr, params, _ := strings.Cut(rest, ";")
	for p := range strings.SplitSeq(params, ";") {
		name, _, _ := strings.Cut(p, "=")
		switch strings.ToLower(name) {
		case "", "transport", "user":
		default:
			return false
		}
	}
	if user, host, ok := strings.Cut(addr, "@"); ok {
		if user == "" || strings.Contains(host, "@") {
			return false
		}
		addr = host
	}
	host, port := splitPort(addr)
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

func splitPort(addr string) (host, port string) {
	if strings.HasPrefix(addr, "[") {
		host, port, _ = strings.Cut(addr[1:], "]")
		return host, strings.TrimPrefix(port, ":")
	}
	host, port, _ = strings.Cut(addr, ":")
	return host, port
}
