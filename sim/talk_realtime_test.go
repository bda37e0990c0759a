//go:build !race

package sim

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"parley/asr/pocketsphinx"
	"parley/media"
	"parley/media/beat"
	"parley/media/line"
	"parley/tts"
	"parley/tts/cache"
	"parley/tts/espeak"
	"parley/tts/flite"
	"parley/worker"
)

// speech is what a talking carrier needs, or the test is skipped.
func speech(t *testing.T) Options {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") == "true" {
		skip = t.Fatalf
	}
	dir := os.Getenv("SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	dir = filepath.Join(dir, "models", "pocketsphinx")
	if _, err := os.Stat(dir); err != nil {
		skip("the recogniser's models are not here: %v", err)
	}
	f, err := flite.New(tts.Program{})
	if err != nil {
		skip("%v", err)
	}
	e, err := espeak.New(tts.Program{})
	if err != nil {
		skip("%v", err)
	}
	r, err := pocketsphinx.New(pocketsphinx.Options{Models: dir, Worker: worker.Options{Workers: 1}})
	if err != nil {
		skip("%v", err)
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
	l, err := line.Open(line.Options{Local: netip.MustParseAddr("127.0.0.1"), Ports: o.Ports})
	if err != nil {
		t.Fatal(err)
	}
	b := &bot{t: t, o: o, u: newUAC(t, c, number), line: l,
		mouth: make(chan media.Source, 1), said: make(chan struct{}, 8), heard: make(chan time.Duration, 64)}
	port := strings.Split(l.Local().String(), ":")[1]
	b.u.send("INVITE", "1", "", strings.ReplaceAll(offerPCMU, "40000", port))
	res, _ := b.u.final(sip.INVITE)
	b.u.ack(res.StatusCode)
	if res.StatusCode != sip.StatusOK {
		t.Fatalf("the customer answers with %d", res.StatusCode)
	}
	r, err := accept(res.Body())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Negotiate(r); err != nil {
		t.Fatal(err)
	}
	leave := o.Beat.Join(b.tick)
	t.Cleanup(func() { leave(); l.Close() })
	return b
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

func TestEars(t *testing.T) {
	o := speech(t)
	personas, err := Personas("en")
	if err != nil {
		t.Fatal(err)
	}
	o.Personas = personas[:1]
	c, _, ended := carrier(t, o)
	b := ring(t, c, o, personas[0].Number)
	b.listen(5 * time.Second) // hello
	for _, prompts := range [][]string{
		// Spoken without a pause between them, as prompts of one step may be.
		{"Hello, this is an automated assistant.", "This call is recorded.", "May I speak with Lee?"},
		{"Thank you. To protect your privacy, what are the last four digits of your account?"},
		{"Thank you. This is an attempt to collect a debt, and what you say will be used for that.",
			"Your payment of one hundred twenty eight dollars and fifty cents to Acme Store was due on Monday, November sixteenth.",
			"When can you pay it?"},
		{"Sorry, I did not get that.", "Sorry, on which day can you pay?"},
		{"So you will pay one hundred twenty eight dollars and fifty cents on Friday, November twenty seventh, is that right?"},
	} {
		for _, text := range prompts {
			b.say(botVoice, text)
		}
		if !b.listen(6 * time.Second) {
			t.Errorf("no answer to %q", prompts)
		}
	}
	b.say(botVoice, "Thank you, Lee. We will send you a payment link. Goodbye.")
	b.u.cseq = 2
	b.u.send("BYE", "2", "", "")
	b.u.final(sip.BYE)
	for _, s := range wait(t, ended).Talked {
		t.Logf("%-8s %s", s.By, s.Text)
	}
}
