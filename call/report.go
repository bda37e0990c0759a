package call

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"parley/dialog"
	"parley/ladder"
	"parley/outcome"
	"parley/rates"
	"parley/rules"
	"parley/spoken"
)

// Report is everything a finished call leaves behind. Its JSON is part of the
// outer contract; times are RFC 3339, offsets are milliseconds from the answer.
type Report struct {
	ID string `json:"id"`
	// Direction is "outbound", or "inbound" when the customer called us. To is the
	// customer's number and From ours in either case.
	Direction string          `json:"direction"`
	Campaign  string          `json:"campaign,omitempty"`
	Contact   string          `json:"contact,omitempty"`
	Attempt   string          `json:"attempt,omitempty"`
	To        string          `json:"to"`
	From      string          `json:"from,omitempty"`
	Trunk     string          `json:"trunk,omitempty"`
	Language  string          `json:"language,omitempty"`
	Started   time.Time       `json:"started"`
	Ringing   time.Time       `json:"ringing,omitzero"`
	Answered  time.Time       `json:"answered,omitzero"`
	Ended     time.Time       `json:"ended"`
	TalkMS    int64           `json:"talk_ms"`
	HangupBy  Party           `json:"hangup_by,omitempty"`
	Network   outcome.Network `json:"network"`
	SIP       int             `json:"sip,omitempty"`
	Q850      int             `json:"q850,omitempty"`
	// Announcement is the class of what the carrier said, when it said something.
	Announcement string              `json:"announcement,omitempty"`
	AnsweredBy   outcome.AnsweredBy  `json:"answered_by,omitempty"`
	Disposition  outcome.Disposition `json:"disposition,omitempty"`
	Promise      *Promise            `json:"promise,omitempty"`
	Callback     time.Time           `json:"callback,omitzero"`
	Slots        map[string]any      `json:"slots,omitempty"`
	Intents      []string            `json:"intents,omitempty"`
	Emotion      *Emotion            `json:"emotion,omitempty"`
	Turns        []Turn              `json:"turns,omitempty"`
	BargeIns     int                 `json:"barge_ins"`
	Overlaps     []Overlap           `json:"overlaps,omitempty"`
	Latency      Latency             `json:"latency_ms"`
	Media        *MediaReport        `json:"media,omitempty"`
	Disclosures  []Disclosure        `json:"disclosures,omitempty"`
	// Cost is what the trunk's rate table makes of an answered call, or
	// CostUnknown why there is none. Who settles the call writes them.
	Cost        *rates.Cost `json:"cost,omitempty"`
	CostUnknown string      `json:"cost_unknown,omitempty"`
	// Recording is a key in the recording store.
	Recording string         `json:"recording,omitempty"`
	Rules     []rules.Ruling `json:"rules,omitempty"`
	// Problem says in one sentence what went wrong, when something did.
	Problem string `json:"problem,omitempty"`
	// Rang and Retryable are the leg's word on whether a phone rang.
	Rang      bool `json:"rang"`
	Retryable bool `json:"-"`
	// Ladder is the call's signalling; it is kept beside the report.
	Ladder *ladder.Ladder `json:"-"`
	// Clock is the wall clock at the offsets' zero.
	Clock time.Time `json:"-"`
}

// Turn is one stretch of speech in the transcript.
type Turn struct {
	By         Party   `json:"by"`
	FromMS     int64   `json:"from_ms"`
	ToMS       int64   `json:"to_ms"`
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence,omitempty"`
	Intent     string  `json:"intent,omitempty"`
	Emotion    string  `json:"emotion,omitempty"`
	// Voice is what the sound of the turn tells of the mood.
	Voice *Voice `json:"voice,omitempty"`
	// BargedIn: the customer stopped the bot with this turn, or this turn of
	// the bot was stopped.
	BargedIn bool `json:"barged_in,omitempty"`
	// HeardText is what of a stopped prompt reached the customer.
	HeardText string `json:"heard_text,omitempty"`
	// Filler: it only broke the silence while the answer was not ready.
	Filler bool `json:"filler,omitempty"`
	// Timing says what the customer waited for, where this turn of the bot
	// answers one of theirs.
	Timing *Timing `json:"timing,omitempty"`
	Keys   string  `json:"keys,omitempty"`
	Node   string  `json:"node,omitempty"`
}

// Promise is a promise to pay as it is reported.
type Promise struct {
	Date     string `json:"date,omitempty"` // YYYY-MM-DD
	Amount   *Money `json:"amount,omitempty"`
	Method   string `json:"method,omitempty"`
	ReadBack bool   `json:"read_back"`
}

// Money is an amount as it is reported: the value in decimal notation.
type Money struct {
	Value    json.Number `json:"value"`
	Currency string      `json:"currency,omitempty"`
}

// Emotion sums the customer's mood up: the strongest anger in the words, and
// whether it rose or fell over the call.
type Emotion struct {
	Peak  float64 `json:"peak"`
	Trend float64 `json:"trend"`
	// Voice is the same from the sound; nil when no turn had voice enough.
	Voice *VoiceTrend `json:"voice,omitempty"`
}

// Voice is how aroused and how angry a turn sounds, 0 to 1, against the same
// customer's first turns. Under a confidence of 0.3 it says little.
type Voice struct {
	Arousal    float64 `json:"arousal"`
	Anger      float64 `json:"anger"`
	Confidence float64 `json:"confidence"`
}

// VoiceTrend is the strongest anger in the sound, shrunk by its confidence, and
// the arousal of the later half of the turns less that of the earlier one.
type VoiceTrend struct {
	Peak  float64 `json:"peak"`
	Trend float64 `json:"trend"`
}

// Latency holds milliseconds; zero when there was nothing to measure.
type Latency struct {
	FirstAudio   int64 `json:"first_audio"`
	ResponseP50  int64 `json:"response_p50"`
	ResponseP95  int64 `json:"response_p95"`
	BargeStopP50 int64 `json:"barge_stop_p50"`
}

// MediaReport is MediaStats as it is reported: of the received sound, but for
// the packets sent and what the far side's reports say of them.
type MediaReport struct {
	Codec      string  `json:"codec"`
	Sent       int64   `json:"packets_sent"`
	Received   int64   `json:"packets_received"`
	Lost       int64   `json:"packets_lost"`
	Late       int64   `json:"packets_late"`
	Reordered  int64   `json:"packets_reordered"`
	Duplicates int64   `json:"packets_duplicate"`
	Loss       float64 `json:"loss"`
	JitterMS   float64 `json:"jitter_ms"`
	MaxGapMS   float64 `json:"max_gap_ms"`
	// ConcealedMS is the sound invented for what was missing, DelayMS how long
	// the jitter buffer held sound back at the end.
	ConcealedMS float64 `json:"concealed_ms"`
	DelayMS     float64 `json:"delay_ms"`
	MOS         float64 `json:"mos"`
	// The far side's word on what we sent; absent when it sent no reports.
	RoundTripMS    float64 `json:"round_trip_ms,omitempty"`
	RemoteLoss     float64 `json:"remote_loss,omitempty"`
	RemoteJitterMS float64 `json:"remote_jitter_ms,omitempty"`
}

// Disclosure says when a required text was spoken.
type Disclosure struct {
	Name     string `json:"name"`
	OffsetMS int64  `json:"offset_ms"`
	// Complete: the customer could hear all of it.
	Complete bool `json:"complete"`
}

func reportPromise(p *dialog.Promise) *Promise {
	if p == nil {
		return nil
	}
	r := &Promise{Method: p.Method, ReadBack: p.ReadBack}
	if !p.Date.IsZero() {
		r.Date = p.Date.Format(time.DateOnly)
	}
	if p.Amount != (spoken.Money{}) {
		r.Amount = &Money{
			Value:    json.Number(fmt.Sprintf("%d.%02d", p.Amount.Minor/100, p.Amount.Minor%100)),
			Currency: p.Amount.Currency,
		}
	}
	return r
}

func reportMedia(m MediaStats) *MediaReport {
	if m.Codec == "" {
		return nil
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return &MediaReport{
		Codec: m.Codec, Sent: m.Sent, Received: m.Received, Lost: m.Lost, Late: m.Late, Reordered: m.Reordered,
		Duplicates: m.Duplicates, Loss: m.Loss, JitterMS: ms(m.Jitter), MaxGapMS: ms(m.MaxGap), ConcealedMS: ms(m.Concealed),
		DelayMS: ms(m.Delay), MOS: m.MOS, RoundTripMS: ms(m.RoundTrip), RemoteLoss: m.RemoteLoss, RemoteJitterMS: ms(m.RemoteJitter),
	}
}

// percentile is the nearest-rank percentile of unsorted values, in milliseconds.
func percentile(values []time.Duration, share float64) int64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[max(rank, 0)].Milliseconds()
}
