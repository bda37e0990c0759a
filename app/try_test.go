package app

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"parley/api"
	"parley/sip"
	"parley/tenant"
)

func TestTrunksOverHTTP(t *testing.T) {
	d := newDesk(t)
	var got struct{ Items []api.Trunk }
	body := d.as(tenant.Default, "GET", "/api/v1/trunks", nil).want(200).into(&got).body
	if len(got.Items) != 2 || got.Items[0].Name != "a" || !got.Items[0].Takes || got.Items[0].Breaker != "closed" || got.Items[0].Channels != 7 || got.Items[0].Registration != nil {
		t.Errorf("got %s", body)
	}
}

// TestTrunkStatesTellWhatIsWrong: a registrar and a trunk that are not there,
// in the words that the API gives.
func TestTrunkStatesTellWhatIsWrong(t *testing.T) {
	far, err := net.ListenPacket("udp4", "127.0.0.1:0") // takes everything and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	c := Defaults()
	c.SIP.Listen = "127.0.0.1:0"
	c.Trunks = []TrunkConfig{{
		Name: "a", Host: far.LocalAddr().String(), Username: "u", Probe: time.Second,
		Register: RegisterConfig{Registrar: far.LocalAddr().String(), Expires: time.Minute},
	}}
	stack, err := newSIP(c, sip.Options{Drain: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stack.Run(ctx) }()
	err = await(t.Context(), 20*time.Second, func() error {
		state := statesOf(stack)[0]
		if state.Probe == nil || state.Registration.Problem == "" {
			return context.DeadlineExceeded
		}
		return nil
	})
	state := statesOf(stack)[0]
	for _, names := range []string{"", "a", "b, a"} {
		if err := registered(stack, names); !errors.Is(err, sip.ErrNotRegistered) {
			t.Errorf("a call by %q need not wait: %v", names, err)
		}
	}
	cancel()
	if err != nil || state.Takes || state.Registration.Stands || !strings.Contains(state.Registration.Problem, "does not answer") ||
		!strings.Contains(state.Probe.Problem, "no answer came in time") || state.Probe.Address != far.LocalAddr().String() {
		t.Errorf("%v, %+v, registration %+v, probe %+v", err, state, state.Registration, state.Probe)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
