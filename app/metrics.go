package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/media/beat"
)

// newMetrics serves what an operator watches. Labels are bounded and hold no
// tenant's data.
func newMetrics(l *placer, wheel *beat.Wheel, e *engines, trunks *trunkFigures) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, read func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "parley_" + name, Help: help}, read))
	}
	counter := func(name, help string, read func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "parley_" + name, Help: help}, read))
	}
	gauge("calls", "Calls under way.", func() float64 { return float64(l.count()) })
	gauge("beat_late_p99_seconds", "How late the media clock ticks, 99th percentile since the start.",
		func() float64 { return wheel.Lateness().Quantile(0.99).Seconds() })
	counter("beat_ticks_total", "Ticks of the media clock over all calls.", func() float64 { return float64(wheel.Lateness().Ticks) })
	counter("beat_missed_total", "Ticks that never ran because the media clock was too late.",
		func() float64 { return float64(wheel.Lateness().Missed) })
	gauge("prompt_cache_bytes", "Synthesised prompts kept in memory.", func() float64 { return float64(e.voices.Stats().Bytes) })
	counter("prompt_cache_hits_total", "Prompts spoken from memory.", func() float64 { return float64(e.voices.Stats().Hits) })
	counter("prompt_cache_misses_total", "Fixed prompts that had to be synthesised.", func() float64 { return float64(e.voices.Stats().Misses) })
	gauge("engines_ready", "1 when calls can be held.", func() float64 {
		if e.ready() != nil {
			return 0
		}
		return 1
	})
	return promhttp.HandlerFor(prometheus.Gatherers{r, trunks.registry}, promhttp.HandlerOpts{})
}
