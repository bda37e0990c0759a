package jitter

// adjust moves the delay towards the target before a frame is played: by
// skipping samples if it is too long, by inventing some if it is too short,
// both only where nobody speaks. A delay beyond the maximum is cut anywhere. It
// returns how many samples at the frame's beginning it has filled.
func (b *Buffer) adjust(t uint32) int {
	delay, target := b.offset(t)-b.least(), b.target()
	if b.starved > 0 { // the delay shows only when sound goes on
		return 0
	}
	b.stats.delay, b.stats.target = delay, target
	switch {
	case delay > target+b.slack:
		b.wish = max(b.wish, 0) + 1
	case delay < target-b.slack:
		b.wish = min(b.wish, 0) - 1
	default:
		b.wish = 0
	}
	n := len(b.frame)
	switch {
	case b.wish >= patience && delay > b.max:
		return b.skip(delay - target)
	case b.wish >= patience && b.quiet(n+int(b.step)):
		return b.skip(min(delay-target, b.step))
	case b.wish <= -patience && b.quiet(n):
		return b.insert(min(target-delay, b.step))
	}
	return 0
}

// quiet reports whether the next n samples are all there and none is voiced.
func (b *Buffer) quiet(n int) bool {
	for i := range n {
		if b.mark[(b.play+uint32(i))&b.mask] != present {
			return false
		}
	}
	return true
}

// skip drops up to n samples, as far as a whole frame stays behind them, and
// blends the sound before with the sound after.
func (b *Buffer) skip(n int32) int {
	n = min(n, int32(b.end-b.play)-int32(len(b.frame)), int32(len(b.pcm)))
	if n <= 0 {
		return 0
	}
	b.stats.dropped += int64(n)
	blend := min(n, b.blend)
	if b.run(int(blend), true) < int(blend) {
		blend = 0
	}
	var before [1 << 8]int16
	old := before[:min(int(blend), len(before))]
	for i := range old {
		old[i] = b.pcm[(b.play+uint32(i))&b.mask]
	}
	for range n {
		b.mark[b.play&b.mask] = 0
		b.play++
	}
	if b.run(len(old), true) < len(old) {
		return 0
	}
	out := b.frame[:len(old)]
	b.take(out)
	for i := range out {
		out[i] = int16((int(old[i])*(len(old)-i) + int(out[i])*(i+1)) / (len(old) + 1))
	}
	b.conceal.heard(out)
	b.stats.played += int64(len(out))
	return len(out)
}

// insert begins the frame with n invented samples; play stands still meanwhile.
func (b *Buffer) insert(n int32) int {
	n = min(max(n, 0), b.step) // a wild clock may have made the difference wrap
	b.stats.inserted += int64(n)
	b.conceal.invent(b.frame[:n])
	return int(n)
}
