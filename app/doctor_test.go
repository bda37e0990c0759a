package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificateFiles writes a certificate that ends at this moment, and its key.
func certificateFiles(t *testing.T, until time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: until, DNSNames: []string{"sip.example"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestDoctorTriesTheSIPSockets and reads when the certificate ends.
func TestDoctorTriesTheSIPSockets(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := uint16(taken.Addr().(*net.TCPAddr).Port)
	good, goodKey := certificateFiles(t, time.Now().Add(90*24*time.Hour))
	soon, soonKey := certificateFiles(t, time.Now().Add(24*time.Hour))
	for name, c := range map[string]struct {
		config SIPConfig
		found  string
		err    string
		trunks []TrunkConfig
	}{
		"UDP alone":        {SIPConfig{Listen: "127.0.0.1:0"}, "127.0.0.1:0", "", nil},
		"TCP":              {SIPConfig{Listen: "127.0.0.1:0", TCP: true}, "also over TCP", "", nil},
		"TCP in use":       {SIPConfig{Listen: taken.Addr().String(), TCP: true}, "", "choose another port", nil},
		"a TCP trunk":      {SIPConfig{Listen: taken.Addr().String()}, "", "choose another port", []TrunkConfig{{Name: "a"}, {Name: "b", Transport: "tcp"}}},
		"a UDP trunk":      {SIPConfig{Listen: taken.Addr().String()}, "127.0.0.1:", "", []TrunkConfig{{Name: "a", Transport: "udp"}}},
		"large over TCP":   {SIPConfig{Listen: "127.0.0.1:0"}, "also over TCP", "", []TrunkConfig{{Name: "a", LargeOverTCP: true}}},
		"TLS":              {SIPConfig{Listen: "127.0.0.1:0", TLS: SIPTLSConfig{Certificate: good, Key: goodKey}}, "with a certificate until", "", nil},
		"TLS in use":       {SIPConfig{Listen: "127.0.0.1:0", TLS: SIPTLSConfig{Port: port, Certificate: good, Key: goodKey}}, "", "sip.tls.port", nil},
		"ending tomorrow":  {SIPConfig{Listen: "127.0.0.1:0", TLS: SIPTLSConfig{Certificate: soon, Key: soonKey}}, "", "renew it", nil},
		"key of another's": {SIPConfig{Listen: "127.0.0.1:0", TLS: SIPTLSConfig{Certificate: good, Key: soonKey}}, "", "private key does not match", nil},
	} {
		found, err := sipFree(context.Background(), Config{SIP: c.config, Trunks: c.trunks})
		if !strings.Contains(found, c.found) || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", name, found, err)
		}
	}
}
