package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"parley/call"
	"parley/media"
)

func TestMain(m *testing.M) {
	// One set of timers for the process: T1 of 20 ms makes timer B 1.28 s.
	sip.SetTimers(20*time.Millisecond, 80*time.Millisecond, 100*time.Millisecond)
	goleak.VerifyTestMain(m)
	os.Exit(1)
}

// patience bounds every wait of the tests.
const patience = 8 * time.Second

// message is SIP text as the far side of the tests sees it. It is parsed by
// these few lines, not by the library under test.
type message struct {
	first  string
	header map[string][]string
	body   string
	src    *net.UDPAddr
}

func readMessage(raw string) message {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	m := message{first: lines[0], header: map[string][]string{}, body: body}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		m.header[name] = append(m.header[name], strings.TrimSpace(value))
	}
	return m
}

func (m message) get(name string) string {
	if v := m.header[strings.ToLower(name)]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (m message) method() string { w, _, _ := strings.Cut(m.first, " "); return w }

// key tells retransmissions from new requests.
func (m message) key() string { return m.method() + m.get("Via") }

// far is the scripted far side: a UDP socket that sends what the test says.
type far struct {
	t    *testing.T
	conn *net.UDPConn
	got  chan message
	seen map[string]bool
	tag  string
	seq  int
	// Of a far side that is no UDP socket: its address, the transport of its Via,
	// what its Contact says besides.
	at, via, params string
}

func newFar(t *testing.T) *far {
	t.Helper()
	return newFarAt(t, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
}

func newFarAt(t *testing.T, at *net.UDPAddr) *far {
	t.Helper()
	return newFarInto(t, at, make(chan message, 256))
}

// newFarInto is another socket of the same far side.
func newFarInto(t *testing.T, at *net.UDPAddr, got chan message) *far {
	t.Helper()
	conn, err := net.ListenUDP("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	f := &far{t: t, conn: conn, got: got, seen: map[string]bool{}, tag: "far1", seq: 100, at: conn.LocalAddr().String(), via: "UDP"}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 65536)
		for {
			n, src, err := conn.ReadFromUDP(buf)
			if err != nil {
				return
			}
			m := readMessage(string(buf[:n]))
			m.src = src
			select {
			case f.got <- m:
			default:
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
	return f
}

func (f *far) addr() string { return f.at }

// next is the next message, retransmissions included.
func (f *far) next() message {
	f.t.Helper()
	select {
	case m := <-f.got:
		return m
	case <-time.After(patience):
		f.t.Fatal("the far side heard nothing")
		return message{}
	}
}

// expect waits for the next new request, which must have this method;
// retransmissions of known ones are passed over.
func (f *far) expect(method string) message {
	f.t.Helper()
	for {
		m := f.next()
		if strings.HasPrefix(m.first, "SIP/2.0") || f.seen[m.key()] {
			continue
		}
		f.seen[m.key()] = true
		if m.method() != method {
			f.t.Fatalf("expected %s, got %q", method, m.first)
		}
		return m
	}
}

// expectReply waits for the response to a request of the far side.
func (f *far) expectReply(code int, cseq string) message {
	f.t.Helper()
	for {
		m := f.next()
		if !strings.HasPrefix(m.first, "SIP/2.0") || m.get("CSeq") != cseq {
			continue
		}
		if !strings.HasPrefix(m.first, fmt.Sprintf("SIP/2.0 %d ", code)) {
			f.t.Fatalf("expected %d to %s, got %q", code, cseq, m.first)
		}
		return m
	}
}

func (f *far) send(text string, to *net.UDPAddr) {
	f.t.Helper()
	if _, err := f.conn.WriteToUDP([]byte(text), to); err != nil {
		f.t.Fatal(err)
	}
}

// reply answers a request; extra lines go into the header, body is SDP.
func (f *far) reply(req message, status, body string, extra ...string) {
	f.t.Helper()
	f.send(f.response(req, status, f.tag, body, extra...), req.src)
}

func (f *far) response(req message, status, tag, body string, extra ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, v := range req.header["via"] {
		fmt.Fprintf(&b, "Via: %s\r\n", v)
	}
	to := req.get("To")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n", req.get("From"), to, req.get("Call-ID"), req.get("CSeq"))
	fmt.Fprintf(&b, "Contact: <sip:far@%s%s>\r\n", f.addr(), f.params)
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// ask sends a request inside the dialog that this INVITE began, and gives its CSeq.
func (f *far) ask(method string, invite message, body string, extra ...string) string {
	f.t.Helper()
	f.seq++
	cseq := fmt.Sprintf("%d %s", f.seq, method)
	f.send(f.request(method, invite, cseq, body, extra...), invite.src)
	return cseq
}

func (f *far) request(method string, invite message, cseq, body string, extra ...string) string {
	var b strings.Builder
	contact := strings.Trim(invite.get("Contact"), "<>")
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK-%s-%s\r\n", method, contact, f.via, f.addr(), method, strings.ReplaceAll(cseq, " ", ""))
	fmt.Fprintf(&b, "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nMax-Forwards: 70\r\n",
		invite.get("To"), f.tag, invite.get("From"), invite.get("Call-ID"), cseq)
	fmt.Fprintf(&b, "Contact: <sip:far@%s%s>\r\n", f.addr(), f.params)
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" && !strings.Contains(strings.Join(extra, ""), "Content-Type") {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// sdp is a plain PCMA answer.
const sdp = "v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
	"m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"

// fakeMedia records what the leg asks of it.
type fakeMedia struct {
	mu      sync.Mutex
	remotes []Remote
	closed  bool
	silent  atomic.Int64
	keys    chan rune
	at      time.Duration
}

func (m *fakeMedia) ReadFrame(f *media.Frame) error {
	*f = media.Frame{At: m.at, Rate: media.Rate8k, PCM: make([]int16, 160), Flags: media.Voiced}
	if len(m.negotiated()) == 0 {
		f.Flags = media.Silence
	}
	m.at += media.Tick
	return nil
}
func (m *fakeMedia) WriteFrame(media.Frame) error { return nil }
func (m *fakeMedia) Local() netip.AddrPort        { return netip.MustParseAddrPort("127.0.0.1:30000") }
func (m *fakeMedia) Digits() <-chan rune          { return m.keys }
func (m *fakeMedia) Stats() call.MediaStats       { return call.MediaStats{Codec: "PCMA", Sent: 7} }
func (m *fakeMedia) Silent() time.Duration        { return time.Duration(m.silent.Load()) }
func (m *fakeMedia) Close() error                 { m.mu.Lock(); defer m.mu.Unlock(); m.closed = true; return nil }
func (m *fakeMedia) Negotiate(r Remote) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remotes = append(m.remotes, r)
	return nil
}

func (m *fakeMedia) negotiated() []Remote {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Remote(nil), m.remotes...)
}

// rig is a running stack with one far side and its media.
type rig struct {
	*Stack
	far   *far
	media chan *fakeMedia
	stop  func()
}

func newRig(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{far: newFar(t), media: make(chan *fakeMedia, 16)}
	o := Options{OpenMedia: func() (Media, error) {
		m := &fakeMedia{keys: make(chan rune, 4)}
		r.media <- m
		return m, nil
	}}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Stack = s
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(2 * patience):
			t.Error("Run did not return")
		}
	})
	t.Cleanup(r.stop)
	return r
}

// dial calls the far side.
func (r *rig) dial(change ...func(*call.Target)) call.Leg {
	t := call.Target{Call: "c1", Attempt: "a1", To: "sip:1001@" + r.far.addr(), From: "+15550001"}
	for _, c := range change {
		c(&t)
	}
	return r.Dial(context.Background(), t)
}

// ended waits for the leg and gives its cause.
func ended(t *testing.T, l call.Leg) call.Cause {
	t.Helper()
	select {
	case <-l.Done():
		return l.Ended()
	case <-time.After(patience):
		t.Fatal("the leg did not end")
		return call.Cause{}
	}
}

// step waits for a progress step of this kind.
func step(t *testing.T, l call.Leg, want call.ProgressKind) call.Progress {
	t.Helper()
	select {
	case p, ok := <-l.Progress():
		if !ok || p.Kind != want {
			t.Fatalf("progress is %q (open %v), want %q", p.Kind, ok, want)
		}
		return p
	case <-time.After(patience):
		t.Fatalf("no progress, want %q", want)
		return call.Progress{}
	}
}

// eventually polls what nothing signals.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it never came to be")
		}
	}
}
