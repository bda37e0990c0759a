package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"parley/asr"
	"parley/media"
	"parley/media/line"
	"parley/spoken"
	"parley/tts"
)

// person is a persona with an open line: what turns its mind's acts into sound
// and keys, and its ears' words into the mind's input.
type person struct {
	call  *customerCall
	mind  *mind
	head  *head
	leave func()
	line  *line.Line
	ears  asr.Stream

	// Of the turn that is under way.
	heard   []string // sentences understood
	pending int      // sentences whose final is still to come
	partial string
	bot     bool // the bot talks
	due     bool // the turn is the customer's and nothing was decided yet
	mouth   bool // the customer talks
	next    act
	hasNext bool
	done    bool // hang up when the mouth is empty
}

// prepare opens the line, the ears and the noise, before the call is answered.
func (call *customerCall) prepare(ctx context.Context) (*person, error) {
	p := &person{call: call, mind: newMind(call.persona)}
	o := call.carrier.o
	if o.NoMedia {
		return p, nil
	}
	if err := call.openLine(); err != nil {
		return nil, err
	}
	p.line = call.line
	if call.persona.Answers.How == Talks {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		ears, err := o.Recognizer.Open(ctx, asr.Config{Language: call.persona.Language, Rate: media.Rate8k, Call: call.ended.Call})
		if err != nil {
			p.close()
			return nil, fmt.Errorf("open the customer's ears: %w", err)
		}
		ears.Expect(asr.Expectation{Phrases: call.persona.phrases()})
		p.ears = ears
	}
	p.head = newHead(call.line, p.ears, call.noise(ctx))
	p.leave = o.Beat.Join(p.head.tick)
	return p, nil
}

func (call *customerCall) openLine() error {
	if call.line != nil {
		return nil
	}
	l, err := line.Open(line.Options{Local: call.carrier.addr.Addr(), Ports: call.carrier.o.Ports})
	if err != nil {
		return fmt.Errorf("open the customer's line: %w", err)
	}
	if err := l.Negotiate(call.offer); err != nil {
		l.Close()
		return fmt.Errorf("open the customer's line: %w", err)
	}
	call.mu.Lock()
	call.line = l
	call.mu.Unlock()
	return nil
}

// babbleText is what other people in the room talk about.
var babbleText = map[string]string{
	"en": "So I told her we could meet after lunch, and then the train was late again, but never mind, it was a nice day anyway.",
	"zh": "昨天我们去公园散步，天气很好，后来又去吃了饭，大家都很高兴。",
}

// noise prepares what lies under the customer's voice.
func (call *customerCall) noise(ctx context.Context) []int16 {
	p := call.persona
	var babble []int16
	if p.Noise.Kind == BabbleNoise {
		s, err := call.carrier.o.Synthesizer.Speak(ctx, p.voice(), tts.Text(babbleText[p.Language]))
		if err == nil {
			babble, _, err = tts.Collect(ctx, s, 30*8000)
		}
		if err != nil {
			call.carrier.o.Log.Warn("no babble, pink noise instead", "error", err)
		}
	}
	return makeNoise(p.Noise, rand.Uint64(), babble)
}

// phrases are what the persona's ears can hear: its own cues, and the sentences
// of its language with its own name and variables put in, two of them
// in one breath too.
func (p *Persona) phrases() []string {
	var pairs []string
	for name, value := range p.Variables {
		pairs = append(pairs, "{"+name+"}", p.spoken(name, value))
	}
	fill := strings.NewReplacer(pairs...)
	var cues, sentences []string
	for _, text := range p.ears {
		if text = fill.Replace(text); !strings.Contains(text, "{") {
			sentences = append(sentences, text)
		}
	}
	for _, l := range p.Lines {
		cues = append(append(cues, l.Hears...), l.During...)
	}
	all := slices.Concat(cues, sentences)
	if len(sentences) > 0 {
		one := "(" + strings.Join(sentences, "|") + ")"
		all = append(all, one+" "+one)
	}
	return all
}

// spoken is a variable as it is heard on the telephone.
func (p *Persona) spoken(name, value string) string {
	if name != "amount_due" {
		return value
	}
	m, err := spoken.ParseMoney(value + " " + p.Variables["currency"])
	if err != nil {
		return value
	}
	return spoken.SayMoney(p.Language, m)
}

func (p *person) close() {
	if p.leave != nil {
		p.leave()
	}
	if p.ears != nil {
		p.ears.Close()
	}
	if p.line != nil {
		p.line.Close()
	}
}

// talk is the conversation, until ctx is done or the customer hangs up.
func (p *person) talk(ctx context.Context) {
	a := p.call.persona.Answers
	switch {
	case p.head == nil:
		p.call.wait(ctx, p.silentTalk())
	case a.How == Voicemail:
		p.record(ctx, a.Says)
	default:
		p.converse(ctx, a.Says)
	}
}

// silentTalk is how long a call without media lasts.
func (p *person) silentTalk() time.Duration {
	const shortest, longest = 200 * time.Millisecond, 5 * time.Second
	if t := p.call.persona.Answers.Talk; t > 0 {
		return t
	}
	return shortest + rand.N(longest-shortest)
}

// record is a voicemail: greeting, beep, and silence until the caller ends.
func (p *person) record(ctx context.Context, greeting string) {
	p.speak(ctx, greeting)
	p.untilSaid(ctx)
	p.head.mouth <- &beep{}
	p.untilSaid(ctx)
	<-ctx.Done()
}

func (p *person) untilSaid(ctx context.Context) {
	for {
		select {
		case m := <-p.head.moments:
			if m == saidAll {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// speak begins to say a text; false when the voice failed.
func (p *person) speak(ctx context.Context, text string) bool {
	s, err := p.call.carrier.o.Synthesizer.Speak(ctx, p.call.persona.voice(), tts.Text(text))
	if err != nil {
		p.call.carrier.o.Log.Error("the customer has no voice", "error", err)
		return false
	}
	p.call.say("customer", text)
	select {
	case p.head.mouth <- s:
		p.mouth = true
		return true
	default:
		s.Close()
		return false
	}
}

const (
	// finalBound is how long the ears' last word is waited for.
	finalBound = 2 * time.Second
	// patience is how long a customer who understood nothing waits.
	patience = 2500 * time.Millisecond
)

// converse listens and answers. Everything here happens on one goroutine; the
// beat only tells it moments.
func (p *person) converse(ctx context.Context, greeting string) {
	if greeting != "" {
		p.speak(ctx, greeting)
	}
	finals, acting, waiting := stopped(), stopped(), stopped()
	defer finals.Stop()
	defer acting.Stop()
	defer waiting.Stop()
	for !p.done || p.mouth {
		select {
		case m := <-p.head.moments:
			switch m {
			case botBegins:
				p.bot, p.due, p.hasNext = true, false, p.hasNext && p.next.stays
				waiting.Stop()
			case sentenceEnd:
				p.pending++
			case turnEnd:
				p.bot, p.due = false, true
				finals.Reset(finalBound)
			case saidAll:
				p.mouth = false
			case sounds:
				p.call.sounds()
			}
		case r, ok := <-p.ears.Results():
			if !ok {
				p.call.carrier.o.Log.Error("the customer's ears failed", "error", p.ears.Err())
				return
			}
			p.understand(r, acting)
		case <-finals.C:
			p.pending = 0
		case <-acting.C:
			p.perform(ctx)
		case <-waiting.C:
			if p.bot || p.hasNext || p.mouth {
				break
			}
			if a, ok := p.mind.quiet(); ok {
				p.plan(a, acting)
			}
		case <-ctx.Done():
			return
		}
		if p.due && p.pending == 0 && !p.mouth && !p.hasNext {
			p.due = false
			finals.Stop()
			p.decide(acting, waiting)
		}
	}
}

// stopped is a timer that is not running.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// understand takes what the ears heard. A partial counts as far as it agrees
// with the one before: the end of a partial often changes.
func (p *person) understand(r asr.Result, acting *time.Timer) {
	steady := ""
	if r.Final {
		p.call.carrier.o.Log.Debug("the customer heard", "call", p.call.ended.Call, "text", r.Text,
			"rejected", r.Rejected, "confidence", r.Confidence, "best", p.partial, "ms", (r.To - r.From).Milliseconds())
		p.pending = max(p.pending-1, 0)
		p.partial = ""
		if r.Text != "" {
			p.heard = append(p.heard, r.Text)
			p.call.say("bot", r.Text)
			p.due = p.due || !p.bot // it came late: think again
		}
	} else {
		steady = agreed(p.partial, r.Text)
		p.partial = r.Text
	}
	if p.hasNext || p.mouth {
		return
	}
	if a, ok := p.mind.during(strings.Join(append(p.heard[:len(p.heard):len(p.heard)], steady), " ")); ok {
		p.plan(a, acting)
	}
}

// agreed is the longest common beginning of two partials.
func agreed(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n < len(b) && n > 0 && b[n] != ' ' && b[n] < 0x80 { // inside an English word
		n = strings.LastIndexByte(b[:n], ' ')
		n = max(n, 0)
	}
	return strings.ToValidUTF8(b[:n], "")
}

// decide is the customer's turn: the bot has stopped.
func (p *person) decide(acting, waiting *time.Timer) {
	if a, ok := p.mind.turn(strings.Join(p.heard, " ")); ok {
		if a.idle() {
			p.heard = nil
			return
		}
		p.plan(a, acting)
		return
	}
	waiting.Reset(patience)
}

// plan sets what will be done after its pause.
func (p *person) plan(a act, acting *time.Timer) {
	p.next, p.hasNext = a, true
	acting.Reset(max(a.after, time.Millisecond))
}

// perform does what was planned, unless the bot spoke again meanwhile.
func (p *person) perform(ctx context.Context) {
	if !p.hasNext {
		return
	}
	a := p.next
	p.hasNext = false
	p.heard = nil
	if a.keys != "" {
		if p.line.Press(a.keys) {
			p.call.say("customer", "keys "+a.keys)
		}
	}
	if a.says != "" {
		p.speak(ctx, a.says)
	}
	p.done = p.done || a.hangsUp
}

// announce plays what the network says before it refuses the call.
func (call *customerCall) announce(ctx context.Context) {
	a := call.persona.Answers
	if !call.wait(ctx, a.After) || call.carrier.o.NoMedia {
		call.refuseUnlessDone(ctx, a.Code, reasonOf(a.Code))
		return
	}
	p, err := call.prepare(ctx)
	if err != nil {
		call.carrier.o.Log.Error("the announcement cannot be played", "error", err)
		call.refuseUnlessDone(ctx, 500, "Server Internal Error")
		return
	}
	defer p.close()
	call.see(Record{Event: "early_media", Code: 183})
	call.carrier.respond(call.tx, call.describe(call.response(183, "Session Progress"), call.offer))
	if p.speak(ctx, a.Says) {
		p.untilSaid(ctx)
	}
	call.wait(ctx, announcementTail)
	call.refuseUnlessDone(ctx, a.Code, reasonOf(a.Code))
}

// announcementTail is the silence between an announcement and the refusal.
const announcementTail = 500 * time.Millisecond
