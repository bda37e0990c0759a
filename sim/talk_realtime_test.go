//go:build !race

package sim

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"

	"parley/asr/pocketsphinx"
	"parley/media"
	"parley/media/beat"
	"parley/media/line"
	"parley/sharedtest"
	"parley/tts"
	"parley/tts/cache"
	"parley/tts/espeak"
	"parley/tts/flite"
	"parley/worker"
)

// speech is what a talking carrier needs, or the test is skipped.
func speech(t *testing.T) Options {
	t.Helper()
	dir := sharedtest.Path(t, "models", "pocketsphinx")
	f, err := flite.New(tts.Program{})
	if err != nil {
		sharedtest.Missing(t, "%v", err)
	}
	e, err := espeak.New(tts.Program{})
	if err != nil {
		sharedtest.Missing(t, "%v", err)
	}
	r, err := pocketsphinx.New(pocketsphinx.Options{Models: dir, Worker: worker.Options{Workers: 1}})
	if err != nil {
		sharedtest.Missing(t, "%v", err)
	}
	wheel := beat.New(beat.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	wg.Go(func() { wheel.Run(ctx) })
	voices := cache.New(cache.Options{Engines: map[string]tts.Synthesizer{"flite": f, "espeak-ng": e}})
	t.Cleanup(func() { voices.Wait(); cancel(); wg.Wait() })
	ports, err := line.NewPorts(47000, 47199)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), Recognizer: r, Synthesizer: voices, Beat: wheel, Ports: ports}
}

// bot is the other side: a caller whose lines are played one after another.
type bot struct {
	t     *testing.T
	o     Options
	u     *uac
	line  *line.Line
	mouth chan media.Source
	said  chan struct{}
	heard chan time.Duration // how long the customer talked, after each talk

	now    media.Source
	voiced time.Duration
	quiet  time.Duration
}

func ring(t *testing.T, c *Carrier, o Options, number string) *bot {
	t.Helper()
	b := &bot{t: t, o: o, u: newUAC(t, c, number),
		mouth: make(chan media.Source, 1), said: make(chan struct{}, 8), heard: make(chan time.Duration, 64)}
	b.open()
	b.u.send("INVITE", "1", "", b.offer())
	res, _ := b.u.final(sip.INVITE)
	b.u.ack(res.StatusCode)
	if res.StatusCode != sip.StatusOK {
		t.Fatalf("the customer answers with %d", res.StatusCode)
	}
	b.negotiate(res)
	return b
}

func (b *bot) open() {
	b.t.Helper()
	l, err := line.Open(line.Options{Local: netip.MustParseAddr("127.0.0.1"), Ports: b.o.Ports})
	if err != nil {
		b.t.Fatal(err)
	}
	b.line = l
}

func (b *bot) offer() string {
	return strings.ReplaceAll(offerPCMU, "40000", strconv.Itoa(int(b.line.Local().Port())))
}

func (b *bot) negotiate(res *sip.Response) {
	b.t.Helper()
	r, err := accept(res.Body())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.line.Negotiate(r); err != nil {
		b.t.Fatal(err)
	}
	leave := b.o.Beat.Join(b.tick)
	b.t.Cleanup(func() { leave(); b.line.Close() })
}

func (b *bot) tick(beat.Tick) {
	var f media.Frame
	if b.line.ReadFrame(&f) == nil {
		switch {
		case f.Is(media.Voiced):
			b.voiced += media.Tick
			b.quiet = 0
		case b.voiced > 0:
			if b.quiet += media.Tick; b.quiet > 700*time.Millisecond {
				if b.voiced > 100*time.Millisecond {
					select {
					case b.heard <- b.voiced:
					default:
					}
				}
				b.voiced = 0
			}
		}
	}
	if b.now == nil {
		select {
		case b.now = <-b.mouth:
		default:
		}
	}
	out := media.Frame{Rate: media.Rate8k, PCM: make([]int16, 160), Flags: media.Silence}
	if b.now != nil {
		err := b.now.ReadFrame(&f)
		switch {
		case err == nil:
			out = f
		case !errors.Is(err, media.ErrNotReady):
			b.now = nil
			b.said <- struct{}{}
		}
	}
	b.line.WriteFrame(out)
}

// say speaks a line and waits until it was played.
func (b *bot) say(voice tts.Voice, text string) {
	b.t.Helper()
	s, err := b.o.Synthesizer.Speak(b.t.Context(), voice, tts.Text(text))
	if err != nil {
		b.t.Fatal(err)
	}
	b.mouth <- s
	select {
	case <-b.said:
	case <-time.After(30 * time.Second):
		b.t.Fatal("the line was not played")
	}
}

// listen waits until the customer has talked.
func (b *bot) listen(within time.Duration) bool {
	select {
	case <-b.heard:
		return true
	case <-time.After(within):
		return false
	}
}

var botVoice = tts.Voice{Engine: "flite", Name: "slt", Language: "en"}

// TestConversation talks with a persona over real RTP: it hears with its own
// ears, is not understood at first, presses keys and hangs up.
func TestConversation(t *testing.T) {
	o := speech(t)
	p, err := Parse("x.yaml", []byte(`
persona: talks
number: "+12025550100"
language: en
answers: {says: hello}
voice: {engine: flite, name: rms}
noise: {kind: line, snr: 30dB}
variables: {name: Lee}
lines:
  - hears: speak with lee
    says: [what a lovely day, yes speaking]
  - hears: four digits
    keys: "04"
  - during: attempt to collect a debt
    hangs_up: true
`))
	if err != nil {
		t.Fatal(err)
	}
	p.ears = []string{"this call is recorded", "may i speak with {name}", "sorry i did not get that",
		"what are the last four digits of your account", "this is an attempt to collect a debt [and what you say will be used for that]"}
	o.Personas = []Persona{p}
	c, _, ended := carrier(t, o)
	b := ring(t, c, o, p.Number)
	if !b.listen(5 * time.Second) {
		t.Fatal("the customer does not say hello")
	}
	for _, prompts := range [][]string{
		{"This call is recorded.", "May I speak with Lee?"}, // without a pause between them
		{"Sorry, I did not get that. May I speak with Lee?"},
	} {
		for _, text := range prompts {
			b.say(botVoice, text)
		}
		if !b.listen(8 * time.Second) {
			t.Errorf("no answer to %q", prompts)
		}
	}
	b.say(botVoice, "What are the last four digits of your account?")
	for _, want := range "04" {
		select {
		case got := <-b.line.Digits():
			if got != want {
				t.Errorf("the key %c came, want %c", got, want)
			}
		case <-time.After(8 * time.Second):
			t.Fatal("no keys were pressed")
		}
	}
	b.say(botVoice, "This is an attempt to collect a debt, and what you say will be used for that.")
	b.u.request(sip.BYE)
	e := wait(t, ended)
	if e.By != "carrier" || e.Code != 200 {
		t.Errorf("the end is %+v", e)
	}
	var customer []string
	for _, s := range e.Talked {
		t.Logf("%-8s %s", s.By, s.Text)
		if s.By == "customer" {
			customer = append(customer, s.Text)
		}
	}
	want := []string{"hello", "what a lovely day", "yes speaking", "keys 04"}
	if diff := cmp.Diff(want, customer); diff != "" {
		t.Errorf("the customer's part (-want +got):\n%s", diff)
	}
}

// TestVoicemailGreetsAndBeeps: the machine talks, beeps and records in silence.
func TestVoicemailGreetsAndBeeps(t *testing.T) {
	o := speech(t)
	p := silent(Voicemail, 0)
	p.Answers.Says, p.Answers.Talk = "Please leave a message after the tone.", 6*time.Second
	o.Personas = []Persona{p}
	c, _, ended := carrier(t, o)
	b := ring(t, c, o, p.Number)
	if !b.listen(8 * time.Second) {
		t.Error("no greeting and no beep came")
	}
	b.u.request(sip.BYE)
	if e := wait(t, ended); len(e.Talked) != 1 || e.By != "carrier" {
		t.Errorf("the end is %+v", e)
	}
}

// TestAnnouncementIsEarlyMedia: the network talks before it refuses the call.
func TestAnnouncementIsEarlyMedia(t *testing.T) {
	o := speech(t)
	p := silent(Announced, 0)
	p.Answers.Says = "The number you have dialed is switched off."
	o.Personas = []Persona{p}
	c, l, ended := carrier(t, o)
	b := &bot{t: t, o: o, u: newUAC(t, c, p.Number), mouth: make(chan media.Source, 1), heard: make(chan time.Duration, 64)}
	b.open()
	b.u.send("INVITE", "1", "", b.offer())
	for {
		msg, ok := b.u.read(8 * time.Second)
		if !ok {
			t.Fatal("no early media was offered")
		}
		if res, ok := msg.(*sip.Response); ok && res.StatusCode == sip.StatusSessionInProgress {
			b.negotiate(res)
			break
		}
	}
	if !b.listen(8 * time.Second) {
		t.Error("nothing was announced")
	}
	res, _ := b.u.final(sip.INVITE)
	b.u.ack(res.StatusCode)
	if res.StatusCode != sip.StatusTemporarilyUnavailable {
		t.Errorf("the call is refused with %d", res.StatusCode)
	}
	wait(t, ended)
	if got := l.events(t); got != "invite early_media refuse end" {
		t.Errorf("the log has %s", got)
	}
}
