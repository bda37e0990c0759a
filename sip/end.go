package sip

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// kept is the state of a dialog (RFC 3261 section 12) as a text, so that
// another process can end a leg whose own is gone.
type kept struct {
	CallID    string         `json:"call_id"`
	LocalTag  string         `json:"local_tag"`
	RemoteTag string         `json:"remote_tag"`
	From      string         `json:"from"`
	To        string         `json:"to"`
	Target    string         `json:"target"`
	Routes    []string       `json:"routes,omitempty"`
	CSeq      uint32         `json:"cseq"`
	Peer      netip.AddrPort `json:"peer"`
	// Via is the transport of Peer, and Name whom its certificate must name.
	Via  string `json:"via,omitempty"`
	Name string `json:"name,omitempty"`
	// Trunk whose credentials answer a challenge; "" for none.
	Trunk string `json:"trunk,omitempty"`
	// Realm is dialog.realm.
	Realm string `json:"realm,omitempty"`
}

// keep writes down what ends this leg.
func (l *leg) keep() string {
	d := l.dlg
	k := kept{
		CallID: d.callID, LocalTag: d.localTag, RemoteTag: d.remoteTag,
		From: d.from.String(), To: d.to.String(), Target: d.target.String(), CSeq: d.cseq, Peer: d.peer.addr,
		Name: d.peer.name, Realm: d.realm,
	}
	for _, r := range d.routes {
		k.Routes = append(k.Routes, r.String())
	}
	if d.peer.via != udp {
		k.Via = d.peer.via.param()
	}
	if l.path.account != nil {
		k.Trunk = l.path.account.Name
	}
	text, err := json.Marshal(k)
	if err != nil {
		l.log.Error("the state of a leg cannot be kept, a crash would leave it up", "error", err)
		return ""
	}
	return string(text)
}

// revive reads what keep wrote.
func (s *Stack) revive(text string) (*dialog, *account, error) {
	var k kept
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, nil, errKept
	}
	account := s.trunks[k.Trunk]
	via, err := transportOf(k.Via)
	if err != nil {
		return nil, nil, errKept
	}
	peer := hop{via: via, addr: k.Peer, name: k.Name, account: account}
	d := &dialog{
		callID: k.CallID, localTag: k.LocalTag, remoteTag: k.RemoteTag, peer: peer, realm: k.Realm,
		local: s.addressTowards(peer), agent: s.agent,
		// The last run may have sent a BYE itself, and once more with
		// credentials; a gap is no error (RFC 3261 section 12.2.2).
		cseq: k.CSeq + 2, routes: make([]sip.Uri, len(k.Routes)),
	}
	texts, uris := []string{k.From, k.To, k.Target}, []*sip.Uri{&d.from, &d.to, &d.target}
	for i, r := range k.Routes {
		texts, uris = append(texts, r), append(uris, &d.routes[i])
	}
	for i, text := range texts {
		if sip.ParseUri(text, uris[i]) != nil {
			return nil, nil, errKept // the value may be a phone number and stays out
		}
	}
	return d, account, nil
}

// errKept: the text is not one of ours.
var errKept = fmt.Errorf("%w: the kept state of the leg cannot be read", ErrTarget)

// End sends the BYE of a leg that another process left up, as its
// call.Progress gave it, and waits for the reply or ctx, at most 64·T1. A far
// side that knows nothing of the call is no error. Run must be reading.
func (s *Stack) End(ctx context.Context, leg string) error {
	d, account, err := s.revive(leg)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	if !s.byeOnce(d) {
		return nil // its 200 came again meanwhile, and was ended
	}
	return s.goodbye(ctx, d, account)
}
