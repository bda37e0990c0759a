package call

import (
	"context"
	"time"

	"parley/media"
	"parley/outcome"
	"parley/rules"
)

// Target is whom to call and on whose account.
type Target struct {
	// Call is the identifier of this attempt everywhere: database, journal,
	// recording, logs, and a header of the INVITE.
	Call                               string
	Tenant, Campaign, Contact, Attempt string
	// To is an E.164 number or a SIP URI; From the caller ID to present.
	To, From string
	// Identity is the Identity header that somebody signed for this very call
	// (STIR, RFC 8224), "" for none. Only a trunk that takes it gets it.
	Identity string
	// Trunk names the carrier account; Proxy ("host:port") overrides it. With
	// neither, To must be a SIP URI and is called directly.
	Trunk, Proxy string
	// RingTimeout from the INVITE to the CANCEL; 0 for 45 s.
	RingTimeout time.Duration
	// MaxTalk ends an answered call; 0 for 10 minutes.
	MaxTalk time.Duration
	// Flow names the conversation to hold; Language and Variables are its.
	Flow      string
	Language  string
	Variables map[string]string
	// Inbound: the customer called us. To is still the customer's number, "" when
	// it was withheld, and From ours.
	Inbound bool
	// Zone is the customer's; nil for the server's.
	Zone *time.Location
	// Case is what the rules judge in the moment before the INVITE.
	Case rules.Case
}

// Directions of a call.
const (
	Outbound = "outbound"
	Inbound  = "inbound"
)

// Direction is Outbound or Inbound.
func (t Target) Direction() string {
	if t.Inbound {
		return Inbound
	}
	return Outbound
}

// ProgressKind is a step of a call being set up.
type ProgressKind string

const (
	Ringing    ProgressKind = "ringing"     // 180 or another 18x without a body
	EarlyMedia ProgressKind = "early_media" // 18x with SDP: sound flows before the answer
	Answered   ProgressKind = "answered"    // 200, acknowledged
)

// Progress is told in order; each kind at most once but EarlyMedia.
type Progress struct {
	Kind ProgressKind
	At   time.Time
	SIP  int
	// Leg, with Answered, is what another process needs to end this leg when
	// ours is gone: a text for the dialer that made it, with phone numbers in
	// it. "" when there is nothing to end.
	Leg string
}

// Party is who did something.
type Party string

const (
	PartyBot      Party = "bot"
	PartyCustomer Party = "customer"
	PartyAgent    Party = "agent"
	PartyNetwork  Party = "network"
	PartyOperator Party = "operator"
)

// Cause says how a leg ended.
type Cause struct {
	// Network is the typed result; Answered for any call that was answered.
	Network outcome.Network
	// SIP is the final status code, 0 when none came; Q850 the cause value of
	// a Reason header (RFC 3326), 0 when none was given.
	SIP, Q850 int
	// By is who ended it.
	By Party
	// Trunk that carried it, or was the last to refuse; "" without one.
	Trunk string
	// Rang: a phone rang, or may have: an 18x was seen, or nobody can say.
	Rang bool
	// Retryable: another try at once cannot ring a phone twice.
	Retryable bool
	// Err is what went wrong on our side or the trunk's, with its cause.
	Err error
	// Rules are the rulings of the gate that let the call pass or stopped it.
	Rules []rules.Ruling
}

// MediaStats describe the received and sent sound of a leg.
type MediaStats struct {
	Codec string
	// Packets. Lost never came; Late came after their time and were not heard;
	// Reordered were overtaken by a later one; Duplicates came twice.
	Sent, Received, Lost, Late, Reordered, Duplicates int64
	Loss                                              float64       // share of expected packets, 0 to 1
	Jitter                                            time.Duration // RFC 3550 section 6.4.1
	// MaxGap is the longest time between two packets, Concealed the sound that
	// was invented for what was missing, Delay how long sound was held back.
	MaxGap, Concealed, Delay time.Duration
	// What the far side's reports (RTCP) say of the sound we sent; 0 without
	// reports.
	RemoteLoss              float64
	RemoteJitter, RoundTrip time.Duration
	MOS                     float64 // E-model estimate of what was received, 1 to 4.5
}

// Leg is one party's signalling and sound.
//
// ReadFrame and WriteFrame belong to the beat: they are called by one goroutine
// once a tick, never wait, and are valid from Dial until Done; before media
// flows ReadFrame gives frames flagged Silence and WriteFrame drops. Everything
// else may be called from anywhere.
type Leg interface {
	media.Source
	media.Sink
	// Progress is buffered enough for every step and closed at the end.
	Progress() <-chan Progress
	// Digits are the keys the party pressed, '0'–'9', '*', '#', 'A'–'D'. A
	// reader that does not keep up loses keys, never blocks the leg.
	Digits() <-chan rune
	// Hangup ends the leg: CANCEL before the answer, BYE after. It may be
	// called twice; it waits for the far side's reply or ctx, and the leg is
	// ended in any case.
	Hangup(ctx context.Context) error
	// Done is closed after the last signalling message.
	Done() <-chan struct{}
	// Ended is the cause; valid once Done is closed.
	Ended() Cause
	// Media may be asked at any time, most usefully after Done.
	Media() MediaStats
}

// Holder is a Leg whose call can rest for a while, by either side's wish.
type Holder interface {
	// Hold asks the far side to listen to us only, Resume ends that. Both wait
	// for its answer or ctx; after an error the session is what it was.
	Hold(ctx context.Context) error
	Resume(ctx context.Context) error
	// Held tells when the far side puts us on hold (true) and takes us back.
	// Only the newest is kept for a reader that is late. It is never closed.
	Held() <-chan bool
}

// Referrer is a Leg whose party can be handed on to somebody else.
type Referrer interface {
	// Transfer asks the far side to call to, a number or a SIP URI, and waits
	// until it reached somebody there, refused, or ctx ends. With another
	// answered leg of the same dialer, to is not used and that leg's party is
	// the one reached (attended). After nil the leg ends by itself; after an
	// error the call goes on as it was.
	Transfer(ctx context.Context, to string, with Leg) error
}

// Dialer places calls. There is one in a running server and it is gated: it
// asks the rules in the moment before the INVITE.
type Dialer interface {
	// Dial returns at once; everything else, a refusal by the rules included,
	// is told through the leg. ctx bounds the set-up, not the call.
	Dial(ctx context.Context, t Target) Leg
}

// Acceptor receives inbound calls.
type Acceptor interface {
	// Accept waits for the next inbound leg; it is ringing and is answered by
	// the first WriteFrame.
	Accept(ctx context.Context) (Leg, Target, error)
}
