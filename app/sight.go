package app

import (
	"parley/call"
	"parley/rules"
)

// sight watches every call for those who look after the trunks: its ladder, and
// the trunks' figures. A nil one watches nothing.
type sight struct {
	ladders *ladders
	trunks  *trunkFigures // nil for none
}

// begin and end frame a call's life; ended comes between them, once.
func (s *sight) begin(t call.Target) {
	if s != nil {
		s.ladders.begin(t.Call)
	}
}

func (s *sight) end(t call.Target) {
	if s != nil {
		s.ladders.end(t.Call)
	}
}

// came: a call that came in is t here; before begin.
func (s *sight) came(t call.Target, leg call.Leg) {
	known, ok := leg.(interface{ CallID() string })
	if s == nil || !ok {
		return
	}
	s.ladders.name(known.CallID(), t.Call)
	s.ladders.step(t.Call, "trunk: "+t.Trunk+", the customer calls")
}

// refused: the gate stopped a call.
func (s *sight) refused(t call.Target, why error) {
	if s != nil {
		s.ladders.step(t.Call, "gate: "+why.Error())
	}
}

// passed: the gate lets a call pass to the trunk of the target; tried: that
// trunk's part in it is over.
func (s *sight) passed(t call.Target, ruled []rules.Ruling) {
	if s == nil {
		return
	}
	if last := s.ladders.takeTry(t.Call); last != nil {
		s.trunks.tried(*last)
	}
	s.ladders.passed(t, ruled)
}

func (s *sight) tried(t call.Target, c call.Cause) {
	if s == nil {
		return
	}
	if c.SIP == 0 && c.Err != nil { // no message says why
		s.ladders.step(t.Call, "failed: "+c.Err.Error())
	}
	s.ladders.keepTry(t.Call, try{trunk: t.Trunk, network: c.Network, sip: c.SIP})
}

// moment is something the call tells about itself.
func (s *sight) moment(t call.Target, m call.Moment) {
	if s != nil {
		s.ladders.moment(t.Call, m)
	}
}

// ended takes the report of a call that is over and adds its ladder.
func (s *sight) ended(t call.Target, r *call.Report) {
	if s == nil {
		return
	}
	s.ladders.step(t.Call, endOf(*r))
	r.Ladder = s.ladders.kept(t.Call)
	if last := s.ladders.takeTry(t.Call); last != nil {
		last.network = r.Network // an announcement may have said more than the status
		s.trunks.tried(*last)
	}
	s.trunks.ended(*r, s.ladders.invited(t.Call))
}
