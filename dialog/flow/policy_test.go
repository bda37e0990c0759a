package flow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parley/barge"
	"parley/dialog"
	"parley/nlu"
	"parley/outcome"
	"parley/phrase"
	"parley/spoken"
)

var thursday = time.Date(2026, 12, 3, 10, 0, 0, 0, time.FixedZone("", -5*3600))

// scripted understands what it was told to and reads values as the product
// does.
type scripted map[string]nlu.Reading

func (s scripted) Classify(_ context.Context, u nlu.Utterance) (nlu.Reading, error) {
	if u.Text == "breaks" {
		return nlu.Reading{}, errors.New("the model is gone")
	}
	r := s[u.Text]
	if r.Intent != "" && r.Confidence == 0 {
		r.Confidence, r.Margin = 0.9, 0.5
	}
	if !slices.ContainsFunc(u.Candidates, func(c nlu.Candidate) bool { return c.Intent == r.Intent }) {
		r.Intent = ""
	}
	for _, slot := range u.Slots {
		if values := spoken.Parse(u.Language, u.Text, []spoken.Kind{slot.Kind}, u.Now); len(values) > 0 {
			r.Slots = append(r.Slots, nlu.Filled{Slot: slot.Name, Value: values[0], Others: values[1:]})
		}
	}
	return r, nil
}

func intent(name string) nlu.Reading { return nlu.Reading{Intent: name} }

// talking is a conversation in a test.
type talking struct {
	t      *testing.T
	policy dialog.Policy
	state  *dialog.State
}

func talkWith(t *testing.T, source string, c nlu.Classifier) *talking {
	t.Helper()
	f, err := Parse("test.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	p := f.Policy(c)
	s, err := p.Open(f.Language, f.Samples())
	if err != nil {
		t.Fatal(err)
	}
	return &talking{t, p, s}
}

func (k *talking) turn(turn dialog.Turn) dialog.Step {
	k.t.Helper()
	turn.Now = thursday
	step, err := k.policy.Next(k.t.Context(), k.state, turn)
	if err != nil {
		k.t.Fatal(err)
	}
	return step
}

func (k *talking) start() dialog.Step { return k.turn(dialog.Turn{Kind: dialog.Start}) }

func (k *talking) say(words string) dialog.Step {
	k.t.Helper()
	return k.turn(dialog.Turn{Kind: dialog.Said, Text: words})
}

func TestDisclosuresAreNamedAndUninterruptible(t *testing.T) {
	k := talkWith(t, sound, scripted{"yes": intent("yes")})
	prompts := slices.Concat(k.start().Prompts, k.say("yes").Prompts, k.say("zero four seven two").Prompts)
	got := map[string]barge.Mode{}
	for _, p := range prompts {
		if p.Disclosure != "" {
			got[p.Disclosure] = p.Mode
		}
	}
	want := map[string]barge.Mode{"ai": barge.Never, "recording": barge.Never, "debt": barge.Never}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPromptsPartWhatIsFixedFromWhatIsPersonal(t *testing.T) {
	k := talkWith(t, sound, scripted{})
	prompts := k.start().Prompts
	want := []dialog.Segment{{Text: "May I speak with ", Fixed: true}, {Text: "Lee?"}}
	if diff := cmp.Diff(want, prompts[len(prompts)-1].Segments); diff != "" {
		t.Error(diff)
	}
	fixed := k.policy.Fixed()
	for _, s := range fixed {
		if strings.Contains(s, "Lee") || strings.Contains(s, "{") {
			t.Errorf("%q is called fixed", s)
		}
	}
	if !slices.Contains(fixed, "May I speak with ") || !slices.Contains(fixed, "Are you still there?") {
		t.Errorf("fixed texts are missing in %q", fixed)
	}
}

func TestOpenNamesEveryVariableThatIsMissing(t *testing.T) {
	f, err := Parse("small.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	p := f.Policy(scripted{})
	_, err = p.Open("en", map[string]string{"amount_due": "plenty"})
	if err == nil {
		t.Fatal("opened without its variables")
	}
	for _, want := range []string{`no "name"`, `"amount_due" cannot be used`, `no "tail"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "note") {
		t.Errorf("the optional variable is asked for: %v", err)
	}
	if _, err := p.Open("zh", f.Samples()); err == nil {
		t.Error("an English flow opened for a Chinese contact")
	}
}

func TestTheAnswerOfACheckNeverLeavesTheCall(t *testing.T) {
	k := talkWith(t, sound, scripted{"yes": intent("yes")})
	k.start()
	k.say("yes")
	k.say("zero four seven two")
	k.say("tomorrow")
	if diff := cmp.Diff(map[string]any{"promise.date": "2026-12-04"}, k.state.Outcome.Slots); diff != "" {
		t.Error(diff)
	}
}

func TestFactsComeWithTheStepThatReachesThem(t *testing.T) {
	words := scripted{
		"yes": {Intent: "yes", YesNo: new(true)}, "stop calling me": intent("opt_out"), "that is wrong": intent("dispute"),
	}
	for _, c := range []struct {
		title string
		says  []string
		want  dialog.FactKind
		leads outcome.Disposition
	}{
		{"opt-out before the check", []string{"stop calling me"}, dialog.FactOptOut, outcome.OptOut},
		{"dispute", []string{"yes", "zero four seven two", "that is wrong"}, dialog.FactDispute, outcome.Dispute},
		{"promise", []string{"yes", "zero four seven two", "tomorrow", "yes"}, dialog.FactPromise, outcome.PromiseToPay},
	} {
		k := talkWith(t, sound, words)
		k.start()
		var step dialog.Step
		for _, s := range c.says {
			step = k.say(s)
		}
		if len(step.Facts) != 1 || step.Facts[0].Kind != c.want || k.state.Outcome.Disposition != c.leads {
			t.Errorf("%s: facts %v and %q, want %q and %q", c.title, step.Facts, k.state.Outcome.Disposition, c.want, c.leads)
		}
		if c.want == dialog.FactPromise && !step.Facts[0].Promise.ReadBack {
			t.Error("the promise was read back and does not say so")
		}
	}
}

func TestOnlyTheVerifiedHearPrivateAnswers(t *testing.T) {
	k := talkWith(t, sound, scripted{"that is wrong": intent("dispute"), "yes": intent("yes")})
	k.start()
	if step := k.say("that is wrong"); step.End {
		t.Errorf("the dispute was understood before the check: %q", text(step))
	}
	if has := hasPhrases(k.turn(dialog.Turn{Kind: dialog.Unclear}), k, "dispute"); has {
		t.Error("the recogniser is told to expect a dispute before the check")
	}
	k.say("yes")
	step := k.say("zero four seven two")
	if !hasPhrases(step, k, "dispute") {
		t.Error("the recogniser is not told to expect a dispute after the check")
	}
}

func hasPhrases(s dialog.Step, k *talking, intent string) bool {
	for _, p := range k.policy.(*Policy).flow.patterns(intent) {
		if !slices.Contains(s.Expect.Phrases, p) {
			return false
		}
	}
	return true
}

func TestExpectationsAreStableAndReadable(t *testing.T) {
	words := scripted{"yes": intent("yes")}
	one, two := talkWith(t, sound, words), talkWith(t, sound, words)
	first, second := one.start(), two.start()
	if first.Expect.ID == "" || first.Expect.ID != second.Expect.ID {
		t.Errorf("equal steps have the expectations %q and %q", first.Expect.ID, second.Expect.ID)
	}
	if first.Expect.Answer != phrase.YesNo {
		t.Errorf("a yes-no question expects %q", first.Expect.Answer)
	}
	asks := one.say("yes")
	if asks.Expect.ID == first.Expect.ID || asks.Expect.Answer != phrase.Digits {
		t.Errorf("the next question expects %q, %q", asks.Expect.ID, asks.Expect.Answer)
	}
	remind := one.say("zero four seven two")
	if remind.Expect.Answer != phrase.Date || remind.Expect.Silence != 4*time.Second {
		t.Errorf("the reminder expects %q after %v", remind.Expect.Answer, remind.Expect.Silence)
	}
	for _, language := range []string{"en", "zh"} {
		for _, k := range []kind{kindDate, kindTime, kindMoney, kindNumber, kindDigits} {
			for _, p := range (&slot{kind: k, digits: 4}).patterns(language, time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)) {
				if _, err := phrase.Parse(p); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestEveryConversationEnds(t *testing.T) {
	for _, turn := range []dialog.Turn{
		{Kind: dialog.Quiet}, {Kind: dialog.Unclear}, {Kind: dialog.Said, Text: "again please"}, {Kind: dialog.Keyed, Keys: "7"},
		{Kind: dialog.Said, Text: "nine nine nine nine"}, {Kind: dialog.Said},
	} {
		k := talkWith(t, sound, scripted{"again please": intent("repeat"), "yes": intent("yes")})
		k.start()
		k.say("yes")
		ended := 0
		for i := range 40 {
			if k.turn(turn).End {
				ended = i + 1
				break
			}
		}
		if ended == 0 {
			t.Errorf("the conversation of %q only never ends", describe(turn))
		}
		if step := k.turn(turn); !step.End || len(step.Prompts) > 0 {
			t.Errorf("after its end the conversation of %q says %q", describe(turn), text(step))
		}
	}
}

func TestCorrectionsAreBounded(t *testing.T) {
	k := talkWith(t, sound, scripted{"yes": intent("yes")})
	k.start()
	k.say("yes")
	k.say("zero four seven two")
	days := []string{"tomorrow", "on monday", "on friday"}
	for i := range 20 {
		if k.say(days[i%len(days)]).End {
			return
		}
	}
	t.Error("twenty corrections did not end the call")
}

func TestTroubleOfTheClassifierIsAnError(t *testing.T) {
	k := talkWith(t, sound, scripted{})
	k.start()
	if _, err := k.policy.Next(t.Context(), k.state, dialog.Turn{Kind: dialog.Said, Text: "breaks", Now: thursday}); err == nil {
		t.Error("the error of the classifier is lost")
	}
	step := k.turn(dialog.Turn{Kind: dialog.Trouble})
	if !step.End || len(step.Prompts) == 0 || k.state.Outcome.Disposition != outcome.Failed {
		t.Errorf("trouble is answered by %q and %q", text(step), k.state.Outcome.Disposition)
	}
}

func TestDoubtIsAskedFirst(t *testing.T) {
	source := strings.Replace(sound, `dispute: {say:`, `dispute: {sure: "Do you say that it is wrong?", say:`, 1)
	words := scripted{
		"yes": {Intent: "yes", YesNo: new(true)}, "no": {Intent: "no", YesNo: new(false)},
		"hm wrong": {Intent: "dispute", Confidence: 0.6}, "it is wrong": intent("dispute"),
	}
	for _, c := range []struct {
		says []string
		ends bool
		want string
	}{
		{[]string{"hm wrong"}, false, "Do you say that it is wrong?"},
		{[]string{"hm wrong", "yes"}, true, "I will pass this on."},
		{[]string{"hm wrong", "no"}, false, "When can you pay it?"},
		{[]string{"it is wrong"}, true, "I will pass this on."},
	} {
		k := talkWith(t, source, words)
		k.start()
		k.say("yes")
		k.say("zero four seven two")
		var step dialog.Step
		for _, s := range c.says {
			step = k.say(s)
		}
		if step.End != c.ends || !strings.Contains(text(step), c.want) {
			t.Errorf("%q: ends %v with %q, want %v with %q", c.says, step.End, text(step), c.ends, c.want)
		}
	}
}

func TestMoodIsActedOnAtTheSecondSign(t *testing.T) {
	source := sound + "angry: {say: \"I am sorry.\", transfer: people}\n"
	harsh := nlu.Reading{Mood: nlu.Mood{Anger: 0.8, Labels: []string{"insult"}}}
	k := talkWith(t, source, scripted{"you fool": harsh})
	k.start()
	if step := k.say("you fool"); step.Transfer != "" {
		t.Error("one harsh word is taken for anger")
	}
	if step := k.say("you fool"); step.Transfer != "people" {
		t.Errorf("the second is answered by %q", text(step))
	}
	if step := k.turn(dialog.Turn{Kind: dialog.NoAgent}); !step.End || k.state.Outcome.Disposition != outcome.AgentRequested {
		t.Errorf("without an agent the outcome is %q", k.state.Outcome.Disposition)
	}
}

func TestWhatAnInterruptionCutIsSaidAfterTheAnswer(t *testing.T) {
	k := talkWith(t, strings.Replace(sound, `"You owe {amount_due}. When`, "\"You owe {amount_due}.\"\n      - \"When", 1),
		scripted{"yes": intent("yes"), "what is that": intent("repeat")})
	k.start()
	k.say("yes")
	k.say("zero four seven two")
	const owe, when = "You owe one hundred twenty eight dollars and fifty cents.", "When can you pay it?"
	for _, c := range []struct{ heard, want string }{
		{"", owe + " " + when},
		{"This is an attempt to collect a debt. You owe one", owe + " " + when},
		{"You owe one hundred", owe + " " + when},
		{owe + " When can", when},
		{"When can you", when},
		{owe, when},
		{owe + " " + when, when},
	} {
		at := k.state.Memory.(*memory)
		at.unclear, at.stuck, at.spoken = 0, 0, at.at.say
		step := k.turn(dialog.Turn{Kind: dialog.Unclear, Interrupted: true, Heard: c.heard})
		if got := text(step); got != "Sorry, I did not understand. "+c.want {
			t.Errorf("after hearing %q the bot says %q, want %q", c.heard, got, c.want)
		}
	}
}

func TestMachinesHearOnlyWhatIsMeantForThem(t *testing.T) {
	for _, c := range []struct {
		by     outcome.AnsweredBy
		leaves bool
	}{
		{outcome.Voicemail, true}, {outcome.IVR, false}, {outcome.Fax, false}, {outcome.Assistant, false}, {outcome.Screening, false},
	} {
		k := talkWith(t, sound, scripted{})
		step := k.turn(dialog.Turn{Kind: dialog.Machine, AnsweredBy: c.by})
		if len(step.Prompts) > 0 || step.End == c.leaves {
			t.Errorf("%s: says %q, ends %v", c.by, text(step), step.End)
		}
		if !c.leaves {
			continue
		}
		step = k.turn(dialog.Turn{Kind: dialog.Beep})
		if !step.End || !strings.Contains(text(step), "automated call for Lee") || k.state.Outcome.Disposition != outcome.MessageLeft {
			t.Errorf("after the beep: %q, %q", text(step), k.state.Outcome.Disposition)
		}
		if step = k.turn(dialog.Turn{Kind: dialog.Beep}); len(step.Prompts) > 0 {
			t.Error("the message is left twice")
		}
	}
}

func TestAPersonBehindAScreenerIsGreeted(t *testing.T) {
	source := strings.Replace(sound, "machine:\n", "machine:\n  screening: {say: \"An automated call for {name}.\"}\n", 1)
	k := talkWith(t, source, scripted{"hello": intent("hello"), "please stay on the line": {}})
	if step := k.turn(dialog.Turn{Kind: dialog.Machine, AnsweredBy: outcome.Screening}); text(step) != "An automated call for Lee." {
		t.Errorf("the screener hears %q", text(step))
	}
	if step := k.say("please stay on the line"); step.End || len(step.Prompts) > 0 {
		t.Errorf("the screener hears %q", text(step))
	}
	if step := k.say("hello"); !strings.Contains(text(step), "May I speak with Lee?") {
		t.Errorf("the person hears %q", text(step))
	}
}

func TestWhoComesToThePhoneLaterIsCheckedAnew(t *testing.T) {
	k := talkWith(t, sound, scripted{"yes": intent("yes"), "that is wrong": intent("dispute")})
	k.start()
	k.say("yes")
	k.say("zero four seven two")
	k.start()
	if step := k.say("that is wrong"); step.End {
		t.Errorf("a second person is taken for the first: %q", text(step))
	}
}

func TestLimitsOfSlots(t *testing.T) {
	day := func(n int) value { return value{kind: kindDate, at: thursday.AddDate(0, 0, n)} }
	money := func(minor int64) value {
		return value{kind: kindMoney, money: spoken.Money{Minor: minor, Currency: "USD"}}
	}
	for _, c := range []struct {
		title string
		slot  slot
		value value
		most  float64
		fits  bool
	}{
		{"today", slot{kind: kindDate}, day(0), 0, true},
		{"yesterday", slot{kind: kindDate}, day(-1), 0, false},
		{"the last day", slot{kind: kindDate, within: 14}, day(14), 0, true},
		{"a day too late", slot{kind: kindDate, within: 14}, day(15), 0, false},
		{"a past day", slot{kind: kindDate, past: true}, day(-30), 0, true},
		{"a coming day as past", slot{kind: kindDate, past: true}, day(1), 0, false},
		{"a moment gone", slot{kind: kindTime}, value{kind: kindTime, at: thursday.Add(-time.Minute)}, 0, false},
		{"a moment to come", slot{kind: kindTime, within: 1}, value{kind: kindTime, at: thursday.Add(30 * time.Hour)}, 0, true},
		{"all of it", slot{kind: kindMoney}, money(12850), 128.5, true},
		{"more than all", slot{kind: kindMoney}, money(12851), 128.5, false},
		{"nothing", slot{kind: kindMoney}, money(0), 0, false},
		{"enough digits", slot{kind: kindDigits, digits: 4}, value{text: "0472"}, 0, true},
		{"too few digits", slot{kind: kindDigits, digits: 4}, value{text: "472"}, 0, false},
		{"a number in its range", slot{kind: kindNumber, least: 2, most: 12}, value{number: 12}, 0, true},
		{"a number beyond", slot{kind: kindNumber, least: 2, most: 12}, value{number: 13}, 0, false},
	} {
		if got := c.slot.fits(c.value, c.most, thursday); got != c.fits {
			t.Errorf("%s: fits is %v", c.title, got)
		}
	}
}
