package sip

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// zone is a real DNS server on loopback with the records it was given.
type zone struct {
	t     *testing.T
	addr  string
	asked atomic.Int64
	stop  func()

	mu      sync.Mutex
	records []dns.RR
	code    int // other than 0: every answer
	cut     bool
}

func newZone(t *testing.T, text ...string) *zone {
	t.Helper()
	z := &zone{t: t}
	z.set(text...)
	packets, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z.addr = packets.LocalAddr().String()
	stream, err := net.Listen("tcp4", z.addr)
	if err != nil {
		t.Fatal(err)
	}
	var ended sync.WaitGroup
	servers := []*dns.Server{{PacketConn: packets, Handler: z}, {Listener: stream, Handler: z}}
	for _, s := range servers {
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		ended.Go(func() { _ = s.ActivateAndServe() })
		<-up
	}
	z.stop = sync.OnceFunc(func() {
		for _, s := range servers {
			_ = s.Shutdown()
		}
		ended.Wait()
	})
	t.Cleanup(z.stop)
	return z
}

// set replaces the records; they are written as in a zone file.
func (z *zone) set(text ...string) {
	z.t.Helper()
	var all []dns.RR
	for _, line := range text {
		rr, err := dns.NewRR(line)
		if err != nil {
			z.t.Fatal(err)
		}
		all = append(all, rr)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records = all
}

func (z *zone) answer(code int, cut bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.code, z.cut = code, cut
}

// ServeDNS implements dns.Handler: exact names, aliases followed.
func (z *zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	z.asked.Add(1)
	z.mu.Lock()
	defer z.mu.Unlock()
	m := new(dns.Msg)
	m.SetRcode(q, z.code)
	if z.code == dns.RcodeFormatError && q.IsEdns0() == nil {
		m.Rcode = dns.RcodeSuccess // a server of before EDNS
	}
	name, exists := q.Question[0].Name, false
	for again := m.Rcode == dns.RcodeSuccess; again; {
		again = false
		for _, rr := range z.records {
			if !strings.EqualFold(rr.Header().Name, name) {
				continue
			}
			exists = true
			if c, ok := rr.(*dns.CNAME); ok {
				m.Answer, name, again = append(m.Answer, rr), c.Target, true
				break
			}
			if rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	if !exists && m.Rcode == dns.RcodeSuccess {
		m.Rcode = dns.RcodeNameError
	}
	if z.cut && w.LocalAddr().Network() == "udp" {
		m.Truncated, m.Answer = true, nil
	}
	_ = w.WriteMsg(m)
}

// asking are names that ask this zone alone.
func (z *zone) asking() *names {
	z.t.Helper()
	n, err := newNames(z.addr)
	if err != nil {
		z.t.Fatal(err)
	}
	return n
}

var ip4 = []uint16{dns.TypeA}

// spelt writes hops as a person would.
func spelt(hops []hop) (all []string) {
	for _, h := range hops {
		all = append(all, strings.ToLower(h.via.String())+" "+h.addr.String())
	}
	return all
}

func first(int) int { return 0 }

func TestWhereATrunkIs(t *testing.T) {
	z := newZone(t,
		// NAPTR leads to TLS first, then to UDP.
		`naptr.example. 60 IN NAPTR 20 50 "s" "SIP+D2U" "" _sip._udp.naptr.example.`,
		`naptr.example. 60 IN NAPTR 10 50 "s" "SIPS+D2T" "" _sips._tcp.naptr.example.`,
		`naptr.example. 60 IN NAPTR 5 50 "s" "SIP+D2W" "" _sip._ws.naptr.example.`,
		`naptr.example. 60 IN NAPTR 5 50 "u" "E2U+sip" "!^.*$!sip:x@y!" .`,
		`_sips._tcp.naptr.example. 60 IN SRV 0 0 5071 a.example.`,
		`_sip._udp.naptr.example. 60 IN SRV 0 0 5072 a.example.`,
		// Two priorities, no NAPTR.
		`_sip._udp.srv.example. 60 IN SRV 20 0 5090 b.example.`,
		`_sip._udp.srv.example. 60 IN SRV 10 0 5080 A.example.`,
		`_sip._tcp.srv.example. 60 IN SRV 10 0 5081 a.example.`,
		`_sips._tcp.tls.example. 60 IN SRV 10 0 5061 b.example.`,
		// An apex address is no SIP server where SRV records say otherwise.
		`srv.example. 60 IN A 192.0.2.99`,
		`_sip._udp.none.example. 60 IN SRV 0 0 0 .`,
		`none.example. 60 IN A 192.0.2.99`,
		`_sip._udp.lost.example. 60 IN SRV 0 0 5060 nowhere.example.`,
		`_sip._udp.half.example. 60 IN SRV 0 0 5060 nowhere.example.`,
		`_sip._udp.half.example. 60 IN SRV 1 0 5060 b.example.`,
		`a.example. 60 IN A 192.0.2.1`,
		`b.example. 60 IN CNAME c.example.`,
		`c.example. 60 IN A 192.0.2.2`,
		`c.example. 60 IN A 192.0.2.3`,
		`c.example. 60 IN AAAA 2001:db8::2`,
	)
	for name, c := range map[string]struct {
		place    place
		families []uint16
		want     []string
		err      error
	}{
		"address":               {place{host: "192.0.2.7"}, ip4, []string{"udp 192.0.2.7:5060"}, nil},
		"address of TLS":        {place{host: "192.0.2.7", via: tls}, ip4, []string{"tls 192.0.2.7:5061"}, nil},
		"address and port":      {place{host: "[2001:db8::7]", port: 5062, anyVia: true}, ip4, []string{"udp [2001:db8::7]:5062"}, nil},
		"NAPTR":                 {place{host: "naptr.example", anyVia: true}, ip4, []string{"tls 192.0.2.1:5071"}, nil},
		"NAPTR, transport set":  {place{host: "naptr.example"}, ip4, []string{"udp 192.0.2.1:5072"}, nil},
		"SRV by priority":       {place{host: "srv.example", anyVia: true}, ip4, []string{"udp 192.0.2.1:5080", "udp 192.0.2.2:5090", "udp 192.0.2.3:5090"}, nil},
		"SRV of a transport":    {place{host: "srv.example", via: tcp}, ip4, []string{"tcp 192.0.2.1:5081"}, nil},
		"TLS alone":             {place{host: "tls.example", anyVia: true}, ip4, []string{"tls 192.0.2.2:5061", "tls 192.0.2.3:5061"}, nil},
		"a port is no SRV":      {place{host: "srv.example", port: 5070, anyVia: true}, ip4, []string{"udp 192.0.2.99:5070"}, nil},
		"addresses only":        {place{host: "C.example", anyVia: true}, ip4, []string{"udp 192.0.2.2:5060", "udp 192.0.2.3:5060"}, nil},
		"IPv6":                  {place{host: "b.example"}, []uint16{dns.TypeAAAA}, []string{"udp [2001:db8::2]:5060"}, nil},
		"both families":         {place{host: "b.example"}, []uint16{dns.TypeAAAA, dns.TypeA}, []string{"udp [2001:db8::2]:5060", "udp 192.0.2.2:5060", "udp 192.0.2.3:5060"}, nil},
		"not offered":           {place{host: "none.example", anyVia: true}, ip4, nil, ErrNotOffered},
		"SRV into nothing":      {place{host: "lost.example"}, ip4, nil, ErrNoSuchName},
		"SRV half into nothing": {place{host: "half.example"}, ip4, []string{"udp 192.0.2.2:5060", "udp 192.0.2.3:5060"}, nil},
		"no such name":          {place{host: "nobody.example", anyVia: true}, ip4, nil, ErrNoSuchName},
	} {
		t.Run(name, func(t *testing.T) {
			hops, err := z.asking().locate(t.Context(), c.place, c.families, first)
			if diff := cmp.Diff(c.want, spelt(hops)); diff != "" || !errors.Is(err, c.err) {
				t.Errorf("%v, want %v (-want +got):\n%s", err, c.err, diff)
			}
			for _, h := range hops {
				if host := strings.Trim(c.place.host, "[]"); h.name != host {
					t.Errorf("its certificate is to name %q, want %q (RFC 5922)", h.name, host)
				}
			}
		})
	}
}

func srv(priority, weight, port uint16, target string) dns.RR {
	return &dns.SRV{Priority: priority, Weight: weight, Port: port, Target: target}
}

func TestOrderOfTargets(t *testing.T) {
	for name, c := range map[string]struct {
		records []dns.RR
		rolls   []int // one for each draw
		bounds  []int // what each is drawn from
		want    string
	}{
		"none":            {nil, nil, nil, ""},
		"no such service": {[]dns.RR{srv(0, 0, 1, ".")}, nil, nil, ""},
		"priorities":      {[]dns.RR{srv(3, 9, 1, "c"), srv(1, 1, 1, "a"), srv(2, 5, 1, "b")}, []int{0, 0, 0}, []int{2, 6, 10}, "a b c"},
		"weights, low":    {[]dns.RR{srv(1, 10, 1, "a"), srv(1, 30, 1, "b")}, []int{10, 0}, []int{41, 31}, "a b"},
		"weights, high":   {[]dns.RR{srv(1, 10, 1, "a"), srv(1, 30, 1, "b")}, []int{11, 0}, []int{41, 11}, "b a"},
		"weight 0 last":   {[]dns.RR{srv(1, 10, 1, "a"), srv(1, 0, 1, "b")}, []int{1, 0}, []int{11, 1}, "a b"},
		"weight 0 first":  {[]dns.RR{srv(1, 10, 1, "a"), srv(1, 0, 1, "b")}, []int{0, 0}, []int{11, 11}, "b a"},
		"all weights 0":   {[]dns.RR{srv(1, 0, 1, "a"), srv(1, 0, 1, "b")}, []int{0, 0}, []int{1, 1}, "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			var bounds []int
			roll := func(n int) int {
				bounds = append(bounds, n)
				return c.rolls[len(bounds)-1]
			}
			var got []string
			for _, r := range targets(c.records, roll) {
				got = append(got, r.Target)
			}
			if strings.Join(got, " ") != c.want || !cmp.Equal(bounds, c.bounds) {
				t.Errorf("order %q drawn from %v, want %q from %v", got, bounds, c.want, c.bounds)
			}
		})
	}
}

// TestShareOfTargets: over many draws each target of a priority is first as
// often as its weight says.
func TestShareOfTargets(t *testing.T) {
	roll := rand.New(rand.NewPCG(1, 2)).IntN
	records := []dns.RR{srv(1, 60, 1, "a"), srv(1, 30, 1, "b"), srv(1, 10, 1, "c"), srv(0, 0, 1, "z")}
	const draws = 20000
	got := map[string]int{}
	for range draws {
		order := targets(records, roll)
		if len(order) != 4 || order[0].Target != "z" {
			t.Fatalf("order is %v", order)
		}
		got[order[1].Target]++
	}
	for name, want := range map[string]float64{"a": 0.6, "b": 0.3, "c": 0.1} {
		if share := float64(got[name]) / draws; share < want-0.02 || share > want+0.02 {
			t.Errorf("%s is first in %.3f of the draws, want %.2f", name, share, want)
		}
	}
}

func TestWhatIsKnown(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	down := errors.New("down")
	one := []dns.RR{srv(1, 1, 1, "a")}
	for name, c := range map[string]struct {
		do    func(*known)
		after time.Duration
		ask   bool // somebody must be asked
		found bool
		err   error
	}{
		"nothing":              {func(*known) {}, 0, true, false, nil},
		"fresh":                {func(k *known) { k.learn(now, one, time.Minute, nil) }, 59 * time.Second, false, true, nil},
		"TTL over":             {func(k *known) { k.learn(now, one, time.Minute, nil) }, time.Minute, true, true, nil},
		"TTL of a year":        {func(k *known) { k.learn(now, one, 365*24*time.Hour, nil) }, maxTTL, true, true, nil},
		"no such record":       {func(k *known) { k.learn(now, nil, time.Minute, nil) }, 59 * time.Second, false, false, nil},
		"no such record, over": {func(k *known) { k.learn(now, nil, time.Minute, nil) }, time.Minute, true, false, nil},
		"down at first":        {func(k *known) { k.learn(now, nil, 0, down) }, downFor - 1, false, false, down},
		"down, asked again":    {func(k *known) { k.learn(now, nil, 0, down) }, downFor, true, false, nil},
		"stale": {func(k *known) {
			k.learn(now, one, time.Minute, nil)
			k.learn(now.Add(2*time.Minute), nil, 0, down)
		}, 2*time.Minute + downFor - 1, false, true, nil},
		"stale, asked again": {func(k *known) {
			k.learn(now, one, time.Minute, nil)
			k.learn(now.Add(2*time.Minute), nil, 0, down)
		}, 2*time.Minute + downFor, true, true, nil},
		"too stale": {func(k *known) {
			k.learn(now, one, time.Minute, nil)
			k.learn(now.Add(time.Minute+staleFor), nil, 0, down)
		}, time.Minute + staleFor, false, false, down},
		"gone meanwhile": {func(k *known) {
			k.learn(now, one, time.Minute, nil)
			k.learn(now.Add(time.Minute), nil, time.Minute, nil)
		}, 90 * time.Second, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var k known
			c.do(&k)
			at := now.Add(c.after)
			records, err, ok := k.answer(at)
			if ok == c.ask || !errors.Is(err, c.err) || ok && (len(records) > 0) != c.found || k.usable(at) != c.found {
				t.Errorf("answer %v, %v, known %v, usable %v", records, err, ok, k.usable(at))
			}
		})
	}
}

func TestTTLsAreHonoured(t *testing.T) {
	z := newZone(t, `a.example. 3600 IN A 192.0.2.1`, `once.example. 0 IN A 192.0.2.1`)
	n := z.asking()
	for host, want := range map[string]int64{"a.example": 1, "nobody.example": 1} {
		before := z.asked.Load()
		for range 3 {
			_, _ = n.locate(t.Context(), place{host: host, port: 5060}, ip4, first)
		}
		if got := z.asked.Load() - before; got != want {
			t.Errorf("%s: asked %d times, want %d", host, got, want)
		}
	}
	before := z.asked.Load()
	if _, err := n.locate(t.Context(), place{host: "once.example", port: 5060}, ip4, first); err != nil {
		t.Error(err)
	}
	k := n.cache[question{"once.example.", dns.TypeA}]
	if _, _, ok := k.answer(time.Now().Add(leastTTL)); ok || z.asked.Load()-before != 1 {
		t.Errorf("TTL 0: kept %v after %d questions", ok, z.asked.Load()-before)
	}
}

// TestCarrierWithoutDNS: the servers are gone, the addresses serve on; a name
// never heard before is an error within its bound.
func TestCarrierWithoutDNS(t *testing.T) {
	z := newZone(t, `_sip._udp.srv.example. 0 IN SRV 0 0 5080 a.example.`, `a.example. 0 IN A 192.0.2.1`)
	n := z.asking()
	want, err := n.locate(t.Context(), place{host: "srv.example"}, ip4, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, down := range []func(){func() { z.answer(dns.RcodeServerFailure, false) }, z.stop} {
		for _, k := range n.cache { // TTL and pause are over
			k.until, k.again = time.Now(), time.Time{}
		}
		down()
		got, err := n.locate(t.Context(), place{host: "srv.example"}, ip4, first)
		if err != nil || !cmp.Equal(spelt(got), spelt(want)) {
			t.Errorf("%v, %v, want %v", spelt(got), err, spelt(want))
		}
	}
	if _, err := n.locate(t.Context(), place{host: "other.example"}, ip4, first); err == nil || !strings.Contains(err.Error(), "other.example") {
		t.Errorf("got %v", err)
	}
}

func TestRepliesThatAreHard(t *testing.T) {
	z := newZone(t, `a.example. 60 IN A 192.0.2.1`)
	for name, c := range map[string]struct {
		code int
		cut  bool
	}{"too long for UDP": {0, true}, "server without EDNS": {dns.RcodeFormatError, false}} {
		t.Run(name, func(t *testing.T) {
			z.answer(c.code, c.cut)
			got, err := z.asking().locate(t.Context(), place{host: "a.example"}, ip4, first)
			// The SRV question finds no record, and the address stands.
			if err != nil || len(got) != 1 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestSecondServerAnswers(t *testing.T) {
	z := newZone(t, `a.example. 60 IN A 192.0.2.1`)
	n := z.asking()
	dead := newFar(t) // takes the question and says nothing
	n.servers = append([]string{dead.addr()}, n.servers...)
	got, err := n.locate(t.Context(), place{host: "a.example", port: 5060}, ip4, first)
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestAskersShareOneQuestion: while one asks, the others wait for its reply;
// when it gives up, another asks.
func TestAskersShareOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{cache: map[question]*known{}}
		q := question{"a.example.", dns.TypeA}
		asking := make(chan struct{})
		n.remember(q).asking = asking
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.lookup(ctx, "a.example", dns.TypeA); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an asker waits longer than its context: %v", err)
		}
		got := make(chan error)
		go func() {
			_, err := n.lookup(t.Context(), "a.example", dns.TypeA)
			got <- err
		}()
		synctest.Wait()
		n.mu.Lock()
		n.cache[q].learn(time.Now(), []dns.RR{srv(1, 1, 1, "a")}, time.Minute, nil)
		n.cache[q].asking = nil
		n.mu.Unlock()
		close(asking)
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}

func TestNamesAreBounded(t *testing.T) {
	n := &names{cache: map[question]*known{}}
	for i := range 3 * maxNames {
		n.remember(question{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String(), dns.TypeA})
	}
	if len(n.cache) != maxNames {
		t.Errorf("%d names are remembered", len(n.cache))
	}
}

func TestHostsFile(t *testing.T) {
	n, err := newNames("")
	if err != nil {
		t.Fatal(err)
	}
	n.servers = nil
	got, err := n.locate(t.Context(), place{host: "localhost", port: 5060}, ip4, first)
	if err != nil || len(got) != 1 || got[0].addr.String() != "127.0.0.1:5060" {
		t.Errorf("%v, %v", spelt(got), err)
	}
	if _, err := newNames("dns.example:53"); err == nil {
		t.Error("a DNS server by name was taken")
	}
}

// TestServersChange: a machine that moves to another network asks its servers
// after the first failure.
func TestServersChange(t *testing.T) {
	dead := newFar(t)
	n, err := newNames("")
	if err != nil {
		t.Fatal(err)
	}
	n.conf, n.servers = filepath.Join(t.TempDir(), "resolv.conf"), []string{dead.addr()}
	if err := os.WriteFile(n.conf, []byte("search carrier.example\nnameserver 192.0.2.1\nnameserver ::1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.lookup(t.Context(), "a.example", dns.TypeA); err == nil {
		t.Error("a dead server answered")
	}
	if want := []string{"192.0.2.1:53", "[::1]:53"}; !cmp.Equal(n.servers, want) || n.search("sbc")[0] != "sbc.carrier.example." {
		t.Errorf("the servers are %v, want %v; sbc is %v", n.servers, want, n.search("sbc"))
	}
}
