package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// Where a server is (RFC 3263 section 4): a literal address as it stands; a
// name with a port by its addresses; a name alone by its NAPTR, SRV and address
// records, in this order.

// Bounds of one search.
const (
	maxTargets = 8
	maxRecords = 32
)

// ErrNotOffered: the domain's records say that it has no such service.
var ErrNotOffered = errors.New("the domain offers no SIP service that we can reach")

// service is a name whose SRV records are asked for, and how its targets are
// reached.
type service struct {
	via  transport
	name string
}

// serviceOf is the SRV name of a transport in a domain.
func serviceOf(via transport, domain string) service {
	return service{via, [...]string{"_sip._udp.", "_sip._tcp.", "_sips._tcp."}[via] + dns.Fqdn(domain)}
}

// services are the SRV names of a domain in the order of its NAPTR records, of
// which those count that lead to SRV records over a transport of ours. Without
// any, all that there may be.
func services(domain string, records []dns.RR) []service {
	var pointers []*dns.NAPTR
	for _, rr := range records[:min(len(records), maxRecords)] {
		if p, ok := rr.(*dns.NAPTR); ok && strings.EqualFold(p.Flags, "s") && p.Regexp == "" && p.Replacement != "." {
			pointers = append(pointers, p)
		}
	}
	slices.SortStableFunc(pointers, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	var all []service
	for _, p := range pointers {
		via, ok := map[string]transport{"SIP+D2U": udp, "SIP+D2T": tcp, "SIPS+D2T": tls}[strings.ToUpper(p.Service)]
		if ok {
			all = append(all, service{via, p.Replacement})
		}
	}
	if len(all) == 0 {
		all = []service{serviceOf(udp, domain), serviceOf(tcp, domain), serviceOf(tls, domain)}
	}
	return all
}

// targets are SRV records in the order to try them (RFC 2782): by priority,
// and among equals drawn by weight, without the "." that says there is no such
// service. roll gives a number from 0 up to, not including, n.
func targets(records []dns.RR, roll func(n int) int) []*dns.SRV {
	var left, order []*dns.SRV
	for _, rr := range records[:min(len(records), maxRecords)] {
		if r, ok := rr.(*dns.SRV); ok && r.Target != "." && r.Port != 0 {
			left = append(left, r)
		}
	}
	slices.SortStableFunc(left, func(a, b *dns.SRV) int {
		// Weights of 0 go first, so that they are drawn now and then.
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)))
	})
	for len(left) > 0 {
		n, sum := 0, 0
		for n < len(left) && left[n].Priority == left[0].Priority {
			sum += int(left[n].Weight)
			n++
		}
		at, i := roll(sum+1), 0
		for i < n-1 && int(left[i].Weight) < at {
			at -= int(left[i].Weight)
			i++
		}
		order = append(order, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return order
}

// locate finds the next hops of a place, the one to try first in front, at
// least one without an error. It takes at most resolveTimeout or ctx.
func (n *names) locate(ctx context.Context, p place, families []uint16, roll func(n int) int) ([]hop, error) {
	host := strings.Trim(p.host, "[]")
	to := hop{via: p.via, name: host, account: p.account}
	port := cmp.Or(p.port, p.via.port())
	if a, ok := literal(host); ok {
		to.addr = netip.AddrPortFrom(a, uint16(port))
		return []hop{to}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	if p.port == 0 {
		if hops, err := n.byService(ctx, p, to, families, roll); len(hops) > 0 || err != nil {
			return hops, err
		}
	}
	all, err := n.addresses(ctx, host, families)
	if err != nil {
		return nil, err
	}
	return to.at(all, port), nil
}

// byService finds the hops of the domain's first service that has any. None
// and no error: the domain has no SRV records, and its own addresses count.
func (n *names) byService(ctx context.Context, p place, to hop, families []uint16, roll func(n int) int) ([]hop, error) {
	all := []service{serviceOf(p.via, to.name)}
	if p.anyVia {
		// A domain whose NAPTR records cannot be had may still have SRV records.
		pointers, _ := n.lookup(ctx, to.name, dns.TypeNAPTR)
		all = services(to.name, pointers)
	}
	var failed error
	offered := true
	for _, s := range all {
		records, err := n.lookup(ctx, s.name, dns.TypeSRV)
		if err != nil {
			// Its addresses are no way out: a host that is not the SIP server
			// would let every call end in silence.
			failed = fmt.Errorf("find the SIP servers of %s: %w; give the host a port if it has no SRV records", to.name, err)
			continue
		}
		offered = offered && len(records) == 0
		to.via = s.via
		var hops []hop
		for _, r := range targets(records, roll) {
			found, err := n.addresses(ctx, r.Target, families)
			if err != nil {
				failed = err
			}
			hops = append(hops, to.at(found, int(r.Port))...)
		}
		if len(hops) > 0 {
			return hops[:min(len(hops), maxTargets)], nil
		}
	}
	if failed == nil && !offered {
		failed = fmt.Errorf("%w: %s; check the trunk's host", ErrNotOffered, to.name)
	}
	return nil, failed
}

// at is the same hop at each of these addresses that a message can go to.
func (h hop) at(all []netip.Addr, port int) []hop {
	var hops []hop
	for _, a := range all {
		if h.addr = netip.AddrPortFrom(a, uint16(port)); h.usable() {
			hops = append(hops, h)
		}
	}
	return hops
}
