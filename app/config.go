// Package app wires everything in one straight line and stops it in the
// reverse order.
package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Config is the whole configuration. Its defaults live in Defaults; the file
// docs/parley.sample.yaml shows and explains every field.
type Config struct {
	// Data is the folder of the database, the journal and the recordings.
	Data       string           `yaml:"data"`
	HTTP       HTTPConfig       `yaml:"http"`
	Database   string           `yaml:"database"`
	SIP        SIPConfig        `yaml:"sip"`
	Trunks     []TrunkConfig    `yaml:"trunks"`
	Inbound    []InboundConfig  `yaml:"inbound"`
	Transfers  []TransferConfig `yaml:"transfers"`
	CallerIDs  CallerIDsConfig  `yaml:"caller_ids"`
	ASR        ASRConfig        `yaml:"asr"`
	TTS        TTSConfig        `yaml:"tts"`
	VAD        VADConfig        `yaml:"vad"`
	Recordings RecordingsConfig `yaml:"recordings"`
	// Flows is a folder with the merchant's own flows, beside the shipped ones.
	Flows  string       `yaml:"flows"`
	Rules  RulesConfig  `yaml:"rules"`
	Limits LimitsConfig `yaml:"limits"`
	Log    LogConfig    `yaml:"log"`
}

// HTTPConfig is where the API and the console listen.
type HTTPConfig struct {
	Listen      string `yaml:"listen"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// SIPConfig is our own end of every call.
type SIPConfig struct {
	Listen string `yaml:"listen"`
	// MediaAddress is what we offer in SDP; empty for the listen address.
	MediaAddress string `yaml:"media_address"`
	// MediaPorts is the range of RTP ports, "20000-20999".
	MediaPorts string `yaml:"media_ports"`
	// DNS is the server asked for the names of trunks; empty for those of
	// resolv.conf.
	DNS string `yaml:"dns"`
	// TCP lets trunks connect to the port of Listen; a trunk whose transport is
	// tcp does the same.
	TCP bool         `yaml:"tcp"`
	TLS SIPTLSConfig `yaml:"tls"`
}

// SIPTLSConfig is the socket on which trunks may connect over TLS; there is
// none without a certificate.
type SIPTLSConfig struct {
	Port        uint16 `yaml:"port"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// ClientCA has trunks show a certificate of this authority.
	ClientCA string `yaml:"client_ca"`
}

// on reports whether there is such a socket.
func (t SIPTLSConfig) on() bool { return t.Certificate != "" || t.Key != "" || t.ClientCA != "" }

// TrunkConfig is a carrier account.
type TrunkConfig struct {
	Name string `yaml:"name"`
	// Host is the carrier's "host" or "host:port".
	Host string `yaml:"host"`
	// Transport is udp, tcp or tls.
	Transport string         `yaml:"transport"`
	TLS       TrunkTLSConfig `yaml:"tls"`
	// LargeOverTCP sends what is too large for one UDP packet over TCP.
	LargeOverTCP bool `yaml:"large_over_tcp"`

	Username string `yaml:"username"`
	Password string `yaml:"password"`
	// PasswordFile keeps the secret out of this file.
	PasswordFile string `yaml:"password_file"`
	Realm        string `yaml:"realm"`
	// Proxy is the outbound proxy's "host" or "host:port".
	Proxy          string         `yaml:"proxy"`
	Domain         string         `yaml:"domain"`
	FromDomain     string         `yaml:"from_domain"`
	ContactDomain  string         `yaml:"contact_domain"`
	DialPlan       DialPlanConfig `yaml:"dial_plan"`
	CallerID       string         `yaml:"caller_id"`
	Channels       int            `yaml:"channels"`
	CallsPerSecond float64        `yaml:"calls_per_second"`
	// Priority and Weight choose between trunks; lower priorities come first.
	Priority int `yaml:"priority"`
	Weight   int `yaml:"weight"`
	// Register is how the trunk is told where we are; without a registrar it is
	// not.
	Register RegisterConfig `yaml:"register"`
	// Probe is how often OPTIONS asks whether the trunk works; 0 for never.
	Probe time.Duration `yaml:"probe"`
	// SRTP is off, offer or require.
	SRTP string `yaml:"srtp"`
	// Peers are further addresses and networks from which the carrier calls us.
	Peers []string `yaml:"peers"`
	// Rates is a CSV file with the trunk's prices.
	Rates    string         `yaml:"rates"`
	Identity IdentityConfig `yaml:"identity"`
}

// IdentityConfig says how a carrier is told who calls, beside From.
type IdentityConfig struct {
	Trusted bool `yaml:"trusted"`
	// Asserted and Preferred are true for the call's caller ID, a URI, or none
	// (also when empty).
	Asserted  string `yaml:"asserted"`
	Preferred string `yaml:"preferred"`
	// Privacy are values of RFC 3323, separated by semicolons.
	Privacy   string `yaml:"privacy"`
	Diversion string `yaml:"diversion"`
	FromName  string `yaml:"from_name"`
	// Passport passes a call's Identity header on.
	Passport bool `yaml:"passport"`
}

// RegisterConfig is a trunk's registration.
type RegisterConfig struct {
	// Registrar is the domain to register in, "host" or "host:port".
	Registrar string `yaml:"registrar"`
	// User of the address of record; empty for the trunk's username.
	User string `yaml:"user"`
	// Contact is the user part of our Contact; empty for User.
	Contact string        `yaml:"contact"`
	Expires time.Duration `yaml:"expires"`
}

// TrunkTLSConfig is how a carrier's certificate is checked, and our own.
type TrunkTLSConfig struct {
	CA          string `yaml:"ca"`
	ServerName  string `yaml:"server_name"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// DialPlanConfig is the form in which a carrier wants the numbers of a call.
type DialPlanConfig struct {
	// Scheme of the called URI: sip (also when empty), sips or tel.
	Scheme    string          `yaml:"scheme"`
	UserPhone bool            `yaml:"user_phone"`
	Callee    []RewriteConfig `yaml:"callee"`
	Caller    []RewriteConfig `yaml:"caller"`
}

// RewriteConfig is one line of a dial plan.
type RewriteConfig struct {
	Prefix  string `yaml:"prefix"`
	Regexp  string `yaml:"regexp"`
	Strip   int    `yaml:"strip"`
	Prepend string `yaml:"prepend"`
}

// InboundConfig is a number of ours that customers may call.
type InboundConfig struct {
	// Number is ours, as E.164 or in the server's own country; Trunk brings its
	// calls.
	Number string `yaml:"number"`
	Trunk  string `yaml:"trunk"`
	// Tenant whose customers they are; empty for the first one.
	Tenant string `yaml:"tenant"`
	// Flow is for a caller with an open matter, UnknownFlow for everybody else;
	// it must speak without variables.
	Flow        string `yaml:"flow"`
	UnknownFlow string `yaml:"unknown_flow"`
	// WithheldFlow is for callers whose number is not shown or is none; nothing
	// can be promised about it. Empty for the shipped one of UnknownFlow's
	// language. It must speak without variables.
	WithheldFlow string `yaml:"withheld_flow"`
	// Language must be that of the flows, when it is given.
	Language string `yaml:"language"`
	// Profile names the rules for numbers that a caller is transferred to.
	Profile string `yaml:"profile"`
}

// ASRConfig chooses the recogniser.
type ASRConfig struct {
	Engine       string             `yaml:"engine"`
	Pocketsphinx PocketsphinxConfig `yaml:"pocketsphinx"`
}

// PocketsphinxConfig is the embedded recogniser's.
type PocketsphinxConfig struct {
	// Models is a folder with en-8k and zh-8k; empty for Debian's English model.
	Models  string `yaml:"models"`
	Workers int    `yaml:"workers"`
	Streams int    `yaml:"streams_per_worker"`
}

// TTSConfig is the synthesisers'.
type TTSConfig struct {
	Workers    int   `yaml:"workers"`
	CacheBytes int64 `yaml:"cache_bytes"`
}

// VADConfig is what tells speech from noise.
type VADConfig struct {
	// Model is the Silero VAD's ONNX file; empty to look where the set-up puts
	// it, and do without when it is not there; "none" to do without.
	Model string `yaml:"model"`
	// Calls have the model at a time; more use the built-in detector.
	Calls int `yaml:"calls"`
}

// RecordingsConfig says where recordings go.
type RecordingsConfig struct {
	// Dir defaults to DATA/recordings.
	Dir string `yaml:"dir"`
	Off bool   `yaml:"off"`
}

// RulesConfig tightens the dialling rules.
type RulesConfig struct {
	// TestNumbers are the only numbers or prefixes that profile "test" dials.
	TestNumbers []string `yaml:"test_numbers"`
	// Region is assumed for numbers written without a country code.
	Region string `yaml:"region"`
}

// LimitsConfig bounds what one server does at a time.
type LimitsConfig struct {
	Calls          int     `yaml:"calls"`
	CallsPerSecond float64 `yaml:"calls_per_second"`
}

// LogConfig is the log's level and form.
type LogConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Defaults are what a field means that the file leaves out.
func Defaults() Config {
	return Config{
		Data:      "data",
		HTTP:      HTTPConfig{Listen: "127.0.0.1:8080"},
		SIP:       SIPConfig{Listen: "127.0.0.1:5060", MediaPorts: "20000-20999", TLS: SIPTLSConfig{Port: 5061}},
		CallerIDs: defaultCallerIDs(),
		ASR:       ASRConfig{Engine: "pocketsphinx", Pocketsphinx: PocketsphinxConfig{Workers: 1, Streams: 64}},
		TTS:       TTSConfig{Workers: 1, CacheBytes: 64 << 20},
		VAD:       VADConfig{Calls: 200},
		Rules: RulesConfig{
			Region: "US",
		},
		Limits: LimitsConfig{Calls: 50, CallsPerSecond: 5},
		Log:    LogConfig{Level: "info", Format: "text"},
	}
}

// Load reads a configuration file over the defaults; an empty path means
// defaults only. PARLEY_DATA, PARLEY_LISTEN, PARLEY_DATABASE and
// PARLEY_LOG_LEVEL override the file. Errors carry line and column.
func Load(path string) (Config, error) {
	c := Defaults()
	if path != "" {
		source, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return c, fmt.Errorf("there is no configuration file %s; docs/parley.sample.yaml is one to start from", path)
		}
		if err != nil {
			return c, fmt.Errorf("read the configuration: %w", err)
		}
		if err := yaml.UnmarshalWithOptions(source, &c, yaml.Strict()); err != nil {
			return c, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
		}
		c.relativeTo(filepath.Dir(path))
	}
	for name, field := range map[string]*string{
		"PARLEY_DATA": &c.Data, "PARLEY_LISTEN": &c.HTTP.Listen,
		"PARLEY_DATABASE": &c.Database, "PARLEY_LOG_LEVEL": &c.Log.Level,
	} {
		if v := os.Getenv(name); v != "" {
			*field = v
		}
	}
	return c, c.check()
}

// relativeTo resolves secret, certificate and rate files beside the configuration.
func (c *Config) relativeTo(dir string) {
	files := []*string{&c.HTTP.Certificate, &c.HTTP.Key, &c.SIP.TLS.Certificate, &c.SIP.TLS.Key, &c.SIP.TLS.ClientCA}
	if c.VAD.Model != noModel {
		files = append(files, &c.VAD.Model)
	}
	for i := range c.Trunks {
		t := &c.Trunks[i]
		files = append(files, &t.PasswordFile, &t.Rates, &t.TLS.CA, &t.TLS.Certificate, &t.TLS.Key)
	}
	for _, p := range files {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

// check finds what cannot work before anything is started; all of it at once.
func (c *Config) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Data == "" {
		bad("data: name a folder for the database and the recordings")
	}
	host, _, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil {
		bad("http.listen: %q is not host:port", c.HTTP.Listen)
	} else if !loopback(host) && (c.HTTP.Certificate == "" || c.HTTP.Key == "") {
		bad("http.listen: %s is not a loopback address, so http.certificate and http.key must name TLS files", c.HTTP.Listen)
	}
	if _, err := netip.ParseAddrPort(c.SIP.Listen); err != nil {
		bad("sip.listen: %q is not ADDRESS:PORT with a numeric address", c.SIP.Listen)
	}
	if c.SIP.TLS.on() {
		if err := c.SIP.TLS.listener().Check(); err != nil {
			bad("sip.tls: %w", err)
		}
	}
	if c.SIP.MediaAddress != "" {
		if _, err := netip.ParseAddr(c.SIP.MediaAddress); err != nil {
			bad("sip.media_address: %q is not an IP address", c.SIP.MediaAddress)
		}
	}
	if _, _, err := c.SIP.ports(); err != nil {
		bad("sip.media_ports: %v", err)
	}
	if _, err := netip.ParseAddrPort(c.SIP.DNS); c.SIP.DNS != "" && err != nil {
		bad("sip.dns: %q is not ADDRESS:PORT with a numeric address", c.SIP.DNS)
	}
	seen := map[string]bool{}
	for i, t := range c.Trunks {
		switch {
		case t.Name == "" || t.Host == "":
			bad("trunks[%d]: a trunk needs a name and a host", i)
		case seen[t.Name]:
			bad("trunks[%d]: the name %q is taken by an earlier trunk", i, t.Name)
		case t.Password != "" && t.PasswordFile != "":
			bad("trunk %s: give password or password_file, not both", t.Name)
		default:
			if _, err := t.settings(); err != nil {
				bad("%w", err)
			}
		}
		seen[t.Name] = true
	}
	problems = append(problems, c.checkInbound()...)
	problems = append(problems, c.checkTransfers()...)
	if err := c.CallerIDs.check(); err != nil {
		bad("%w", err)
	}
	if c.VAD.Calls < 0 {
		bad("vad.calls: %d is below zero; 0 leaves the model unused", c.VAD.Calls)
	}
	if c.Limits.Calls < 1 || c.Limits.CallsPerSecond <= 0 {
		bad("limits: calls and calls_per_second must be above zero")
	}
	if err := new(slog.Level).UnmarshalText([]byte(c.Log.Level)); err != nil {
		bad("log.level: %q is none of debug, info, warn, error", c.Log.Level)
	}
	return errors.Join(problems...)
}

// ports is the range of RTP ports.
func (s SIPConfig) ports() (low, high uint16, err error) {
	from, to, ok := strings.Cut(s.MediaPorts, "-")
	l, err1 := strconv.ParseUint(from, 10, 16)
	h, err2 := strconv.ParseUint(to, 10, 16)
	if !ok || err1 != nil || err2 != nil || l < 1024 || h < l+3 {
		return 0, 0, fmt.Errorf("%q is not a range of at least four ports above 1023, such as 20000-20999", s.MediaPorts)
	}
	return uint16(l), uint16(h), nil
}

// secret is the trunk's password, from its file when one is named.
func (t TrunkConfig) secret() (string, error) {
	if t.PasswordFile == "" {
		return t.Password, nil
	}
	b, err := os.ReadFile(t.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("trunk %s: read the password file: %w", t.Name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
