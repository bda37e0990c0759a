package trial

import (
	"bytes"
	"fmt"
	"time"

	"parley/asr"
	"parley/barge"
	"parley/ear"
	"parley/media"
	"parley/media/silero"
	"parley/phrase"
)

// Listener is a recogniser in step with its caller: what a frame brings is
// there when Write returns. Its owner is one goroutine.
type Listener interface {
	Expect(asr.Expectation) error
	Write(media.Frame) ([]asr.Result, error)
	Finish() ([]asr.Result, error)
	Close() error
}

// Taker decides on the floor, tick by tick, from what the ear tells.
type Taker interface {
	Take(h ear.Heard) barge.Decision
}

// Own is the ear's own decision, that of a live call.
type Own struct{}

// Take implements Taker.
func (Own) Take(h ear.Heard) barge.Decision { return h.Decision }

// Action is a decision with its time: the end of the tick in which it was made,
// when the frame that it was made of had been heard in full.
type Action struct {
	At       int // ms
	Decision barge.Decision
	// Prompt that was playing, -1 for none, and how much of it was heard.
	Prompt int
	Heard  time.Duration
	// Again is what a Resume lets sound a second time.
	Again again
}

// Trace is what became of a case.
type Trace struct {
	Actions []Action
	// Speech says of every tick whether the ear took it for the customer.
	Speech []bool
	// Played is how long prompts sounded.
	Played time.Duration
	// Words are how many results of the recogniser came.
	Words int
	// Log is the ear's signal log.
	Log []byte
}

// runner replays cases through one ear each.
type runner struct {
	folder  *Folder
	latency time.Duration
	barge   barge.Config
	model   *silero.Model
	alone   bool
	taker   func() Taker
	// listener is nil without a recogniser.
	listener Listener
	logs     bool
}

// spoken is a result on its way to the ear.
type spoken struct {
	due  int // tick
	text ear.Text
}

// replay is one case on its way.
type replay struct {
	c        Case
	listener Listener
	scene    *scene
	ear      *ear.Ear
	player   *player
	preroll  preroll
	words    []spoken
	delay    int // ticks from sound to words
	trace    Trace
}

// run replays a case.
func (r *runner) run(c Case) (Trace, error) {
	scene, err := r.folder.compose(c)
	if err != nil {
		return Trace{}, fmt.Errorf("case %s: %w", c.ID, err)
	}
	config := ear.Config{Language: c.Language, Barge: r.barge, Model: r.model, Alone: r.alone}
	var log bytes.Buffer
	if r.logs {
		config.Log = &log
	}
	p := &replay{
		c: c, scene: scene, ear: ear.New(config), player: newPlayer(c, scene.prompts),
		listener: r.listener, delay: 1 + int((r.latency+media.Tick-1)/media.Tick),
	}
	if err := p.expect(r.folder.Questions[c.Question]); err != nil {
		return Trace{}, fmt.Errorf("case %s: %w", c.ID, err)
	}
	taker := r.taker()
	out := media.Frame{Rate: media.Rate8k, Flags: media.Silence}
	for n := range c.Length / 20 {
		in := scene.hear(n)
		p.tell(n)
		h := p.ear.Hear(in, out)
		p.trace.Speech = append(p.trace.Speech, h.Speech)
		p.act(n, taker.Take(h))
		if err := p.feed(n, h, p.ear.Clean(in)); err != nil {
			return Trace{}, fmt.Errorf("case %s: %w", c.ID, err)
		}
		out = p.speak(n)
	}
	p.trace.Played = media.Rate8k.Duration(p.player.played)
	if err := p.ear.Close(); err != nil {
		return Trace{}, err
	}
	p.trace.Log = log.Bytes()
	return p.trace, nil
}

func (p *replay) expect(e asr.Expectation) error {
	if e.Answer == "" {
		e.Answer = phrase.Free
	}
	p.ear.Answered()
	if e.Answer == phrase.Digits {
		p.ear.ExpectDigits(e.Digits(), 0)
	} else {
		p.ear.Expect(e.Answer, 0)
	}
	if p.listener == nil {
		return nil
	}
	return p.listener.Expect(e)
}

// tell gives the ear the words that are due.
func (p *replay) tell(n int) {
	for len(p.words) > 0 && p.words[0].due <= n {
		p.ear.Text(p.words[0].text)
		p.words = p.words[1:]
	}
}

// act obeys a decision before this tick's frame goes out.
func (p *replay) act(n int, d barge.Decision) {
	if d == barge.Hold {
		return
	}
	a := Action{At: (n + 1) * 20, Decision: d, Prompt: p.player.now, Heard: media.Rate8k.Duration(p.player.at)}
	switch d {
	case barge.Duck:
		p.player.duck()
	case barge.Resume:
		a.Again = p.player.resume()
	case barge.Cut:
		if p.player.now < 0 {
			return // a plain rule does not know whether anything plays
		}
		p.player.cut()
		p.ear.PromptEnded()
		if p.c.Kind == Interruption || p.c.Kind == Backchannel {
			p.player.stop()
		}
	}
	p.trace.Actions = append(p.trace.Actions, a)
}

// feed passes an utterance to the recogniser as call does.
func (p *replay) feed(n int, h ear.Heard, in media.Frame) error {
	if p.listener == nil {
		return nil
	}
	if h.Begin {
		for _, f := range p.preroll.all() {
			if err := p.write(n, f); err != nil {
				return err
			}
		}
	}
	if h.Feed {
		if err := p.write(n, in); err != nil {
			return err
		}
	}
	p.preroll.add(in)
	if h.Known || !h.Discard && h.Decision != barge.TurnEnd {
		return nil
	}
	p.preroll.n = 0
	all, err := p.listener.Finish()
	p.later(n, all)
	return err
}

func (p *replay) write(n int, f media.Frame) error {
	all, err := p.listener.Write(f)
	p.later(n, all)
	return err
}

// later queues results for the tick at which a live call would have them.
func (p *replay) later(n int, all []asr.Result) {
	for _, r := range all {
		p.trace.Words++
		p.words = append(p.words, spoken{n + p.delay, ear.Text{Text: r.Text, Final: r.Final, Rejected: r.Rejected, Confidence: r.Confidence}})
	}
}

// speak sends this tick's frame.
func (p *replay) speak(n int) media.Frame {
	out, started, ended := p.player.frame(n * 20)
	if ended {
		p.ear.PromptEnded()
	}
	if started >= 0 {
		pr := p.c.Prompts[started]
		p.ear.PromptStarted(ear.PromptInfo{Mode: pr.Mode, Text: pr.Text})
	}
	p.scene.sent(out.PCM)
	return out
}

// preroll keeps the last moments before an utterance was noticed.
type preroll struct {
	frames [ear.Preroll]media.Frame
	pcm    [ear.Preroll][160]int16
	n      int
}

func (p *preroll) add(f media.Frame) {
	i := p.n % len(p.frames)
	n := copy(p.pcm[i][:], f.PCM)
	p.frames[i] = f
	p.frames[i].PCM = p.pcm[i][:n]
	p.n++
}

// all are the kept frames, oldest first; they are forgotten.
func (p *preroll) all() []media.Frame {
	var kept []media.Frame
	for k := max(0, p.n-len(p.frames)); k < p.n; k++ {
		kept = append(kept, p.frames[k%len(p.frames)])
	}
	p.n = 0
	return kept
}
