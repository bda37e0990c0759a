package barge

import "time"

// Scaled is the configuration with every silence that ends a turn at percent
// of its length. An evaluation draws the curve of latency against cut-offs
// with it; everything else stays.
func (c Config) Scaled(percent int) Config {
	c = c.withDefaults()
	p := &c.Pauses
	for _, v := range []*time.Duration{&p.YesNo, &p.Choice, &p.Free, &p.Paused, &p.Open} {
		*v = max(*v*time.Duration(percent)/100, tick)
	}
	return c
}
