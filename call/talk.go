package call

import (
	"context"
	"errors"
	"slices"
	"time"

	"parley/asr"
	"parley/dialog"
	"parley/ear"
	"parley/outcome"
	"parley/tts"
)

// signalled handles what the beat told.
func (c *conversation) signalled(work context.Context, s signal) {
	switch s.kind {
	case sigBegin:
		c.speaking = true
		c.partial = asr.Result{}
		c.forget()
		if c.target.Inbound {
			return // who calls is greeted, whatever sounds there
		}
		c.greet.stop()
		if c.isUp && !c.started {
			c.greet.set(listenTimeout)
		}
	case sigDuck, sigResume:
		c.overlapped(s)
	case sigLikely:
		c.foresee(work)
	case sigUnlikely:
		c.forget()
	case sigCut:
		c.cutNow = true
		c.report.BargeIns++
		if s.onset > 0 { // a key has no length
			c.latency.stop(s.at - s.onset)
			c.overlapped(s)
		}
	case sigTurnEnd, sigDiscard, sigOwn:
		c.speaking = false
		c.ends = append(c.ends, s)
		if s.kind == sigTurnEnd {
			c.owe(s.voice)
		} else {
			c.forget()
		}
		if !c.final.isSet() {
			c.final.set(finalTimeout)
		}
		c.match(work)
	case sigMeant:
		c.meant(work, s)
	case sigQuiet:
		if c.isUp && c.started && !c.speaking && !c.isHeld {
			c.turn(work, dialog.Turn{Kind: dialog.Quiet})
		}
	case sigVerdict:
		c.judged(work, s)
	case sigBeep:
		if c.isUp && c.verdict.AnsweredBy == outcome.Voicemail {
			c.turn(work, dialog.Turn{Kind: dialog.Beep, AnsweredBy: outcome.Voicemail})
		}
	case sigPromptStart:
		c.promptStarted(s)
	case sigPromptEnd:
		c.promptEnded(work, *s.played)
	}
}

// judged acts on what the carrier announced or what answered.
func (c *conversation) judged(work context.Context, s signal) {
	v := *s.verdict
	if v.Network != "" && !c.isUp {
		c.verdict = v
		c.report.Announcement = v.Class
		if v.Network != outcome.Answered {
			// The number is dead: hang up before the carrier repeats itself.
			c.hangUp(work, PartyBot)
		}
		return
	}
	if v.AnsweredBy == "" || !c.isUp || c.target.Inbound {
		return // who called us is no voicemail
	}
	c.verdict = v
	c.report.AnsweredBy = v.AnsweredBy
	if c.ending {
		return // the goodbye plays to its end; cut, nothing would end the call
	}
	switch {
	case v.AnsweredBy.Machine():
		c.greet.stop()
		c.voices.restart() // whoever is put through is somebody else
		c.started = true
		c.onBeat((*duplex).cut)
		c.turn(work, dialog.Turn{Kind: dialog.Machine, AnsweredBy: v.AnsweredBy})
	case v.AnsweredBy == outcome.Human:
		c.begin(work)
	}
}

// begin opens the conversation, once.
func (c *conversation) begin(work context.Context) {
	c.greet.stop()
	if c.started || !c.isUp || c.gone {
		return
	}
	c.started = true
	c.turn(work, dialog.Turn{Kind: dialog.Start})
}

// recognised handles a partial or final of the recogniser, or its end.
func (c *conversation) recognised(work context.Context, r asr.Result, ok bool) {
	if !ok {
		c.recognizerEnded(work)
		return
	}
	if r.Final && c.late {
		c.late = false
		return // its utterance was answered without it
	}
	c.onBeat(func(d *duplex) {
		d.ear.Text(ear.Text{Text: r.Text, Final: r.Final, Rejected: r.Rejected, Confidence: r.Confidence})
	})
	if r.Final {
		c.finals = append(c.finals, r)
		c.match(work)
		return
	}
	c.partially(r)
}

// match pairs each ended utterance with its final result, in order.
func (c *conversation) match(work context.Context) {
	for len(c.ends) > 0 && len(c.finals) > 0 {
		end, final := c.ends[0], c.finals[0]
		c.ends, c.finals = c.ends[1:], c.finals[1:]
		c.final.stop()
		if len(c.ends) > 0 {
			c.final.set(finalTimeout)
		}
		c.heard(work, end, final)
	}
}

// heard is an utterance with its words.
func (c *conversation) heard(work context.Context, end signal, final asr.Result) {
	if !c.isUp || end.kind == sigOwn {
		return // an announcement; ear and progress have it. Or nobody's words
	}
	if end.prosody != nil { // what was discarded and then meant was judged before
		c.voices.hear(end, final)
	}
	if end.kind == sigDiscard {
		c.sideline(end, final)
		c.discarded = final
		return
	}
	if !c.started {
		// "Hello?": whoever said it is there.
		c.sideline(end, final)
		if !c.verdict.AnsweredBy.Machine() {
			c.begin(work)
		}
		return
	}
	if c.verdict.AnsweredBy.Machine() || c.firstPrompt == 0 || end.onset < c.firstPrompt {
		// A machine's words, or a greeting that outlasted the first prompt's
		// start: nobody answers the bot yet.
		c.sideline(end, final)
		c.listenOn()
		c.relieve()
		c.forget()
		return
	}
	c.awaiting = end.voice
	c.split = split{voice: end.voice, decided: end.at, final: c.sinceStart(), answer: c.expecting.Answer}
	t := dialog.Turn{
		Kind: dialog.Said, Text: final.Text, Confidence: final.Confidence,
		Interrupted: c.cutNow, Heard: c.cutHeard,
	}
	if final.Text == "" {
		t.Kind = dialog.Unclear
	}
	c.utterance = end
	c.turn(work, t)
}

// meant: the words of the utterance discarded last stopped the bot after all;
// they leave the sideline and become a turn.
func (c *conversation) meant(work context.Context, s signal) {
	s.kind = sigTurnEnd
	c.voices.last = nil
	for i, t := range slices.Backward(c.report.Turns) {
		if t.By == PartyCustomer && t.Text == c.discarded.Text && t.FromMS == c.ms(s.onset) {
			c.voices.last = t.Voice
			c.report.Turns = slices.Delete(c.report.Turns, i, i+1)
			break
		}
	}
	c.heard(work, s, c.discarded)
}

// listenOn starts the wait for an answer anew after a turn that was none.
func (c *conversation) listenOn() {
	e, silence := c.expecting, c.silence
	c.onBeat(func(d *duplex) { d.expect(e, silence) })
}

// sideline keeps words that are not a turn: the greeting, a backchannel.
func (c *conversation) sideline(end signal, final asr.Result) {
	if final.Text != "" {
		c.transcribe(Turn{
			By: PartyCustomer, FromMS: c.ms(end.onset), ToMS: c.ms(end.voice),
			Text: final.Text, Confidence: final.Confidence, Voice: c.voices.last,
		})
	}
}

// finalMissing: the recogniser owes a result and gave none in time. The turn
// goes on without its words, and the result does not count when it comes. One
// that owes two is not late but lost.
func (c *conversation) finalMissing(work context.Context) {
	if len(c.ends) == 0 {
		return
	}
	if c.late {
		c.recognizerLost(work, errNoFinals)
		return
	}
	c.late = true
	end := c.ends[0]
	c.ends = c.ends[1:]
	if len(c.ends) > 0 {
		c.final.set(finalTimeout)
	}
	c.log.Warn("recogniser gave no final in time", "call", c.target.Call)
	c.heard(work, end, asr.Result{Final: true})
}

var errNoFinals = errors.New("the recogniser gives no results any more")

func (c *conversation) recognizerEnded(work context.Context) {
	c.results = nil
	if err := c.stream.Err(); err != nil && !c.gone {
		c.recognizerLost(work, err)
	}
}

// recognizerLost opens another stream, once; then the call ends politely.
func (c *conversation) recognizerLost(work context.Context, err error) {
	unheard := c.ends
	c.ends, c.finals, c.late = nil, nil, false
	c.final.stop()
	c.onBeat(func(d *duplex) { d.stream = nil })
	if c.reopened {
		c.fail(work, "recognise speech", err)
		return
	}
	c.reopened = true
	c.log.Warn("recogniser stream ended; opening another", "call", c.target.Call, "error", err)
	stream, err := c.openStream(work)
	if err != nil {
		c.fail(work, "open a second recogniser", err)
		return
	}
	c.stream.Close()
	c.stream, c.results = stream, stream.Results()
	expectation := c.expecting
	c.onBeat(func(d *duplex) {
		d.stream = stream
		stream.Expect(expectation)
	})
	// What was said last is lost; whoever said it waits for an answer.
	for _, end := range slices.Backward(unheard) {
		if end.kind == sigTurnEnd {
			c.heard(work, end, asr.Result{Final: true})
			return
		}
	}
}

// fail asks the policy for its fallback line, once, and ends the call.
func (c *conversation) fail(work context.Context, doing string, err error) {
	c.trouble(doing, err)
	again := c.troubled
	c.troubled = true
	c.relieve()
	if again || !c.isUp {
		c.hangUp(work, PartyBot)
		return
	}
	if c.ending {
		return // the goodbye is playing and ends the call
	}
	c.onBeat((*duplex).cut)
	c.turn(work, dialog.Turn{Kind: dialog.Trouble})
}

// turn asks the policy what comes next and does it.
func (c *conversation) turn(work context.Context, t dialog.Turn) {
	if c.ending || c.gone {
		return
	}
	if c.handing != nil {
		c.aside(work, t)
		return
	}
	if queue := c.transfer; queue != "" && (t.Kind == dialog.Said || t.Kind == dialog.Unclear || t.Kind == dialog.Keyed) {
		// It cut the line before a transfer: what it states is kept, and the
		// party is handed on all the same.
		c.transfer = ""
		c.aside(work, t)
		c.reachQueue(work, queue)
		return
	}
	c.cutNow, c.cutHeard = false, ""
	t.Now = c.now()
	step, err := c.think(work, t)
	c.note(t, step)
	if errors.Is(err, errSuperseded) {
		return // the next turn is on its way
	}
	if err != nil {
		c.forget()
		if c.past() {
			c.log.Warn("the call ended before the answer was there", "call", c.target.Call, "error", err)
			return
		}
		if t.Kind == dialog.Trouble {
			c.trouble("say the fallback line", err)
			c.hangUp(work, PartyBot)
			return
		}
		c.fail(work, "decide what to say", err)
		return
	}
	if err := c.commit(work, step.Facts); err != nil {
		c.fail(work, "keep what the customer said", err)
		return
	}
	if c.past() {
		c.forget()
		return // nobody hears it
	}
	c.split.step = c.sinceStart()
	c.do(work, step)
	c.forget() // what it made is said by now, or never
}

// commit makes what the customer said durable before the bot's next line.
func (c *conversation) commit(work context.Context, facts []dialog.Fact) error {
	if c.parts.Facts == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(work, policyTimeout)
	defer cancel()
	for _, f := range facts {
		if err := c.parts.Facts.Commit(ctx, c.target, f); err != nil {
			return err
		}
	}
	return nil
}

func (c *conversation) do(work context.Context, step dialog.Step) {
	c.expecting, c.silence = step.Expect.Expectation, step.Expect.Silence
	c.ending, c.transfer = step.End, step.Transfer
	if len(step.Prompts) == 0 {
		c.relieve()
		c.silent(work)
		c.listenOn()
		return
	}
	c.prompts, c.said = step.Prompts, 0
	if !c.isHeld { // it is said when the customer is back
		c.say(work, 0)
	}
}

// say speaks the step's prompts from this one on.
func (c *conversation) say(work context.Context, from int) {
	c.step++
	c.listenOn()
	for i, p := range c.prompts[from:] {
		i += from
		if c.ending {
			p.Mode = "never" // a goodbye is not interrupted; there is nothing to answer any more
		}
		var stream tts.Stream
		if c.ahead != nil {
			stream = c.ahead.take(p.Text())
		}
		if stream == nil {
			var err error
			if stream, err = c.parts.Speaker.Prompt(work, c.parts.Policy.Voice(), p.Segments); err != nil {
				c.mute(work, err)
				return
			}
		}
		it := item{prompt: p, text: p.Text(), stream: stream, step: c.step, n: i, last: i == len(c.prompts)-1}
		c.onBeat(func(d *duplex) { d.play(it) })
	}
}

// mute: the voice failed. One more try with the fallback line, which is fixed
// and therefore cached; then nothing can be said any more.
func (c *conversation) mute(work context.Context, err error) {
	c.ending = false
	if c.troubled {
		c.trouble("speak the fallback line", err)
		c.hangUp(work, PartyBot)
		return
	}
	c.fail(work, "speak", err)
}

func (c *conversation) promptStarted(s signal) {
	if c.firstPrompt == 0 {
		c.firstPrompt = s.at
	}
	if s.played.filler {
		return // the answer is still owed
	}
	c.relieve()
	if c.report.Latency.FirstAudio == 0 {
		c.report.Latency.FirstAudio = max(1, (s.at - c.answered).Milliseconds())
	}
	if c.awaiting > 0 {
		c.latency.respond(s.at - c.awaiting)
		c.awaiting = 0
		c.timed = timed{c.split.timing(s.at), s.played.step, s.played.n}
	}
}

func (c *conversation) promptEnded(work context.Context, p played) {
	turn := Turn{By: PartyBot, FromMS: c.ms(p.from), ToMS: c.ms(p.to), Text: p.text, BargedIn: p.cut && !c.isHeld}
	if p.cut || p.err != nil {
		turn.HeardText = p.heard
		if !p.filler {
			c.cutHeard += p.heard
		}
	}
	if p.filler {
		turn.Filler = true
		if p.to > p.from {
			c.transcribe(turn)
		}
		return
	}
	if c.timed.timing != nil && c.timed.step == p.step && c.timed.n == p.n {
		turn.Timing, c.timed.timing = c.timed.timing, nil
	}
	if p.to > p.from {
		c.transcribe(turn)
	}
	if name := p.prompt.Disclosure; name != "" {
		c.report.Disclosures = append(c.report.Disclosures, Disclosure{
			Name: name, OffsetMS: turn.FromMS, Complete: !p.cut && p.err == nil,
		})
	}
	if p.err != nil {
		c.mute(work, p.err)
		return
	}
	if !p.cut && p.step == c.step {
		c.said = p.n + 1
	}
	if p.last && (!p.cut || c.ending && !c.isHeld && p.step == c.step) {
		c.silent(work) // a goodbye that was cut ends the call all the same
	}
}

// silent: the bot has said all of its step.
func (c *conversation) silent(work context.Context) {
	switch {
	case c.ending:
		c.last.set(lastWordPause)
	case c.transfer != "":
		queue := c.transfer
		c.transfer = ""
		c.reachQueue(work, queue)
	}
}

// keyed collects keys until a pause or '#'.
func (c *conversation) keyed(k rune) {
	if !c.isUp || c.ending {
		return
	}
	c.keys = append(c.keys, k)
	c.onBeat(func(d *duplex) {
		d.keyed = true
		d.ear.Key()
	})
	pause := keyPause
	if k == '#' || len(c.keys) >= 32 {
		pause = time.Millisecond
	}
	c.key.set(pause)
}

func (c *conversation) keysDone(work context.Context) {
	keys := string(c.keys)
	c.keys = nil
	if !c.started {
		c.begin(work)
		return
	}
	c.owe(c.sinceStart())
	c.turn(work, dialog.Turn{Kind: dialog.Keyed, Keys: keys, Confidence: 1})
}

// now is the customer's present.
func (c *conversation) now() time.Time {
	now := time.Now()
	if c.target.Zone != nil {
		now = now.In(c.target.Zone)
	}
	return now
}

// ms is an instant of the beat's clock as an offset from the answer.
func (c *conversation) ms(at time.Duration) int64 {
	return max(0, (at - c.answered).Milliseconds())
}
