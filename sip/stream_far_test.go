package sip

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	cryptotls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/call"
)

// streamFar is the scripted far side on TCP or TLS: it takes connections and
// says what the test tells it to, on the connection that the test names.
type streamFar struct {
	*far
	l     net.Listener
	heard chan streamed
	// opened are the connections in the order in which they came.
	opened chan net.Conn
}

// streamed is a message and the connection it came by; one without a first
// line says that the connection ended.
type streamed struct {
	message
	conn net.Conn
}

func newStreamFar(t *testing.T, config *cryptotls.Config) *streamFar {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newStreamFarOn(t, l, config)
}

func newStreamFarOn(t *testing.T, l net.Listener, config *cryptotls.Config) *streamFar {
	t.Helper()
	f := &streamFar{
		far: &far{t: t, seen: map[string]bool{}, tag: "far1", seq: 100, at: l.Addr().String(), via: "TCP", params: ";transport=tcp"},
		l:   l, heard: make(chan streamed, 256), opened: make(chan net.Conn, 64),
	}
	if config != nil {
		l = cryptotls.NewListener(l, config)
		f.via, f.params = "TLS", ";transport=tls"
	}
	var work sync.WaitGroup
	var mu sync.Mutex
	var all []net.Conn
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
			f.opened <- c
			work.Go(func() { f.read(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range all {
			c.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	return f
}

// read hands on what comes by one connection; keep-alives are messages of
// nothing but their line ends.
func (f *streamFar) read(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		var head strings.Builder
		for !strings.HasSuffix(head.String(), "\r\n\r\n") {
			b, err := r.ReadByte()
			if err != nil {
				f.heard <- streamed{message{}, c}
				return
			}
			head.WriteByte(b)
			if head.String() == "\r\n" {
				break
			}
		}
		m := readMessage(head.String())
		n, _ := strconv.Atoi(m.get("Content-Length"))
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			f.heard <- streamed{message{}, c}
			return
		}
		m.body = string(body)
		f.heard <- streamed{m, c}
	}
}

func (f *streamFar) hear() streamed {
	f.t.Helper()
	select {
	case m := <-f.heard:
		return m
	case <-time.After(patience):
		f.t.Fatal("the far side heard nothing")
		return streamed{}
	}
}

// want waits for a request; the end of another connection is passed over.
func (f *streamFar) want(method string) streamed {
	f.t.Helper()
	for {
		m := f.hear()
		if m.first == "" {
			continue
		}
		if m.method() != method {
			f.t.Fatalf("expected %s, got %q", method, m.first)
		}
		return m
	}
}

// wantReply waits for a response to the far side's request.
func (f *streamFar) wantReply(code int, cseq string) streamed {
	f.t.Helper()
	for {
		m := f.hear()
		if m.get("CSeq") != cseq {
			continue
		}
		if !strings.HasPrefix(m.first, fmt.Sprintf("SIP/2.0 %d ", code)) {
			f.t.Fatalf("expected %d to %s, got %q", code, cseq, m.first)
		}
		return m
	}
}

// wantAfter is wantReply past the provisional responses before it.
func (f *streamFar) wantAfter(code int, cseq string) streamed {
	f.t.Helper()
	for {
		m := f.hear()
		if m.get("CSeq") == cseq && strings.HasPrefix(m.first, fmt.Sprintf("SIP/2.0 %d ", code)) {
			return m
		}
	}
}

// end waits for the end of a connection.
func (f *streamFar) end(c net.Conn) {
	f.t.Helper()
	for {
		if m := f.hear(); m.conn == c && m.first == "" {
			return
		}
	}
}

func (f *streamFar) say(c net.Conn, text string) {
	f.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		f.t.Fatal(err)
	}
}

func (f *streamFar) answer(m streamed, status, body string, extra ...string) {
	f.t.Helper()
	f.say(m.conn, f.response(m.message, status, f.tag, body, extra...))
}

// nothing makes sure that no more of this method came.
func (f *streamFar) nothing(method string) {
	f.t.Helper()
	for {
		select {
		case m := <-f.heard:
			if m.method() == method {
				f.t.Errorf("the far side heard %q again", m.first)
			}
		default:
			return
		}
	}
}

// target is a call to this far side.
func (f *streamFar) target() call.Target {
	return call.Target{Call: "c1", Attempt: "a1", To: "sip:1001@" + f.addr() + f.params, From: "+15550001"}
}

// answeredOver places a call over this far side's transport and answers it.
func answeredOver(t *testing.T, r *rig, f *streamFar, target call.Target) (call.Leg, streamed) {
	t.Helper()
	l := r.Dial(context.Background(), target)
	invite := f.want("INVITE")
	f.answer(invite, "180 Ringing", "")
	step(t, l, call.Ringing)
	f.answer(invite, "200 OK", sdp)
	step(t, l, call.Answered)
	if ack := f.want("ACK"); ack.conn != invite.conn {
		t.Error("the ACK took another connection")
	}
	return l, invite
}

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
	next int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), next: 2}
	a.key = newKey(t)
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "parley test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.file = a.write("ca", "CERTIFICATE", der)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name+".pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file
}

// issue makes a certificate for these names and IP addresses.
func (a *authority) issue(until time.Time, names ...string) (cert, key string) {
	a.t.Helper()
	k := newKey(a.t)
	a.next++
	c := &x509.Certificate{
		SerialNumber: big.NewInt(a.next), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	name := fmt.Sprintf("cert%d", a.next)
	return a.write(name, "CERTIFICATE", der), a.write(name+"-key", "PRIVATE KEY", private)
}

// server is the TLS side of a far side with a certificate for these names.
func (a *authority) server(until time.Time, names ...string) *cryptotls.Config {
	a.t.Helper()
	pair, err := cryptotls.LoadX509KeyPair(a.issue(until, names...))
	if err != nil {
		a.t.Fatal(err)
	}
	return &cryptotls.Config{MinVersion: cryptotls.VersionTLS12, Certificates: []cryptotls.Certificate{pair}}
}
