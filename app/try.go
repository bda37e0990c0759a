package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/api"
	"parley/call"
	"parley/phone"
	"parley/sip"
)

// TriedNumber is what the trunks of a configuration would make of a call.
type TriedNumber struct {
	// Number in E.164.
	Number string       `json:"number"`
	Trunks []TriedTrunk `json:"trunks"`
}

// TriedTrunk is one of them, in the order in which they would be tried.
type TriedTrunk struct {
	Name     string `json:"name"`
	Takes    bool   `json:"takes"`
	Priority int    `json:"priority"`
	// Share of the calls among the trunks of its priority, 0 to 1.
	Share float64 `json:"share"`
	// Problem is why it does not take the number, or cannot be called.
	Problem string `json:"problem,omitempty"`
	// Registrar is where a server would register first; that is not tried.
	Registrar string `json:"registrar,omitempty"`
	// Invite is the INVITE without credentials.
	Invite string     `json:"invite,omitempty"`
	Hops   []TriedHop `json:"hops,omitempty"`
}

// TriedHop is an address of a trunk and its answer to OPTIONS.
type TriedHop struct {
	Transport string  `json:"transport"`
	Address   string  `json:"address"`
	Status    int     `json:"status,omitempty"`
	Reason    string  `json:"reason,omitempty"`
	MS        float64 `json:"ms"`
	Problem   string  `json:"problem,omitempty"`
}

// Works reports whether each trunk that takes the number has an address that
// answers, and there is such a trunk.
func (t TriedNumber) Works() bool {
	works := false
	for _, tr := range t.Trunks {
		if !tr.Takes {
			continue
		}
		if tr.Problem != "" {
			return false
		}
		works = true
	}
	return works
}

// ErrNumber: what was given is not a number.
var ErrNumber = errors.New("not a number that can be called")

// tryTimeout bounds what is asked of the trunks.
const tryTimeout = 25 * time.Second

// TryNumber shows what each trunk would send for a call to this number, and
// asks the trunks by OPTIONS whether they are there. Nobody is called, and
// nothing is registered.
func TryNumber(ctx context.Context, c Config, number string) (t TriedNumber, err error) {
	n, err := phone.Parse(number, c.Rules.Region)
	if err != nil || phone.IsURI(number) {
		return t, fmt.Errorf("%w: give it with its country code, as +12025550123", ErrNumber)
	}
	if len(c.Trunks) == 0 {
		return t, errors.New("there are no trunks; name a configuration that has some with --config")
	}
	stack, stop, err := askTrunks(c)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	target := call.Target{To: n.E164}
	offers, err := stack.Offers(target)
	if err != nil {
		return t, err
	}
	t = TriedNumber{Number: n.E164, Trunks: make([]TriedTrunk, len(offers))}
	var wg sync.WaitGroup
	for i, o := range offers {
		tr := &t.Trunks[i]
		*tr = TriedTrunk{Name: o.Trunk, Takes: o.Err == nil, Priority: o.Priority, Share: o.Share, Registrar: c.registrar(o.Trunk)}
		if o.Err != nil {
			tr.Problem = o.Err.Error()
			continue
		}
		wg.Go(func() { tr.try(ctx, stack, target) })
	}
	wg.Wait()
	return t, nil
}

// try drafts the INVITE and asks the trunk.
func (t *TriedTrunk) try(ctx context.Context, stack *sip.Stack, target call.Target) {
	target.Trunk = t.Name
	draft, err := stack.Draft(ctx, target)
	if err != nil {
		t.Problem = err.Error()
		return
	}
	t.Invite = draft.Text
	hops, err := stack.Probe(ctx, t.Name)
	if err != nil {
		t.Problem = err.Error()
	}
	answered := false
	for _, p := range hops {
		h := TriedHop{Transport: p.Transport, Address: p.Addr.String(), Status: p.Code, Reason: p.Reason, MS: float64(p.RTT.Microseconds()) / 1000}
		if p.Err != nil {
			h.Problem = p.Err.Error()
		}
		answered = answered || p.Err == nil
		t.Hops = append(t.Hops, h)
	}
	if !answered && t.Problem == "" {
		t.Problem = "none of its addresses answers OPTIONS well; check host, port, transport and firewall"
	}
}

// askTrunks runs a line of its own, on a port of the system's choice, that
// neither registers nor probes by itself.
func askTrunks(c Config) (*sip.Stack, func() error, error) {
	listen, err := netip.ParseAddrPort(c.SIP.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("sip.listen: %w", err)
	}
	quiet := c
	quiet.Trunks = nil
	for _, t := range c.Trunks {
		t.Register, t.Probe = RegisterConfig{}, 0
		quiet.Trunks = append(quiet.Trunks, t)
	}
	stack, err := newSIP(quiet, sip.Options{Listen: netip.AddrPortFrom(listen.Addr(), 0), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	h := newHouse()
	h.start(component{"SIP", stack.Run})
	return stack, h.stop, nil
}

// registrar is where a trunk registers, "" for nowhere.
func (c Config) registrar(trunk string) string {
	for _, t := range c.Trunks {
		if t.Name == trunk {
			return t.Register.Registrar
		}
	}
	return ""
}

// trunksAnswer asks every trunk by OPTIONS.
func trunksAnswer(ctx context.Context, c Config) (string, error) {
	if len(c.Trunks) == 0 {
		return "none; only sip: addresses can be called", nil
	}
	stack, stop, err := askTrunks(c)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	found, problems := make([]string, len(c.Trunks)), make([]error, len(c.Trunks))
	var wg sync.WaitGroup
	for i, t := range c.Trunks {
		wg.Go(func() { found[i], problems[i] = trunkAnswers(ctx, stack, t.Name) })
	}
	wg.Wait()
	problem := errors.Join(append(problems, stop())...)
	if problem != nil {
		return "", errors.New(oneLine(problem.Error()))
	}
	return strings.Join(found, ", "), nil
}

// trunkAnswers asks one trunk: it is there when one of its addresses is.
func trunkAnswers(ctx context.Context, stack *sip.Stack, name string) (string, error) {
	all, err := stack.Probe(ctx, name)
	if err != nil {
		return "", fmt.Errorf("trunk %s: %w", name, err)
	}
	for _, p := range all {
		if p.Err == nil {
			return fmt.Sprintf("%s at %s answers %d in %s", name, p.Addr, p.Code, p.RTT.Round(100*time.Microsecond)), nil
		}
		err = fmt.Errorf("trunk %s at %s: %w; check host, port, transport and firewall", name, p.Addr, p.Err)
	}
	return "", err
}

// registerWait bounds how long a single call waits for a registration.
const registerWait = 10 * time.Second

// registered is nil when one of the trunks that a call names ("a,b", or "" for
// all) has the registration that it wants, or wants none.
func registered(stack *sip.Stack, names string) error {
	var missing error
	for _, t := range stack.Trunks() {
		if names != "" && !slices.Contains(strings.Split(strings.ReplaceAll(names, " ", ""), ","), t.Name) {
			continue
		}
		if t.Registration == nil || t.Registration.Stands {
			return nil
		}
		missing = fmt.Errorf("trunk %s: %w", t.Name, sip.ErrNotRegistered)
		if err := t.Registration.Err; err != nil {
			missing = fmt.Errorf("%w: %w", missing, err)
		}
	}
	return missing
}

// statesOf are the trunks as the API shows them.
func statesOf(stack *sip.Stack) []api.Trunk {
	var all []api.Trunk
	for _, t := range stack.Trunks() {
		out := api.Trunk{Name: t.Name, Takes: t.Takes, Breaker: string(t.Breaker), Live: t.Live, Channels: t.Channels, Failures: t.Failures, RestsUntil: t.Rests}
		if r := t.Registration; r != nil {
			out.Registration = &api.TrunkRegistration{Stands: r.Stands, Until: r.Until, Next: r.Next, Problem: problemOf(r.Err)}
		}
		if p := t.Probe; p != nil {
			out.Probe = &api.TrunkProbe{
				At: p.At, Address: p.Addr.String(), Transport: p.Transport, Status: p.Code,
				MS: float64(p.RTT.Microseconds()) / 1000, Problem: problemOf(p.Err),
			}
			if !p.Addr.IsValid() {
				out.Probe.Address = ""
			}
		}
		all = append(all, out)
	}
	return all
}

// oneLine is joined errors as one sentence.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

func problemOf(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error())
}
