package call

import (
	"testing"
	"time"

	"parley/barge"
	"parley/ear"
	"parley/media"
	"parley/media/beat"
)

// TestNoSignalIsLost on the way to a conversation that stands still: every end
// of an utterance is a final that somebody waits for.
func TestNoSignalIsLost(t *testing.T) {
	d := newDuplex(newHandset(), ear.New(ear.Config{Language: "en"}), nil)
	const all = signalBuffer + 300
	for i := range all {
		d.now = time.Duration(i)
		d.tell(signal{kind: sigTurnEnd})
	}
	for i := range all {
		if got := <-d.signals; got.at != time.Duration(i) {
			t.Fatalf("signal %d is that of %d", i, got.at)
		}
		d.catchUp()
	}
	if d.lost != 0 || d.behind != nil || len(d.signals) != 0 {
		t.Errorf("%d lost, %d behind, %d left", d.lost, len(d.behind), len(d.signals))
	}
	for range signalBuffer + mostBehind + 5 {
		d.tell(signal{kind: sigTurnEnd})
	}
	if d.lost != 5 || len(d.behind) != mostBehind {
		t.Errorf("%d lost, %d behind: the wait has no bound", d.lost, len(d.behind))
	}
}

// TestWhatFollowsACutPromptDies, however late it comes; the next step's does not.
func TestWhatFollowsACutPromptDies(t *testing.T) {
	h := newHandset()
	d := newDuplex(h, ear.New(ear.Config{Language: "en"}), nil)
	of := func(step, n int) item {
		it := toneItem("one two three four")
		it.step, it.n = step, n
		return it
	}
	d.play(of(3, 0))
	for range 4 {
		d.tick(beat.Tick{})
	}
	d.act(ear.Heard{Decision: barge.Cut})
	d.speak()
	if !d.out.Is(media.Silence) || d.player.busy() {
		t.Error("the prompt plays on in the frame of the cut")
	}
	late := of(3, 1)
	d.play(late)
	if d.player.busy() || !late.stream.(*tone).closed {
		t.Error("a prompt of the step that was cut is played or still synthesised")
	}
	d.play(of(4, 0))
	if !d.player.busy() {
		t.Error("the next step is not said")
	}
	var ended []played
	for len(d.signals) > 0 {
		if s := <-d.signals; s.kind == sigPromptEnd {
			ended = append(ended, *s.played)
		}
	}
	if len(ended) != 2 || ended[0].heard != "one" || !ended[1].cut || ended[1].n != 1 || ended[1].heard != "" {
		t.Errorf("told of %+v", ended)
	}
}
