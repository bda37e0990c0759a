package app

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/call"
	"parley/outcome"
	"parley/sip"
)

// trunkFigures are what an operator watches of each trunk. Their one unbounded
// word would be the trunk's name, so only those of the configuration count. A
// nil one counts nothing.
//
// The counters are for a time series: over any span ASR is answered/attempts
// and ACD talk/answered. For a glance without one, two gauges give both over
// the last windowMinutes.
type trunkFigures struct {
	registry *prometheus.Registry
	attempts *prometheus.CounterVec
	answered *prometheus.CounterVec
	talk     *prometheus.CounterVec
	ends     *prometheus.CounterVec
	pdd      *prometheus.HistogramVec
	mos      *prometheus.HistogramVec

	mu      sync.Mutex
	windows map[string]*window // by trunk; never grows
}

func newTrunkFigures(names []string) *trunkFigures {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_trunk_" + name, Help: help}, append([]string{"trunk"}, labels...))
	}
	histogram := func(name, help string, buckets ...float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "parley_trunk_" + name, Help: help, Buckets: buckets}, []string{"trunk"})
	}
	f := &trunkFigures{
		registry: prometheus.NewRegistry(), windows: map[string]*window{},
		attempts: counter("attempts_total", "Calls whose INVITE went to the trunk, counted at their end there; one that moves on counts at each trunk."),
		answered: counter("answered_total", "Of these, the answered ones: answered / attempts is the answer-seizure ratio."),
		talk:     counter("talk_seconds_total", "Talk time of the answered calls: divided by answered, the average call duration."),
		ends:     counter("ends_total", "How the attempts ended: the network result, and the class of the final SIP status.", "network", "sip"),
		pdd:      histogram("pdd_seconds", "Post-dial delay: from the INVITE to the first 18x. Calls without an 18x do not count.", 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20),
		mos:      histogram("mos", "Quality of the received sound of answered calls, both directions, as the E-model estimates it.", 1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.2, 4.4),
	}
	f.registry.MustRegister(f.attempts, f.answered, f.talk, f.ends, f.pdd, f.mos)
	for _, name := range names {
		f.windows[name] = &window{}
		f.attempts.WithLabelValues(name) // so that a trunk without calls shows a zero
		f.answered.WithLabelValues(name)
		f.talk.WithLabelValues(name)
		f.gauge(name, "asr_ratio", fmt.Sprintf("Answer-seizure ratio of the last %d minutes; NaN without attempts.", windowMinutes),
			func(w *window) float64 {
				attempts, answered, _ := w.sum(time.Now())
				return ratio(float64(answered), attempts)
			})
		f.gauge(name, "acd_seconds", fmt.Sprintf("Average call duration of the last %d minutes; NaN without answered calls.", windowMinutes),
			func(w *window) float64 {
				_, answered, talk := w.sum(time.Now())
				return ratio(talk.Seconds(), answered)
			})
	}
	return f
}

func ratio(sum float64, n int) float64 {
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

func (f *trunkFigures) gauge(trunk, name, help string, read func(*window) float64) {
	f.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parley_trunk_" + name, Help: help, ConstLabels: prometheus.Labels{"trunk": trunk},
	}, func() float64 {
		f.mu.Lock()
		defer f.mu.Unlock()
		return read(f.windows[trunk])
	}))
}

// watch adds what the trunks do now.
func (f *trunkFigures) watch(states func() []sip.TrunkState) {
	f.registry.MustRegister(&trunkStates{
		read:    states,
		takes:   prometheus.NewDesc("parley_trunk_takes_calls", "1 when the trunk gets calls now: it does not rest, and is registered where it registers.", []string{"trunk"}, nil),
		live:    prometheus.NewDesc("parley_trunk_channels_in_use", "Calls on the trunk now.", []string{"trunk"}, nil),
		limit:   prometheus.NewDesc("parley_trunk_channels", "Calls that the trunk takes at one time; 0 without bound.", []string{"trunk"}, nil),
		breaker: prometheus.NewDesc("parley_trunk_breaker", "1 for the state the trunk is in: closed (calls go there), open, half_open (one call tries) or resting (it asked for a rest).", []string{"trunk", "state"}, nil),
	})
}

// trunkStates asks the SIP stack at every scrape.
type trunkStates struct {
	read                        func() []sip.TrunkState
	takes, live, limit, breaker *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (s *trunkStates) Describe(all chan<- *prometheus.Desc) {
	all <- s.takes
	all <- s.live
	all <- s.limit
	all <- s.breaker
}

// Collect implements prometheus.Collector.
func (s *trunkStates) Collect(all chan<- prometheus.Metric) {
	for _, t := range s.read() {
		all <- prometheus.MustNewConstMetric(s.takes, prometheus.GaugeValue, truth(t.Takes), t.Name)
		all <- prometheus.MustNewConstMetric(s.live, prometheus.GaugeValue, float64(t.Live), t.Name)
		all <- prometheus.MustNewConstMetric(s.limit, prometheus.GaugeValue, float64(t.Channels), t.Name)
		for _, b := range sip.Breakers {
			all <- prometheus.MustNewConstMetric(s.breaker, prometheus.GaugeValue, truth(b == t.Breaker), t.Name, string(b))
		}
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// try is one trunk's part in a call: its INVITE left.
type try struct {
	trunk   string
	network outcome.Network
	sip     int
}

// tried counts a trunk's part that is over.
func (f *trunkFigures) tried(t try) {
	if f == nil || f.windows[t.trunk] == nil {
		return
	}
	answered := t.network == outcome.Answered
	f.attempts.WithLabelValues(t.trunk).Inc()
	f.ends.WithLabelValues(t.trunk, string(t.network), sipClass(t.sip)).Inc()
	if answered {
		f.answered.WithLabelValues(t.trunk).Inc()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.windows[t.trunk].attempt(time.Now(), answered)
}

// sipClass bounds the label: "2xx" to "6xx", "none" where no final status came.
func sipClass(code int) string {
	if code < 200 || code > 699 {
		return "none"
	}
	return fmt.Sprintf("%dxx", code/100)
}

// ended counts what the whole call shows of the trunk that carried it, whose
// INVITE left then.
func (f *trunkFigures) ended(r call.Report, invited time.Time) {
	if f == nil || f.windows[r.Trunk] == nil {
		return
	}
	if r.Media != nil && r.Media.MOS > 0 && !r.Answered.IsZero() {
		f.mos.WithLabelValues(r.Trunk).Observe(r.Media.MOS)
	}
	if r.Direction == call.Inbound {
		return
	}
	if !invited.IsZero() && r.Ringing.After(invited) {
		f.pdd.WithLabelValues(r.Trunk).Observe(r.Ringing.Sub(invited).Seconds())
	}
	if r.Network == outcome.Answered {
		talk := time.Duration(r.TalkMS) * time.Millisecond
		f.talk.WithLabelValues(r.Trunk).Add(talk.Seconds())
		f.mu.Lock()
		defer f.mu.Unlock()
		f.windows[r.Trunk].talked(time.Now(), talk)
	}
}
