package sip

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// The grammar of the headers that carry addresses (RFC 3261 sections 20 and
// 25.1), as strict as RFC 4475 asks and no stricter. Each reader gives the
// value in its plain form: no blanks around separators, URIs in brackets, one
// value a line.

var (
	errAddress = errors.New("an address that is not written as RFC 3261 wants")
	errVia     = errors.New("a Via that is not written as RFC 3261 wants")
)

// maxValues bounds the values of one list header.
const maxValues = 64

// splitList cuts a value at the commas outside quotes and brackets.
func splitList(s string, sep byte) ([]string, error) {
	all := make([]string, 0, 4)
	from, quoted, bracket := 0, false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case c == sep && !bracket:
			all, from = append(all, strings.Trim(s[from:i], " \t")), i+1
			if len(all) > maxValues {
				return nil, errAddress
			}
		}
	}
	if quoted {
		return nil, errAddress
	}
	return append(all, strings.Trim(s[from:], " \t")), nil
}

// nameAddr reads a name-addr or addr-spec with header parameters and gives its
// plain form and its tag.
func nameAddr(s string) (plain, tag string, err error) {
	parts, err := splitList(s, ';')
	if err != nil {
		return "", "", err
	}
	name, uri, bracketed, err := cutURI(parts[0])
	if err != nil {
		return "", "", err
	}
	// Outside brackets these end an addr-spec or belong to its header.
	if !bracketed && strings.ContainsAny(uri, "?,") || !goodURI(uri) {
		return "", "", errAddress
	}
	var b strings.Builder
	b.Grow(len(s) + 2)
	if name != "" {
		b.WriteString(name)
		b.WriteByte(' ')
	}
	b.WriteByte('<')
	b.WriteString(uri)
	b.WriteByte('>')
	for _, p := range parts[1:] {
		key, value, err := param(p)
		if err != nil {
			return "", "", err
		}
		if strings.EqualFold(key, "tag") {
			if key, tag = "tag", value; tag == "" {
				return "", "", errAddress
			}
		}
		writeParam(&b, key, value)
	}
	return b.String(), tag, nil
}

// cutURI takes the display name off. A phrase that is not quoted must not hold
// what could end it (RFC 4475 section 3.1.2.15); beyond ASCII it is let pass.
func cutURI(s string) (name, uri string, bracketed bool, err error) {
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		return "", s, false, nil
	}
	if !strings.HasSuffix(s, ">") {
		return "", "", false, errAddress
	}
	name, uri = strings.TrimRight(s[:open], " \t"), s[open+1:len(s)-1]
	if quoted := strings.HasPrefix(name, `"`); quoted {
		if len(name) < 2 || !strings.HasSuffix(name, `"`) || !oneQuoted(name) {
			return "", "", false, errAddress
		}
	} else if strings.ContainsAny(name, "\",;<>") {
		return "", "", false, errAddress
	}
	return name, uri, true, nil
}

// oneQuoted: nothing follows the quote that ends the first string.
func oneQuoted(s string) bool {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i == len(s)-1
		}
	}
	return false
}

// param reads one parameter.
func param(s string) (key, value string, err error) {
	key, value, has := strings.Cut(s, "=")
	key, value = strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t")
	if !isToken(key) || has && value == "" {
		return "", "", errAddress
	}
	if value != "" && value[0] == '"' {
		if !oneQuoted(value) {
			return "", "", errAddress
		}
		return key, value, nil
	}
	// More than a token is let pass: hosts stand here with and without brackets
	// (RFC 5118 section 4.5).
	if strings.ContainsAny(value, " \t\"<>,") {
		return "", "", errAddress
	}
	return key, value, nil
}

// writeParam leaves out what sipgo would cut in the wrong place.
func writeParam(b *strings.Builder, key, value string) {
	if strings.ContainsAny(value, `;,\`) {
		return
	}
	b.WriteByte(';')
	b.WriteString(key)
	if value != "" {
		b.WriteByte('=')
		b.WriteString(value)
	}
}

// goodURI: a scheme, and for SIP and SIPS a host that can be one. What stands
// in front of the host is not looked into: dial strings hold what they must not.
func goodURI(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || !isScheme(scheme) || rest == "" {
		return false
	}
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			return false
		}
	}
	if !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") {
		return true
	}
	if _, after, hasUser := strings.Cut(rest, "@"); hasUser {
		rest = after
	}
	if end := strings.IndexAny(rest, ";?"); end >= 0 {
		rest = rest[:end]
	}
	return goodHost(rest)
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// goodHost is a host with an optional port: a name, an IPv4 address, or an IPv6
// address in brackets.
func goodHost(s string) bool {
	var host, port string
	var hasPort bool
	if strings.HasPrefix(s, "[") {
		inside, rest, ok := strings.Cut(s[1:], "]")
		if _, err := netip.ParseAddr(oneGap(inside)); !ok || err != nil {
			return false
		}
		port, hasPort = strings.CutPrefix(rest, ":")
		if rest != "" && !hasPort {
			return false
		}
	} else if host, port, hasPort = strings.Cut(s, ":"); !isHostName(host) {
		return false
	}
	if !hasPort {
		return true
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

// oneGap mends what the grammar of RFC 3261 lets one write before an embedded
// IPv4 address, and RFC 5118 section 4.10 wants tolerated: a third colon.
func oneGap(s string) string {
	if before, after, ok := strings.Cut(s, ":::"); ok && !strings.Contains(after, ":") && strings.Contains(after, ".") {
		return before + "::" + after
	}
	return s
}

func isHostName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != ""
}

// viaValue is one value of Via.
type viaValue struct {
	version string // of SIP
	plain   string
	branch  string
	port    int  // 0 when it names none
	rport   bool // it wants the response where the request came from (RFC 3581)
	unset   bool // and that to be filled in
}

// readVia reads the values of one Via line.
func readVia(s string) ([]viaValue, error) {
	values, err := splitList(s, ',')
	if err != nil {
		return nil, errVia
	}
	all := make([]viaValue, 0, len(values))
	for _, v := range values {
		h, err := readHop(v)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func readHop(s string) (viaValue, error) {
	parts, err := splitList(s, ';')
	if err != nil {
		return viaValue{}, errVia
	}
	name, rest, ok := strings.Cut(parts[0], "/")
	version, rest, ok2 := strings.Cut(rest, "/")
	rest = strings.TrimLeft(rest, " \t")
	end := strings.IndexAny(rest, " \t")
	if !ok || !ok2 || end <= 0 {
		return viaValue{}, errVia
	}
	name, version = strings.Trim(name, " \t"), strings.Trim(version, " \t")
	transport, host := rest[:end], strings.Trim(rest[end:], " \t")
	// COLON may have blanks on both sides.
	if before, after, ok := cutPort(host); ok && strings.ContainsAny(host, " \t") {
		host = strings.TrimRight(before, " \t") + ":" + strings.TrimLeft(after, " \t")
	}
	if !strings.EqualFold(name, "SIP") || !isToken(version) || !isToken(transport) || !goodHost(host) {
		return viaValue{}, errVia
	}
	h := viaValue{version: version}
	if _, port, ok := cutPort(host); ok {
		h.port, _ = strconv.Atoi(port) // goodHost has read it
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString("SIP/" + version + "/" + transport + " " + host)
	for _, p := range parts[1:] {
		key, value, err := param(p)
		if err != nil {
			return viaValue{}, errVia
		}
		switch key = lowered(key, "branch", "rport", "received", "maddr", "ttl"); key {
		case "branch":
			h.branch = value
		case "rport":
			h.rport, h.unset = true, value == ""
		}
		writeParam(&b, key, value)
	}
	h.plain = b.String()
	return h, nil
}

// cutPort cuts at the colon before a port, not at one inside an IPv6 address.
func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.IndexByte(s[i:], ']') >= 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// lowered gives the known name that s is in another case, or s.
func lowered(s string, known ...string) string {
	for _, k := range known {
		if len(s) == len(k) && strings.EqualFold(s, k) {
			return k
		}
	}
	return s
}
