package call

import (
	"time"

	"parley/asr"
	"parley/barge"
	"parley/ear"
	"parley/media"
	"parley/media/beat"
	"parley/media/prosody"
	"parley/phrase"
	"parley/progress"
)

// signalKind is what the beat tells the conversation.
type signalKind int

const (
	sigBegin       signalKind = iota // the customer began to speak
	sigTurnEnd                       // the customer's turn ended; a final follows
	sigDiscard                       // it was noise or a backchannel; a final follows
	sigOwn                           // it was the bot heard back; a final of nobody follows
	sigMeant                         // what was discarded last was meant after all
	sigQuiet                         // nothing was said in time
	sigVerdict                       // what answered, or what the carrier announced
	sigBeep                          // the voicemail beeped
	sigPromptStart                   // a prompt's first frame went out
	sigPromptEnd                     // a prompt ended, was cut, or failed
	sigCut                           // the customer stopped the bot
	sigDuck                          // the prompt was lowered
	sigResume                        // and raised again
	sigLikely                        // the customer's turn is probably over
	sigUnlikely                      // it goes on after all
)

// signal carries what the conversation needs to know; at is the beat's clock.
// What only few of them carry is behind a pointer: every call keeps a buffer of
// them.
type signal struct {
	kind    signalKind
	at      time.Duration
	onset   time.Duration // of the utterance, for begin, turn end and cut; 0 for a key's cut
	voice   time.Duration // end of the last voiced frame, for turn end
	verdict *progress.Verdict
	played  *played           // for prompt start and end
	prosody *prosody.Features // for turn end and discard
}

const (
	signalBuffer  = 64
	commandBuffer = 64
	// mostBehind bounds the signals that wait for room: no call makes as many in
	// all the time for which its conversation may stand still.
	mostBehind = 1024
)

// duplex is the part of a call that lives on the beat: what comes in is heard,
// what goes out is played, both are recorded, once every tick.
//
//	leg ─▶ ear ─┬▶ recogniser          signals ─▶ conversation
//	            └▶ player ─▶ recorder ─▶ leg  ◀─ commands
//
// Every field belongs to the beat's goroutine but the two channels. The
// conversation changes something by sending a command, which runs at the start
// of the next tick.
type duplex struct {
	leg      Leg
	ear      *ear.Ear
	player   *player
	stream   asr.Stream // nil once it failed
	recorder Recorder   // nil until the answer, or for ever

	commands chan func(*duplex)
	signals  chan signal

	now      time.Duration
	in, out  media.Frame
	quiet    [160]int16
	preroll  preroll
	onset    time.Duration // of the open utterance
	voice    time.Duration // end of the last frame that sounded like speech
	behind   []signal      // that found no room, oldest first
	lost     int           // signals that found no room even there
	dead     int           // steps up to this one were cut by the customer
	promptOn bool
	keyed    bool // a key came with this tick
	held     bool // the far side holds us
	likely   bool // a turn is probably over
	observe  func(ear.Heard)
}

func newDuplex(leg Leg, e *ear.Ear, stream asr.Stream) *duplex {
	return &duplex{
		leg: leg, ear: e, stream: stream, player: newPlayer(),
		commands: make(chan func(*duplex), commandBuffer),
		signals:  make(chan signal, signalBuffer),
	}
}

// tick is one turn of the beat. It never waits.
func (d *duplex) tick(t beat.Tick) {
	d.skip(t.Missed)
	d.catchUp()
	for range commandBuffer {
		select {
		case do := <-d.commands:
			do(d)
			continue
		default:
		}
		break
	}
	if err := d.leg.ReadFrame(&d.in); err != nil {
		d.in = media.Frame{Rate: media.Rate8k, PCM: d.quiet[:], Flags: media.Silence}
	}
	d.in.At = d.now
	in := d.in
	if d.held { // whatever sounds there is nobody's answer
		in.PCM, in.Flags = d.quiet[:], media.Silence
	}
	heard := d.ear.Hear(in, d.out)
	in = d.ear.Clean(in)
	if d.observe != nil {
		d.observe(heard)
	}
	d.act(heard)
	d.feed(heard, in)
	d.speak()
	if d.recorder != nil {
		d.recorder.Record(d.in, d.out)
	}
	// A frame that cannot be sent is a lost packet; the line counts it.
	_ = d.leg.WriteFrame(d.out)
	d.now += media.Tick
}

// skip fills ticks that never ran with silence, so that the recording keeps
// its length and the clock its time.
func (d *duplex) skip(missed int) {
	for range missed {
		if d.recorder != nil {
			f := media.Frame{At: d.now, Rate: media.Rate8k, PCM: d.quiet[:], Flags: media.Silence}
			d.recorder.Record(f, f)
		}
		d.now += media.Tick
	}
}

// act obeys the turn-taker before this very frame goes out.
func (d *duplex) act(h ear.Heard) {
	if h.HasVerdict {
		verdict := h.Verdict
		d.tell(signal{kind: sigVerdict, verdict: &verdict})
	}
	if h.Beep {
		d.tell(signal{kind: sigBeep})
	}
	switch h.Decision {
	case barge.Duck:
		d.player.duck()
		d.tell(signal{kind: sigDuck, onset: h.Onset})
	case barge.Resume:
		d.player.resume()
		d.tell(signal{kind: sigResume, onset: h.Onset})
	case barge.Cut:
		d.interrupted()
		onset := h.Onset
		if d.keyed {
			onset = 0
		}
		d.tell(signal{kind: sigCut, onset: onset})
	case barge.Timeout:
		d.tell(signal{kind: sigQuiet})
	}
	d.keyed = false
}

// feed passes an utterance to the recogniser, with the moment before it.
func (d *duplex) feed(h ear.Heard, in media.Frame) {
	if h.Speech && h.Decision != barge.TurnEnd && !h.Discard { // a sound in that tick is the next one's
		d.voice = d.now + media.Tick
	}
	if h.Begin {
		d.onset = h.Onset
		d.tell(signal{kind: sigBegin, onset: h.Onset})
		if d.stream != nil {
			d.preroll.each(func(f media.Frame) { _ = d.stream.WriteFrame(f) })
		}
	}
	if h.Feed && d.stream != nil {
		_ = d.stream.WriteFrame(in)
	}
	d.preroll.add(in)
	if h.Likely != d.likely {
		d.likely = h.Likely
		switch {
		case h.Likely:
			d.tell(signal{kind: sigLikely})
		case h.Decision != barge.TurnEnd:
			d.tell(signal{kind: sigUnlikely})
		}
	}
	switch {
	case h.Known:
		d.tell(signal{kind: sigMeant, onset: d.onset, voice: d.voice})
	case h.Own:
		d.finish(sigOwn, nil)
	case h.Discard:
		said := h.Prosody
		d.finish(sigDiscard, &said)
	case h.Decision == barge.TurnEnd:
		said := h.Prosody
		d.finish(sigTurnEnd, &said)
	}
}

// finish ends the utterance: the recogniser owes one final from here.
func (d *duplex) finish(kind signalKind, said *prosody.Features) {
	d.tell(signal{kind: kind, onset: d.onset, voice: d.voice, prosody: said})
	d.preroll.n = 0
	if d.stream != nil {
		d.stream.Finish()
	}
}

func (d *duplex) speak() {
	started, ended := d.player.next(d.now, &d.out)
	if ended != nil {
		d.tell(signal{kind: sigPromptEnd, played: ended})
	}
	if started {
		it := d.player.queue[0]
		d.promptOn = true
		d.ear.PromptStarted(ear.PromptInfo{Mode: it.prompt.Mode, Hotwords: it.prompt.Hotwords, Text: it.text})
		d.tell(signal{kind: sigPromptStart, played: &played{prompt: it.prompt, text: it.text, from: d.now, last: it.last, step: it.step, n: it.n, filler: it.filler}})
	}
	if d.promptOn && !d.player.busy() {
		d.promptOn = false
		d.ear.PromptEnded()
	}
}

// cut empties the player; each prompt in it is told as ended.
func (d *duplex) cut() {
	for _, p := range d.player.cut(d.now) {
		d.tell(signal{kind: sigPromptEnd, played: &p})
	}
	if d.promptOn {
		d.promptOn = false
		d.ear.PromptEnded()
	}
}

// interrupted is the customer's cut. What the conversation still sends of the
// step that was playing dies on its way: it was not known to be cut yet.
func (d *duplex) interrupted() {
	if p, ok := d.player.release(d.now); ok {
		d.tell(signal{kind: sigPromptEnd, played: &p})
		d.promptOn = false
		d.ear.PromptEnded()
		return
	}
	for _, it := range d.player.queue {
		d.dead = max(d.dead, it.step)
	}
	d.cut()
}

// play queues a prompt, unless it belongs to a step that the customer cut.
func (d *duplex) play(it item) {
	if it.step > 0 && it.step <= d.dead {
		it.stream.Close()
		d.tell(signal{kind: sigPromptEnd, played: &played{
			prompt: it.prompt, text: it.text, from: d.now, to: d.now, cut: true, last: it.last, step: it.step, n: it.n,
		}})
		return
	}
	d.player.play(it)
}

// tell hands a signal to the conversation. None is dropped and none overtakes
// another: a lost end of turn would leave its final to the next one. What finds
// no room waits for it; the bound is only met by a conversation that has
// stopped, which the call's own limits end.
func (d *duplex) tell(s signal) {
	s.at = d.now
	if len(d.behind) == 0 {
		select {
		case d.signals <- s:
			return
		default:
		}
	}
	if len(d.behind) >= mostBehind {
		d.lost++
		return
	}
	d.behind = append(d.behind, s)
}

// catchUp hands over what found no room before.
func (d *duplex) catchUp() {
	for len(d.behind) > 0 {
		select {
		case d.signals <- d.behind[0]:
			d.behind[0] = signal{}
			d.behind = d.behind[1:]
			continue
		default:
		}
		return
	}
	d.behind = nil
}

// expect tells ear and recogniser what the dialog waits for.
func (d *duplex) expect(e asr.Expectation, silence time.Duration) {
	answer := e.Answer
	if answer == "" {
		answer = phrase.Free
	}
	if answer == phrase.Digits {
		d.ear.ExpectDigits(e.Digits(), silence)
	} else {
		d.ear.Expect(answer, silence)
	}
	if d.stream != nil {
		d.stream.Expect(e)
	}
}

// preroll keeps the last moments before an utterance was noticed, so that the
// recogniser hears its first consonant.
type preroll struct {
	frames [ear.Preroll]media.Frame
	pcm    [ear.Preroll][160]int16
	n      int // frames ever added
}

func (p *preroll) add(f media.Frame) {
	i := p.n % len(p.frames)
	copy(p.pcm[i][:], f.PCM)
	p.frames[i] = f
	p.frames[i].PCM = p.pcm[i][:len(f.PCM)]
	p.n++
}

// each yields the kept frames, oldest first, and forgets them.
func (p *preroll) each(yield func(media.Frame)) {
	for k := max(0, p.n-len(p.frames)); k < p.n; k++ {
		yield(p.frames[k%len(p.frames)])
	}
	p.n = 0
}
