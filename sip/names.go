package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// names asks the domain name system and remembers what it said, as long as the
// records' TTL allows. When no server answers, records that are out of date are
// used on (RFC 8767): the addresses of a carrier hardly ever move, and without
// them no call would leave.
type names struct {
	// hosts reads the hosts file, and conf is the resolv.conf; nil and "" where
	// the configuration names a server.
	hosts *net.Resolver
	conf  string

	mu      sync.Mutex
	servers []string // "host:port"
	search  func(name string) []string
	cache   map[question]*known
}

// question is what is asked: a fully qualified name in lower case, and a type
// of record, or inHostsFile.
type question struct {
	name string
	kind uint16
}

// known is what was said to a question.
type known struct {
	records []dns.RR  // none: there is no such record
	until   time.Time // of the records; after it they are stale
	failed  error     // of the last try since then
	again   time.Time // after a failure nobody is asked before this
	asking  chan struct{}
}

// Bounds of what is remembered, and of asking.
const (
	maxNames = 1024
	// maxTTL bounds a record's own word; a mistake there must not outlive a day.
	// leastTTL lets those who wait together share a reply with a TTL of 0.
	maxTTL   = 24 * time.Hour
	leastTTL = 50 * time.Millisecond
	// staleFor is how long after their TTL records still serve.
	staleFor = 24 * time.Hour
	// noRecordFor is how long "no such record" is believed where its zone does
	// not say; mostNoRecord bounds what it says.
	noRecordFor  = 10 * time.Second
	mostNoRecord = 5 * time.Minute
	// downFor is the pause after no server answered.
	downFor = 10 * time.Second
	// askTimeout bounds one question with its repetitions, and askTimeoutStale
	// the same where a stale answer is at hand: an INVITE waits for it.
	askTimeout      = 1500 * time.Millisecond
	askTimeoutStale = 400 * time.Millisecond
	// tryTimeout bounds one datagram's reply; it doubles with each round.
	tryTimeout = 500 * time.Millisecond
	tryRounds  = 2
	maxServers = 3
	maxAliases = 8
	// inHostsFile stands for the type of record where the hosts file is asked,
	// hostsTTL for theirs.
	inHostsFile = dns.TypeNone
	hostsTTL    = 5 * time.Second
	// dnsPayload is the greatest reply over UDP (DNS Flag Day 2020).
	dnsPayload = 1232
)

// ErrNoSuchName: the domain name system says that there is no address.
var ErrNoSuchName = errors.New("there is no address of this name")

// newNames asks the server at hostport, or those of resolv.conf when it is
// empty. Without any server only the hosts file is read.
func newNames(hostport string) (*names, error) {
	n := &names{cache: map[question]*known{}, search: func(name string) []string { return []string{dns.Fqdn(name)} }}
	if hostport != "" {
		at, err := netip.ParseAddrPort(hostport)
		if err != nil {
			return nil, fmt.Errorf("DNS server %q is not ADDRESS:PORT with a numeric address", hostport)
		}
		n.servers = []string{at.String()}
		return n, nil
	}
	// A resolver of Go that cannot ask anybody is a reader of the hosts file.
	n.hosts = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errHostsOnly
	}}
	n.conf = "/etc/resolv.conf"
	n.configure()
	return n, nil
}

// configure reads resolv.conf, at the start and when no server answers: a
// machine that moves to another network gets other servers. A file that cannot
// be read changes nothing.
func (n *names) configure() {
	c, err := dns.ClientConfigFromFile(n.conf)
	if err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers, n.search = nil, c.NameList
	for _, s := range c.Servers[:min(len(c.Servers), maxServers)] {
		n.servers = append(n.servers, net.JoinHostPort(s, c.Port))
	}
}

var errHostsOnly = errors.New("only the hosts file is asked")

// lookup gives the records of this name and type, none when there are none. It
// waits at most askTimeout or for ctx.
func (n *names) lookup(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	q := question{strings.ToLower(dns.Fqdn(name)), kind}
	for {
		n.mu.Lock()
		k := n.remember(q)
		now := time.Now()
		if records, err, ok := k.answer(now); ok {
			n.mu.Unlock()
			return records, err
		}
		if waited := k.asking; waited != nil {
			n.mu.Unlock()
			select {
			case <-waited:
				continue // it has learnt something, or its asker has given up
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		done := make(chan struct{})
		k.asking = done
		limit := askTimeout
		if k.usable(now) {
			limit = askTimeoutStale
		}
		n.mu.Unlock()

		own, cancel := context.WithTimeout(ctx, limit)
		records, ttl, err := n.ask(own, q)
		cancel()
		if err != nil && n.conf != "" {
			n.configure()
		}

		n.mu.Lock()
		k.asking = nil
		close(done)
		now = time.Now()
		if err != nil && ctx.Err() != nil {
			err = ctx.Err() // it says nothing about the servers
		} else {
			k.learn(now, records, ttl, err)
		}
		if err != nil && k.usable(now) {
			records, err = k.records, nil
		}
		n.mu.Unlock()
		return records, err
	}
}

// remember finds or makes the place of a question; what ends first makes room.
// It wants n.mu held.
func (n *names) remember(q question) *known {
	if k := n.cache[q]; k != nil {
		return k
	}
	if len(n.cache) >= maxNames {
		var oldest question
		for other, k := range n.cache {
			if o := n.cache[oldest]; o == nil || k.until.Before(o.until) {
				oldest = other
			}
		}
		delete(n.cache, oldest)
	}
	k := &known{}
	n.cache[q] = k
	return k
}

// answer is what can be said without asking anybody; false when somebody must
// be asked.
func (k *known) answer(now time.Time) ([]dns.RR, error, bool) {
	switch {
	case now.Before(k.until):
		return k.records, nil, true
	case k.failed == nil || !now.Before(k.again):
		return nil, nil, false
	case k.usable(now):
		return k.records, nil, true
	}
	return nil, k.failed, true
}

// usable: the records may serve although they are out of date.
func (k *known) usable(now time.Time) bool {
	return len(k.records) > 0 && now.Before(k.until.Add(staleFor))
}

// learn takes a reply, or that there was none.
func (k *known) learn(now time.Time, records []dns.RR, ttl time.Duration, err error) {
	if err != nil {
		k.failed, k.again = err, now.Add(downFor)
		return
	}
	k.records, k.until, k.failed = records, now.Add(min(max(ttl, leastTTL), maxTTL)), nil
}

// ask puts the question to the servers, one after another, in rounds. Only a
// server that answers ends it: with records, or with none.
func (n *names) ask(ctx context.Context, q question) ([]dns.RR, time.Duration, error) {
	if q.kind == inHostsFile {
		return n.fromHosts(ctx, q.name), hostsTTL, nil
	}
	n.mu.Lock()
	servers := n.servers
	n.mu.Unlock()
	if len(servers) == 0 {
		return nil, 0, errors.New("resolv.conf names no server; set sip.dns")
	}
	var last error
	for round := range tryRounds {
		for _, server := range servers {
			reply, err := query(ctx, q, server, tryTimeout<<round)
			if err != nil {
				// The text alone: a server's silence must not pass for the end of
				// the caller's own time.
				last = errors.New("ask " + server + ": " + err.Error())
				continue
			}
			records, ttl := extract(q, reply)
			return records, ttl, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, 0, last
}

// query asks one server over UDP, and over TCP when its reply is cut short.
func query(ctx context.Context, q question, server string, limit time.Duration) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.kind)
	m.SetEdns0(dnsPayload, false)
	reply, err := send(ctx, m, "udp", server, limit)
	if err == nil && (reply.Rcode == dns.RcodeFormatError || reply.Rcode == dns.RcodeNotImplemented) {
		m.Extra = nil // RFC 6891 section 7: it does not know EDNS
		reply, err = send(ctx, m, "udp", server, limit)
	}
	if err == nil && reply.Truncated {
		reply, err = send(ctx, m, "tcp", server, limit)
	}
	switch {
	case err != nil:
		return nil, err
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("it answers %s", dns.RcodeToString[reply.Rcode])
	}
	return reply, nil
}

// send is one message and its reply; a reply to another question is none.
func send(ctx context.Context, m *dns.Msg, network, server string, limit time.Duration) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := &dns.Client{Net: network, Timeout: limit}
	reply, _, err := c.ExchangeContext(ctx, m, server)
	if err != nil {
		return nil, err
	}
	if !reply.Response || len(reply.Question) != 1 || reply.Question[0].Qtype != m.Question[0].Qtype ||
		!strings.EqualFold(reply.Question[0].Name, m.Question[0].Name) {
		return nil, errors.New("it answers another question")
	}
	return reply, nil
}

// extract takes the records of the question out of a reply, along its aliases,
// and how long they are good.
func extract(q question, reply *dns.Msg) ([]dns.RR, time.Duration) {
	name, ttl := q.name, maxTTL
	var records []dns.RR
	for range maxAliases {
		alias := ""
		for _, rr := range reply.Answer {
			h := rr.Header()
			if !strings.EqualFold(h.Name, name) {
				continue
			}
			if c, ok := rr.(*dns.CNAME); ok && q.kind != dns.TypeCNAME {
				alias, ttl = c.Target, min(ttl, seconds(h.Ttl))
			}
			if h.Rrtype == q.kind {
				records, ttl = append(records, rr), min(ttl, seconds(h.Ttl))
			}
		}
		if len(records) > 0 {
			return records, ttl
		}
		if alias == "" {
			break
		}
		name = alias
	}
	for _, rr := range reply.Ns { // RFC 2308 section 5
		if soa, ok := rr.(*dns.SOA); ok {
			return nil, min(seconds(soa.Hdr.Ttl), seconds(soa.Minttl), mostNoRecord)
		}
	}
	return nil, noRecordFor
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// fromHosts gives what the hosts file says of a name, as records.
func (n *names) fromHosts(ctx context.Context, name string) []dns.RR {
	all, err := n.hosts.LookupNetIP(ctx, "ip", strings.TrimSuffix(name, "."))
	if err != nil {
		return nil
	}
	var records []dns.RR
	for _, a := range all {
		if a = a.Unmap(); a.Is4() {
			records = append(records, &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA}, A: a.AsSlice()})
		} else {
			records = append(records, &dns.AAAA{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeAAAA}, AAAA: a.AsSlice()})
		}
	}
	return records
}

// addresses gives the addresses of a host of these families (TypeA, TypeAAAA),
// in their order, maxTargets at most. The hosts file comes first, and a short
// name is completed as resolv.conf says.
func (n *names) addresses(ctx context.Context, host string, families []uint16) ([]netip.Addr, error) {
	if n.hosts != nil {
		records, err := n.lookup(ctx, host, inHostsFile)
		if own := addressesIn(records, families); err == nil && len(own) > 0 {
			return own, nil
		}
	}
	var last error
	n.mu.Lock()
	search := n.search
	n.mu.Unlock()
	for _, name := range search(host) {
		var records []dns.RR
		for _, kind := range families {
			more, err := n.lookup(ctx, name, kind)
			if err != nil {
				last = fmt.Errorf("find the address of %s: %w", host, err)
			}
			records = append(records, more...)
		}
		if own := addressesIn(records, families); len(own) > 0 {
			return own, nil
		}
	}
	if last == nil {
		last = fmt.Errorf("%w: %s; check the name", ErrNoSuchName, host)
	}
	return nil, last
}

// addressesIn are the addresses of these families, in their order.
func addressesIn(records []dns.RR, families []uint16) []netip.Addr {
	var all []netip.Addr
	for _, kind := range families {
		for _, rr := range records {
			var raw net.IP
			switch rr := rr.(type) {
			case *dns.A:
				raw = rr.A.To4()
			case *dns.AAAA:
				raw = rr.AAAA.To16()
			}
			if a, ok := netip.AddrFromSlice(raw); ok && rr.Header().Rrtype == kind && len(all) < maxTargets {
				all = append(all, a.Unmap())
			}
		}
	}
	return all
}
