package app

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"parley/media/line"
	"parley/sip"
)

// newSIP builds the line to the carriers; o says where it listens, what it logs
// and how it marks its calls.
func newSIP(c Config, o sip.Options) (*sip.Stack, error) {
	low, high, err := c.SIP.ports()
	if err != nil {
		return nil, fmt.Errorf("sip.media_ports: %w", err)
	}
	ports, err := line.NewPorts(int(low), int(high))
	if err != nil {
		return nil, fmt.Errorf("sip.media_ports: %w", err)
	}
	o.DNS = c.SIP.DNS
	o.UserAgent, o.OpenMedia = "parley", sip.OverLine(o.Listen.Addr(), ports)
	if c.SIP.MediaAddress != "" {
		if o.Advertise, err = netip.ParseAddr(c.SIP.MediaAddress); err != nil {
			return nil, fmt.Errorf("sip.media_address: %w", err)
		}
	}
	for _, t := range c.Trunks {
		trunk, err := t.trunk()
		if err != nil {
			return nil, err
		}
		o.Trunks = append(o.Trunks, trunk)
	}
	o.TCP = o.TCP || c.trunksOverTCP()
	return sip.New(o)
}

// trunksOverTCP: our Contact says TCP to some trunk, and not every one uses our
// connection again, so that TCP is listened for.
func (c Config) trunksOverTCP() bool {
	return slices.ContainsFunc(c.Trunks, func(t TrunkConfig) bool { return t.Transport == "tcp" || t.LargeOverTCP })
}

// listener is the TLS socket as the SIP stack wants it.
func (t SIPTLSConfig) listener() sip.TLSListener {
	return sip.TLSListener{Port: t.Port, Certificate: t.Certificate, Key: t.Key, ClientCA: t.ClientCA}
}

// doors opens the sockets for connections of trunks, where they are wished.
func (c SIPConfig) doors(o sip.Options) sip.Options {
	o.TCP = c.TCP
	if c.TLS.on() {
		l := c.TLS.listener()
		o.TLS = &l
	}
	return o
}

// trunk is the account as the SIP stack wants it, with its secret.
func (t TrunkConfig) trunk() (sip.Trunk, error) {
	trunk, err := t.settings()
	if err != nil {
		return trunk, err
	}
	trunk.Password, err = t.secret()
	return trunk, err
}

// settings are the account without its secret, checked.
func (t TrunkConfig) settings() (sip.Trunk, error) {
	host, port := t.Host, 0
	if h, p, err := net.SplitHostPort(t.Host); err == nil {
		n, err := strconv.Atoi(p)
		if err != nil {
			return sip.Trunk{}, fmt.Errorf("trunk %s: %q is no port", t.Name, p)
		}
		host, port = h, n
	}
	secure, err := sip.ParseSRTP(t.SRTP)
	if err != nil {
		return sip.Trunk{}, fmt.Errorf("trunk %s: %w", t.Name, err)
	}
	if s := t.DialPlan.Scheme; s != "" && s != "sip" && s != "sips" && s != "tel" {
		return sip.Trunk{}, fmt.Errorf("trunk %s: dial_plan.scheme %q is none of sip, sips, tel", t.Name, s)
	}
	trunk := sip.Trunk{
		Name: t.Name, Host: host, Port: port, Transport: t.Transport, LargeOverTCP: t.LargeOverTCP,
		TLS:      sip.TLS{CA: t.TLS.CA, ServerName: t.TLS.ServerName, Certificate: t.TLS.Certificate, Key: t.TLS.Key},
		Username: t.Username, Realm: t.Realm,
		Proxy: t.Proxy, Domain: t.Domain, FromDomain: t.FromDomain, ContactDomain: t.ContactDomain, Dial: t.DialPlan.plan(),
		CallerID: t.CallerID, Channels: t.Channels, CPS: t.CallsPerSecond, SRTP: secure,
		Priority: t.Priority, Weight: t.Weight, Identity: t.Identity.identity(),
		Register: sip.Registration(t.Register), Probe: t.Probe,
	}
	for _, p := range t.Peers {
		network, err := netip.ParsePrefix(p)
		if ip, single := netip.ParseAddr(p); single == nil {
			network, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return trunk, fmt.Errorf("trunk %s: peers: %q is neither an address nor a network such as 192.0.2.0/24", t.Name, p)
		}
		trunk.Peers = append(trunk.Peers, network.Masked())
	}
	return trunk, trunk.Check()
}

func (i IdentityConfig) identity() sip.Identity {
	whose := func(v string) string {
		switch v {
		case "true":
			return sip.OfCaller
		case "false", "none":
			return ""
		}
		return v
	}
	return sip.Identity{
		Trusted: i.Trusted, Asserted: whose(i.Asserted), Preferred: whose(i.Preferred), Privacy: i.Privacy,
		Diversion: i.Diversion, Name: i.FromName, Passport: i.Passport,
	}
}

func (p DialPlanConfig) plan() sip.DialPlan {
	rewrites := func(all []RewriteConfig) (out []sip.Rewrite) {
		for _, r := range all {
			out = append(out, sip.Rewrite(r))
		}
		return out
	}
	return sip.DialPlan{
		Callee: rewrites(p.Callee), Caller: rewrites(p.Caller), Tel: p.Scheme == "tel", SIPS: p.Scheme == "sips", UserPhone: p.UserPhone,
	}
}
