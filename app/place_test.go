package app

import (
	"errors"
	"strings"
	"testing"

	"parley/call"
	"parley/nlu/keyword"
	"parley/tts"
)

// TestNobodyIsRungWithoutAVoice: a missing engine is found before the INVITE,
// so the contact is kept and counted as never called.
func TestNobodyIsRungWithoutAVoice(t *testing.T) {
	shelf, err := newFlowShelf("", keyword.New(keyword.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	e := &engines{missing: map[string]error{"flite": errors.New("not found")}}
	dialled := &counter{}
	l := &placer{flows: shelf, dialer: dialled, speaks: e.speaks, region: "US", slots: make(chan struct{}, 1), live: map[string]*liveCall{}}
	_, err = l.Prepare(t.Context(), call.Target{To: "+12025550100", Flow: "payment-reminder.en"})
	if err == nil || !strings.Contains(err.Error(), "apt-get install flite") {
		t.Errorf("Prepare gave %v", err)
	}
	if len(l.slots) != 0 {
		t.Error("a call that cannot be prepared keeps a line")
	}
	if len(dialled.dialled) != 0 {
		t.Errorf("dialled %v", dialled.dialled)
	}
	if err := e.speaks(tts.Voice{Engine: "espeak-ng"}); err != nil {
		t.Errorf("an engine that is there: %v", err)
	}
}
