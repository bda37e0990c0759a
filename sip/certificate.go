package sip

import (
	"context"
	cryptotls "crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// TLS is how a trunk's certificate is checked, always, and who we are to it.
type TLS struct {
	// CA is a PEM file with the authorities to trust; "" for the system's.
	CA string
	// ServerName is whom the certificate must name; "" for the host that the
	// connection goes to.
	ServerName string
	// Certificate and Key are PEM files of ours, for a trunk that asks who we
	// are. A renewed file counts from the next connection on.
	Certificate, Key string
}

// TLSListener is a TLS socket on which peers may connect.
type TLSListener struct {
	// Port is beside that of UDP; 0 for the system's choice.
	Port uint16
	// Certificate and Key are PEM files; a renewed file counts from the next
	// connection on.
	Certificate, Key string
	// ClientCA is a PEM file with the authorities of peers, who must show a
	// certificate then; "" asks for none.
	ClientCA string
}

// client makes the settings of connections to a trunk. Files are read now, so
// that what is wrong with them is known at the start.
func (t TLS) client() (*cryptotls.Config, error) {
	c := &cryptotls.Config{MinVersion: cryptotls.VersionTLS12, ServerName: t.ServerName}
	var err error
	if c.RootCAs, err = authorities(t.CA); err != nil {
		return nil, err
	}
	if t.Certificate == "" && t.Key == "" {
		return c, nil
	}
	own, err := newOwnCertificate(t.Certificate, t.Key)
	if err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*cryptotls.CertificateRequestInfo) (*cryptotls.Certificate, error) { return own.get() }
	return c, nil
}

// config makes the settings of a listener.
func (t TLSListener) config() (*cryptotls.Config, error) {
	own, err := newOwnCertificate(t.Certificate, t.Key)
	if err != nil {
		return nil, err
	}
	c := &cryptotls.Config{
		MinVersion:     cryptotls.VersionTLS12,
		GetCertificate: func(*cryptotls.ClientHelloInfo) (*cryptotls.Certificate, error) { return own.get() },
	}
	if t.ClientCA != "" {
		if c.ClientCAs, err = authorities(t.ClientCA); err != nil {
			return nil, err
		}
		c.ClientAuth = cryptotls.RequireAndVerifyClientCert
	}
	return c, nil
}

// Check finds what is wrong with the files of a listener; it asks nobody.
func (t TLSListener) Check() error {
	_, err := t.config()
	return err
}

// tlsConfig is how the certificate of a hop is checked.
func (h hop) tlsConfig() (*cryptotls.Config, error) {
	c := &cryptotls.Config{MinVersion: cryptotls.VersionTLS12}
	if h.account != nil && h.account.tls != nil {
		c = h.account.tls.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = h.name
	}
	if c.ServerName == "" {
		return nil, errors.New("nobody knows whom its certificate should name; give the trunk a server_name")
	}
	return c, nil
}

// authorities reads a PEM file of certificates; "" is nil, the system's.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// ownCertificate reads a certificate again when its file has changed.
type ownCertificate struct {
	file, key string

	mu   sync.Mutex
	read time.Time // modification time of what was read
	pair *cryptotls.Certificate
}

func newOwnCertificate(file, key string) (*ownCertificate, error) {
	if file == "" || key == "" {
		return nil, errors.New("a certificate and its key come together; name both files")
	}
	o := &ownCertificate{file: file, key: key}
	_, err := o.get()
	return o, err
}

// get keeps the old certificate while the new file is of no use: it may be
// half written.
func (o *ownCertificate) get() (*cryptotls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	info, err := os.Stat(o.file)
	if err == nil && o.pair != nil && info.ModTime().Equal(o.read) {
		return o.pair, nil
	}
	var pair cryptotls.Certificate
	if err == nil {
		pair, err = cryptotls.LoadX509KeyPair(o.file, o.key)
	}
	switch {
	case err == nil:
		o.pair, o.read = &pair, info.ModTime()
	case o.pair == nil:
		return nil, fmt.Errorf("read our certificate: %w", err)
	}
	return o.pair, nil
}

// tlsError says in one sentence why a handshake failed, and what to do. name is
// whom the certificate should have named.
func tlsError(err error, name string) error {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    cryptotls.RecordHeaderError
		alert     cryptotls.AlertError
	)
	switch {
	case errors.As(err, &authority):
		return fmt.Errorf("its certificate comes from an authority that is not trusted here; name that authority's file as ca: %w", err)
	case errors.As(err, &host):
		return fmt.Errorf("its certificate is not for %s; set server_name to a name that it is for: %w", name, err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("its certificate is not valid today; its owner must renew it, or the clock here is wrong: %w", err)
	case errors.As(err, &record):
		return fmt.Errorf("what answers does not speak TLS; check the port, 5061 is usual, or use transport tcp: %w", err)
	case errors.As(err, &alert):
		return fmt.Errorf("it refused the TLS handshake; check what it wants to know of us by certificate and key: %w", err)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return errors.New("it did not finish the TLS handshake in time; check that the port speaks TLS")
	case errors.Is(err, io.EOF):
		return fmt.Errorf("it hung up during the TLS handshake; it may want a client certificate: %w", err)
	}
	return fmt.Errorf("the TLS handshake failed: %w", err)
}
