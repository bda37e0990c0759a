package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"parley/api"
	"parley/asr"
	"parley/call"
	"parley/campaign"
	"parley/dialog"
	"parley/ladder"
	"parley/media/beat"
	"parley/media/silero"
	"parley/phone"
	"parley/record"
	"parley/rules"
	"parley/sip"
	"parley/tts"
)

// placer places calls and knows those under way. It is the campaign runner's
// Placer and the API's Line.
type placer struct {
	dialer     call.Dialer
	beat       beat.Beat
	recognizer asr.Recognizer
	voices     tts.Prompter
	speaks     func(tts.Voice) error
	prompts    warmer
	models     *silero.Seats
	recorders  call.Recorders
	facts      call.Facts
	flows      *flowShelf
	transfers  []TransferConfig
	region     string
	tests      []string
	log        *slog.Logger
	watch      func(call.Target, call.Moment)
	seen       *sight
	books      books
	callers    *campaign.Callers
	kernel     *rules.Kernel
	recordings *record.Store

	mu     sync.Mutex
	live   map[string]*liveCall
	warmed map[string]bool // flows whose prompts are, or are being, synthesised
	closed bool
	wg     sync.WaitGroup
	slots  chan struct{}
}

// warmer synthesises what is the same in every call.
type warmer interface {
	Warm(ctx context.Context, v tts.Voice, texts []string) error
}

// liveCall is a call under way.
type liveCall struct {
	session          *call.Session
	tenant, campaign string
	profile          string // of its rules
}

var (
	_ campaign.Placer = (*placer)(nil)
	_ api.Line        = (*placer)(nil)
)

var errDraining = campaign.Conflict{Why: "the server is shutting down and places no more calls"}

// Free implements campaign.Placer.
func (l *placer) Free() int { return cap(l.slots) - len(l.slots) }

// Prepare implements campaign.Placer.
func (l *placer) Prepare(ctx context.Context, t call.Target) (campaign.Prepared, error) {
	p, err := l.prepare(ctx, t)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (l *placer) prepare(ctx context.Context, t call.Target) (*prepared, error) {
	return l.prepareOver(ctx, l.dialer, t)
}

// prepareOver takes what a call over this dialer needs.
func (l *placer) prepareOver(ctx context.Context, d call.Dialer, t call.Target) (*prepared, error) {
	policy, err := l.policy(t)
	if err != nil {
		return nil, err
	}
	select {
	case l.slots <- struct{}{}:
	default:
		return nil, campaign.ErrFull
	}
	p := &prepared{placer: l, session: l.session(d, t, policy)}
	if err := p.session.Prepare(ctx, t); err != nil {
		p.Release()
		return nil, err
	}
	l.warm(t.Flow, policy)
	return p, nil
}

// policy is the conversation of a call that can be held here.
func (l *placer) policy(t call.Target) (dialog.Policy, error) {
	policy, err := l.flows.policy(t.Flow)
	if err != nil {
		return nil, campaign.Invalid{Why: err.Error()}
	}
	if err := l.speaks(policy.Voice()); err != nil {
		return nil, campaign.Conflict{Why: err.Error()}
	}
	if _, err := policy.Open(t.Language, t.Variables); err != nil {
		return nil, campaign.Invalid{Why: strings.ReplaceAll(err.Error(), "\n", "; ")} // one a variable
	}
	return policy, nil
}

// prepared is a call with its line and its recogniser taken.
type prepared struct {
	placer  *placer
	session *call.Session
	once    sync.Once
	// giveBack frees the caller ID of a single call; nil in a campaign.
	giveBack func()
}

// Place implements campaign.Prepared.
func (p *prepared) Place(ctx context.Context, t call.Target) (call.Report, error) {
	defer p.Release()
	if !p.placer.enter(t, p.session) {
		return call.Report{}, errDraining
	}
	defer p.placer.leave(t)
	return p.placer.run(ctx, t, p.session)
}

// run is one call under way, from its INVITE to its report.
func (l *placer) run(ctx context.Context, t call.Target, s *call.Session) (call.Report, error) {
	report, err := s.Run(ctx, t)
	l.seen.ended(t, &report)
	return report, err
}

// Release implements campaign.Prepared.
func (p *prepared) Release() {
	p.once.Do(func() {
		p.session.Release()
		<-p.placer.slots
		if p.giveBack != nil {
			p.giveBack()
		}
	})
}

// Warm implements campaign.Placer.
func (l *placer) Warm(name string) {
	if policy, err := l.flows.policy(name); err == nil && l.speaks(policy.Voice()) == nil {
		l.warm(name, policy) // what is wrong with the flow is said for each call
	}
}

// warm synthesises a flow's fixed prompts, once.
func (l *placer) warm(name string, p dialog.Policy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.warmed[name] || l.closed {
		return
	}
	l.warmed[name] = true
	l.wg.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.prompts.Warm(ctx, p.Voice(), p.Fixed()); err != nil {
			l.log.Warn("fixed prompts could not be synthesised beforehand", "flow", name, "error", err)
		}
	})
}

func (l *placer) session(d call.Dialer, t call.Target, policy dialog.Policy) *call.Session {
	parts := call.Parts{
		Dialer: d, Beat: l.beat, Recognizer: l.recognizer, Speaker: l.voices,
		Policy: policy, Recorders: l.recorders, Facts: l.facts, Transfers: l.reach, Models: l.models, Log: l.log,
	}
	if t.Inbound && t.To == "" && l.facts != nil {
		parts.Facts = unkept{l.facts}
	}
	parts.Watch = func(m call.Moment) {
		l.seen.moment(t, m)
		if l.watch != nil {
			l.watch(t, m)
		}
	}
	return call.New(parts)
}

func (l *placer) enter(t call.Target, s *call.Session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.live[t.Call] = &liveCall{session: s, tenant: t.Tenant, campaign: t.Campaign, profile: t.Case.Profile}
	l.seen.begin(t)
	l.wg.Add(1)
	return true
}

func (l *placer) leave(t call.Target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.live, t.Call)
	l.seen.end(t)
	l.wg.Done()
}

// Hangup implements api.Line.
func (l *placer) Hangup(tenant, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.live[id]
	if c == nil || c.tenant != tenant {
		return campaign.NotFound{What: "live call"}
	}
	c.session.Hangup(call.PartyOperator)
	return nil
}

// HangupCampaign implements api.Line.
func (l *placer) HangupCampaign(tenant, id string) int {
	return l.hangup(func(c *liveCall) bool { return c.tenant == tenant && (id == "" || c.campaign == id) })
}

func (l *placer) hangup(which func(*liveCall) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, c := range l.live {
		if which(c) {
			c.session.Hangup(call.PartyOperator)
			n++
		}
	}
	return n
}

// Live implements api.Line.
func (l *placer) Live(tenant, id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, c := range l.live {
		if c.tenant == tenant && (id == "" || c.campaign == id) {
			n++
		}
	}
	return n
}

// Ladder implements api.Line.
func (l *placer) Ladder(tenant, id string) (ladder.Ladder, bool) {
	l.mu.Lock()
	c := l.live[id]
	l.mu.Unlock()
	if c == nil || c.tenant != tenant || l.seen == nil {
		return ladder.Ladder{}, false
	}
	kept := l.seen.ladders.kept(id)
	if kept == nil { // it has just ended
		return ladder.Ladder{}, false
	}
	return *kept, true
}

// count is the number of calls under way.
func (l *placer) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.live)
}

// drain takes no more calls and waits for those under way; what lasts longer
// than the limit is hung up, which it reports.
func (l *placer) drain(limit time.Duration) (hung bool) {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	done := make(chan struct{})
	go func() { l.wg.Wait(); close(done) }()
	select {
	case <-done:
		return false
	case <-time.After(limit):
	}
	n := l.hangup(func(*liveCall) bool { return true })
	<-done
	return n > 0
}

// books are the durable writes of a call outside any campaign.
type books interface {
	Case(ctx context.Context, c campaign.Campaign, p campaign.Contact) (rules.Case, error)
	BeginCall(ctx context.Context, t call.Target, ruled []rules.Ruling) (time.Time, error)
	SettleCall(ctx context.Context, t call.Target, r call.Report) error
	OpenMatter(ctx context.Context, tenant, phone string) (campaign.Campaign, campaign.Contact, error)
	BeginInbound(ctx context.Context, t call.Target) error
	SettleInbound(ctx context.Context, t call.Target, r call.Report) error
}

// PlaceOne implements api.Line: one call outside any campaign, by the same
// rules and with the same durable writes as any other.
func (l *placer) PlaceOne(ctx context.Context, tenant string, r api.CallRequest) (string, error) {
	t, err := l.target(ctx, tenant, r)
	if err != nil {
		return "", err
	}
	if _, err := l.policy(t); err != nil {
		return "", err
	}
	ruled := l.kernel.Judge(t.Case, time.Now())
	if decision, until, why := rules.Decide(ruled); decision != rules.Allow {
		if !until.IsZero() {
			why += " (until " + until.Format(time.RFC3339) + ")"
		}
		return "", campaign.Conflict{Why: "this number may not be called now: " + why}
	}
	var giveBack func()
	if t.From, giveBack, err = l.present(ctx, tenant, t.From, campaign.Callee{Contact: t.To, Phone: t.To}); err != nil {
		return "", err
	}
	p, err := l.prepare(ctx, t)
	if err != nil {
		giveBack()
		return "", err
	}
	p.giveBack = giveBack
	if !l.enter(t, p.session) {
		p.Release()
		return "", errDraining
	}
	if t.Case.Begun, err = l.books.BeginCall(ctx, t, ruled); err != nil {
		l.leave(t)
		p.Release()
		if errors.Is(err, campaign.ErrRefused) {
			return "", campaign.Conflict{Why: "this number is being called, or its owner asked not to be"}
		}
		return "", err
	}
	go l.hold(context.WithoutCancel(ctx), t, p)
	return t.Call, nil
}

// hold runs a call outside any campaign to its end and keeps its report.
func (l *placer) hold(ctx context.Context, t call.Target, p *prepared) {
	defer l.leave(t)
	defer p.Release()
	report, err := l.run(ctx, t, p.session)
	if err != nil {
		l.log.Warn("a single call could not be placed", "tenant", t.Tenant, "call", t.Call, "error", err)
	}
	settle := l.books.SettleCall
	if t.Inbound {
		settle = l.books.SettleInbound
	}
	campaign.Persist(ctx, l.log.With("tenant", t.Tenant, "call", t.Call), func(ctx context.Context) error { return settle(ctx, t, report) })
}

// target reads a request for one call.
func (l *placer) target(ctx context.Context, tenant string, r api.CallRequest) (call.Target, error) {
	to := r.To
	if !phone.IsURI(to) {
		n, err := phone.Parse(to, l.region)
		if err != nil {
			return call.Target{}, campaign.Invalid{Why: fmt.Sprintf("to: %v", err)}
		}
		to = n.E164
	}
	from, err := l.callerID(r.From)
	if err != nil {
		return call.Target{}, err
	}
	if r.Identity != "" {
		if err := sip.CheckIdentity(r.Identity); err != nil {
			return call.Target{}, campaign.Invalid{Why: err.Error()}
		}
	}
	t := call.Target{
		Call: newID(), Tenant: tenant, To: to, From: from, Identity: r.Identity, Trunk: r.Trunk, Flow: r.Flow,
		Language: r.Language, Variables: r.Variables,
	}
	contact := campaign.Contact{Tenant: tenant, Phone: to, RawPhone: r.To, Country: l.region, Timezone: r.Timezone}
	if r.ConsentKind != "" {
		contact.Consent = &rules.Consent{Kind: r.ConsentKind, Evidence: r.ConsentEvidence}
	}
	t.Case, err = l.books.Case(ctx, campaign.Campaign{Tenant: tenant, Profile: r.Profile, AllowList: l.tests}, contact)
	if err != nil {
		return t, err
	}
	t.Attempt = t.Call
	if r.Timezone != "" {
		zone, err := time.LoadLocation(r.Timezone)
		if err != nil {
			return t, campaign.Invalid{Why: fmt.Sprintf("timezone: there is no zone %q; use an IANA name such as Asia/Shanghai", r.Timezone)}
		}
		t.Zone = zone
	}
	if t.Variables == nil {
		t.Variables = map[string]string{}
	}
	return t, nil
}

// callerID reads the caller ID of one call; "" leaves it to the trunk.
func (l *placer) callerID(from string) (string, error) {
	if from == "" || from == sip.Anonymous {
		return from, nil
	}
	n, err := phone.Parse(from, l.region)
	if err == nil {
		err = campaign.CheckCallerID(n.E164)
	}
	if err != nil {
		return "", campaign.Invalid{Why: fmt.Sprintf("from: %v", err)}
	}
	return n.E164, nil
}

// newID is a UUID of version 7: unique, and sorted by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// OpenRecording implements api.Line.
func (l *placer) OpenRecording(key string) (api.Recording, error) {
	f, err := l.recordings.File(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, campaign.NotFound{What: "recording"}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return recording{f, info.ModTime()}, nil
}

// recording is an open file that knows its age.
type recording struct {
	*os.File
	modified time.Time
}

// ModTime implements api.Recording.
func (r recording) ModTime() time.Time { return r.modified }
