package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheSampleShowsTheDefaults(t *testing.T) {
	got, err := Load(filepath.Join("..", "docs", "parley.sample.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Trunks = []TrunkConfig{{
		Name: "carrier", Host: "127.0.0.1:5070",
		DialPlan: DialPlanConfig{Scheme: "sip", Callee: []RewriteConfig{{Prefix: "+"}}, Caller: []RewriteConfig{}},
		CallerID: "+12025550100", Channels: 30, CallsPerSecond: 5, SRTP: "off", Priority: 0, Weight: 1,
		Identity: IdentityConfig{Asserted: "none", Preferred: "none"}, Peers: []string{},
		Register: RegisterConfig{Expires: time.Hour}, Probe: 30 * time.Second,
	}}
	want.Inbound = []InboundConfig{{
		Number: "+12025550100", Trunk: "carrier", Tenant: "default", Flow: "payment-reminder.en", UnknownFlow: "unknown-caller.en", Language: "en", Profile: "us-collection",
	}}
	want.CallerIDs.Numbers = []CallerIDConfig{}
	want.Transfers = []TransferConfig{}
	want.Rules.TestNumbers = []string{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the sample says otherwise than the defaults (-default +sample):\n%s", diff)
	}
}

func TestWrongConfigurationsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"unknown field":      {"sip:\n  lisen: 1\n", `[2:3] unknown field "lisen"`},
		"wrong type":         {"limits:\n  calls: many\n", "[2:10]"},
		"open without TLS":   {"http:\n  listen: 0.0.0.0:8080\n", "http.certificate and http.key must name TLS files"},
		"not an address":     {"sip:\n  listen: carrier.example:5060\n", "numeric address"},
		"port range":         {"sip:\n  media_ports: 30000\n", "not a range"},
		"DNS by name":        {"sip:\n  dns: dns.example:53\n", "sip.dns"},
		"trunk without host": {"trunks:\n  - name: a\n", "needs a name and a host"},
		"two of a name":      {"trunks:\n  - {name: a, host: h}\n  - {name: a, host: i}\n", "taken by an earlier trunk"},
		"two passwords":      {"trunks:\n  - {name: a, host: h, password: x, password_file: y}\n", "not both"},
		"no port":            {"trunks:\n  - {name: a, host: 'h:x'}\n", `"x" is no port`},
		"rewrite":            {"trunks:\n  - name: a\n    host: h\n    dial_plan: {callee: [{regexp: '('}]}\n", "callee rewrite 1: error parsing regexp"},
		"scheme":             {"trunks:\n  - {name: a, host: h, dial_plan: {scheme: mailto}}\n", "none of sip, sips, tel"},
		"sips without TLS":   {"trunks:\n  - {name: a, host: h, dial_plan: {scheme: sips}}\n", "set its transport to tls"},
		"transport":          {"trunks:\n  - {name: a, host: h, transport: sctp}\n", `transport "sctp" is not supported`},
		"trunk's authority":  {"trunks:\n  - {name: a, host: h, transport: tls, tls: {ca: none.pem}}\n", "read the authorities"},
		"trunk's key":        {"trunks:\n  - {name: a, host: h, tls: {certificate: c.pem}}\n", "come together"},
		"TLS without a key":  {"sip:\n  tls: {certificate: c.pem}\n", "sip.tls: a certificate and its key come together"},
		"TLS without files":  {"sip:\n  tls: {certificate: c.pem, key: k.pem}\n", "no such file"},
		"rewrite's field":    {"trunks:\n  - name: a\n    host: h\n    dial_plan: {callee: [{cut: 1}]}\n", `[4:27] unknown field "cut"`},
		"identity":           {"trunks:\n  - {name: a, host: h, identity: {asserted: true}}\n", "set trusted, or use preferred"},
		"identity's privacy": {"trunks:\n  - {name: a, host: h, identity: {privacy: secret}}\n", `privacy "secret" is unknown`},
		"weight":             {"trunks:\n  - {name: a, host: h, weight: -1}\n", "weight must be 0 to 65535"},
		"probe too often":    {"trunks:\n  - {name: a, host: h, probe: 10ms}\n", "probe: 10ms is too often"},
		"register nobody":    {"trunks:\n  - {name: a, host: h, register: {registrar: r}}\n", "give it a user"},
		"name of two":        {"trunks:\n  - {name: 'a,b', host: h}\n", "a comma"},
		"peers":              {"trunks:\n  - {name: a, host: h, peers: [carrier.example]}\n", "neither an address nor a network"},
		"inbound, number":    {inboundOf("h", "number: nobody"), "inbound[0]: number"},
		"inbound, trunk":     {inboundOf("192.0.2.1", "trunk: b"), `there is no trunk "b"`},
		"inbound, host name": {inboundOf("carrier.example", ""), "under its peers"},
		"inbound, flow":      {inboundOf("192.0.2.1:5060", "flow: ''"), "name a flow"},
		"inbound, twice":     {inboundOf("192.0.2.1", "") + "  - {number: 202-555-0100, trunk: a, flow: f, unknown_flow: u}\n", "inbound[1]: the same number"},
		"caller ID":          {"caller_ids: {numbers: [{number: '+12025550101'}, {number: 12025550101}]}\n", "caller_ids.numbers: entry 2: the number has no country code"},
		"caller IDs' health": {"caller_ids: {health: {samples: 1}}\n", "caller_ids.health: samples must be between 10"},
		"transfer, number":   {"transfers: [{queue: a, to: nobody}]\n", "transfers[0]: to"},
		"transfer, profile":  {"inbound: [{number: \"+12025550100\"}]\ntransfers: [{queue: a, to: \"+12025550190\"}]\n", "transfers[0]: name a profile"},
		"transfer, queue":    {"transfers: [{to: '+12025550190'}]\n", "name the queue"},
		"transfer, twice":    {"transfers: [{queue: a, to: 'sip:a@b'}, {queue: a, to: 'sip:a@b'}]\n", "stands above"},
		"no calls":           {"limits: {calls: 0}\n", "above zero"},
		"log level":          {"log: {level: loud}\n", "none of debug"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "parley.yaml")
			if err := os.WriteFile(path, []byte(c.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := Load("no-such.yaml"); err == nil || !strings.Contains(err.Error(), "sample") {
		t.Errorf("a missing file gives %v, want a hint at the sample", err)
	}
}

// inboundOf is a configuration with one number of ours and something else in it.
func inboundOf(host, other string) string {
	entry := map[string]string{"number": "'+12025550100'", "trunk": "a", "flow": "f", "unknown_flow": "u"}
	if k, v, ok := strings.Cut(other, ": "); ok {
		entry[k] = v
	}
	text := "trunks:\n  - {name: a, host: '" + host + "'}\ninbound:\n  - {"
	for k, v := range entry {
		text += k + ": " + v + ", "
	}
	return strings.TrimSuffix(text, ", ") + "}\n"
}

func TestEnvironmentOverridesTheFile(t *testing.T) {
	t.Setenv("PARLEY_DATA", "elsewhere")
	t.Setenv("PARLEY_LISTEN", "127.0.0.1:9")
	c, err := Load("")
	if err != nil || c.Data != "elsewhere" || c.HTTP.Listen != "127.0.0.1:9" {
		t.Errorf("got data %q, listen %q, %v", c.Data, c.HTTP.Listen, err)
	}
}

func TestTrunkSecretFromAFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s"), []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "parley.yaml")
	if err := os.WriteFile(path, []byte("trunks:\n  - {name: a, host: h, password_file: s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Trunks[0].secret(); got != "hush" || err != nil {
		t.Errorf("secret is %q, %v", got, err)
	}
}
