package app

import (
	"fmt"
	"net"
	"net/netip"
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
	return sip.New(o)
}

// trunk is the account as the SIP stack wants it.
func (t TrunkConfig) trunk() (sip.Trunk, error) {
	host, port := t.Host, 0
	if h, p, err := net.SplitHostPort(t.Host); err == nil {
		n, err := strconv.Atoi(p)
		if err != nil {
			return sip.Trunk{}, fmt.Errorf("trunk %s: %q is no port", t.Name, p)
		}
		host, port = h, n
	}
	password, err := t.secret()
	if err != nil {
		return sip.Trunk{}, err
	}
	secure, err := sip.ParseSRTP(t.SRTP)
	if err != nil {
		return sip.Trunk{}, fmt.Errorf("trunk %s: %w", t.Name, err)
	}
	return sip.Trunk{
		Name: t.Name, Host: host, Port: port, Username: t.Username, Password: password, Realm: t.Realm,
		FromDomain: t.FromDomain, CallerID: t.CallerID, Channels: t.Channels, CPS: t.CallsPerSecond, SRTP: secure,
	}, nil
}
