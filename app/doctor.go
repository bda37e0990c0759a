package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"parley/asr/pocketsphinx"
	"parley/nlu/keyword"
	"parley/store"
	"parley/tts"
)

// check is one line of the doctor: what was found, or what is wrong and what
// to do about it.
type check struct {
	name string
	run  func(context.Context) (found string, err error)
}

// Doctor examines what a server of this configuration would need, one line a
// check, and reports whether all of it is there. It changes nothing but a
// probe file that it removes again.
func Doctor(ctx context.Context, w io.Writer, c Config) bool {
	healthy := true
	for _, ch := range checks(c) {
		found, err := ch.run(ctx)
		mark := "ok  "
		if err != nil {
			healthy, mark, found = false, "FAIL", err.Error()
		}
		fmt.Fprintf(w, "%s  %-16s %s\n", mark, ch.name, found)
	}
	return healthy
}

func checks(c Config) []check {
	return []check{
		{"recogniser", func(context.Context) (string, error) { return recogniserFound(c) }},
		{"speech detector", func(context.Context) (string, error) { return modelFound(c) }},
		{"synthesisers", func(context.Context) (string, error) { return synthesisersFound() }},
		{"flows", func(context.Context) (string, error) { return flowsFound(c) }},
		{"data folder", func(context.Context) (string, error) { return writable(c.Data) }},
		{"disk", func(context.Context) (string, error) { return diskSpace(c.Data) }},
		{"database", func(ctx context.Context) (string, error) { return databaseFound(ctx, c) }},
		{"http", func(ctx context.Context) (string, error) { return tcpFree(ctx, c.HTTP.Listen) }},
		{"sip", func(ctx context.Context) (string, error) { return sipFree(ctx, c) }},
		{"media ports", func(ctx context.Context) (string, error) { return mediaFree(ctx, c) }},
		{"trunks", func(ctx context.Context) (string, error) { return trunksAnswer(ctx, c) }},
		{"clock", func(context.Context) (string, error) { return clockRuns() }},
	}
}

func recogniserFound(c Config) (string, error) {
	if err := pocketsphinx.Check(pocketsphinx.Options{Models: c.ASR.Pocketsphinx.Models}); err != nil {
		return "", err
	}
	r, err := pocketsphinx.New(pocketsphinx.Options{Models: c.ASR.Pocketsphinx.Models})
	if err != nil {
		return "", err
	}
	return "pocketsphinx for " + strings.Join(r.Languages(), ", "), nil
}

func synthesisersFound() (string, error) {
	var found []string
	var missing []error
	for name := range synthesizers {
		if _, err := (tts.Program{}).Find(name); err != nil {
			missing = append(missing, fmt.Errorf("%s: %w", name, err))
			continue
		}
		found = append(found, name)
	}
	return strings.Join(found, ", "), errors.Join(missing...)
}

func flowsFound(c Config) (string, error) {
	shelf, err := newFlowShelf(c.Flows, keyword.New(keyword.Options{}))
	if err != nil {
		return "", err
	}
	return strings.Join(shelf.names(), ", "), nil
}

func writable(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("%w; choose another folder with data", err)
	}
	probe := filepath.Join(dir, ".doctor")
	if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
		return "", fmt.Errorf("%w; the server's user must be able to write there", err)
	}
	return dir, os.Remove(probe)
}

// leastDisk holds nine hours of one recorded call: less than that and a
// campaign ends on a full disk.
const leastDisk = 1 << 30

func diskSpace(dir string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", fmt.Errorf("measure the disk: %w", err)
	}
	free := int64(st.Bavail) * st.Bsize
	text := fmt.Sprintf("%d GiB free", free>>30)
	if free < leastDisk {
		return "", fmt.Errorf("%s; recordings take 115 MB an hour and call, make room", text)
	}
	return text, nil
}

// databaseFound opens the store, unless a server has it open already.
func databaseFound(ctx context.Context, c Config) (string, error) {
	s, err := store.Open(ctx, store.Options{Dir: c.Data, DSN: c.Database, Log: slog.New(slog.DiscardHandler)})
	if errors.Is(err, store.ErrInUse) {
		return "in use by a running server", nil
	}
	if err != nil {
		return "", err
	}
	defer s.Close()
	return s.Dialect(), s.Ping(ctx)
}

func tcpFree(ctx context.Context, address string) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("%w; is a server running? choose another port with http.listen", err)
	}
	return address, l.Close()
}

// sipFree tries the SIP sockets and looks at the certificate of TLS.
func sipFree(ctx context.Context, config Config) (string, error) {
	c := config.SIP
	text, err := udpFree(ctx, c.Listen)
	if err != nil {
		return "", err
	}
	listen, err := netip.ParseAddrPort(c.Listen)
	if err != nil {
		return "", err
	}
	streamFree := func(port uint16) error {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", netip.AddrPortFrom(listen.Addr(), port).String())
		if err != nil {
			return fmt.Errorf("%w; is a server running? choose another port with sip.listen or sip.tls.port", err)
		}
		return l.Close()
	}
	if c.TCP || config.trunksOverTCP() {
		if err := streamFree(listen.Port()); err != nil {
			return "", err
		}
		text += ", also over TCP"
	}
	if !c.TLS.on() {
		return text, nil
	}
	if err := streamFree(c.TLS.Port); err != nil {
		return "", err
	}
	pair, err := tls.LoadX509KeyPair(c.TLS.Certificate, c.TLS.Key)
	if err != nil {
		return "", fmt.Errorf("sip.tls: %w", err)
	}
	until := pair.Leaf.NotAfter
	if left := time.Until(until); left < leastCertificate {
		return "", fmt.Errorf("the certificate of sip.tls ends at %s; renew it", until.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s, over TLS on port %d with a certificate until %s", text, c.TLS.Port, until.Format(time.DateOnly)), nil
}

// leastCertificate is the warning before a certificate ends.
const leastCertificate = 7 * 24 * time.Hour

func udpFree(ctx context.Context, address string) (string, error) {
	l, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
	if err != nil {
		return "", fmt.Errorf("%w; is a server running? choose another port with sip.listen", err)
	}
	return address, l.Close()
}

func mediaFree(ctx context.Context, c Config) (string, error) {
	low, high, err := c.SIP.ports()
	if err != nil {
		return "", err
	}
	listen, err := netip.ParseAddrPort(c.SIP.Listen)
	if err != nil {
		return "", err
	}
	if _, err := udpFree(ctx, netip.AddrPortFrom(listen.Addr(), low).String()); err != nil {
		return "", err
	}
	calls := (int(high) - int(low) + 1) / 2
	if calls < c.Limits.Calls {
		return "", fmt.Errorf("%s has room for %d calls, limits.calls allows %d; widen sip.media_ports", c.SIP.MediaPorts, calls, c.Limits.Calls)
	}
	return fmt.Sprintf("%s, %d calls", c.SIP.MediaPorts, calls), nil
}

// clockRuns tells whether the kernel believes the clock: calling hours and
// retry times depend on it.
func clockRuns() (string, error) {
	now := time.Now().UTC().Format(time.RFC3339)
	var tx unix.Timex
	note := "synchronised"
	if state, err := unix.Adjtimex(&tx); err != nil {
		note = "whether it is synchronised cannot be read here"
	} else if state == unix.TIME_ERROR {
		note = "not synchronised by the kernel's word; run an NTP client"
	}
	return now + " (" + note + ")", nil
}
