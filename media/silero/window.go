package silero

import "math"

// window computes one window: samples are the context and the window, h and c
// the state, which it moves on. It returns the chance of speech.
//
// All that is in between lies on the stack, which every call of a beat thread
// shares: a call's own memory has left the caches by its next tick.
func (m *Model) window(samples *[context + Window]int16, h, c *[hidden]float32) float32 {
	var magnitudes [frames * padded]float32
	m.transform(samples, &magnitudes)

	// Each layer's frames lie one after another; a tap outside of them meets
	// nothing, so the rows are cut there instead of adding zeros.
	var first [frames * channels0]float32
	for t := range frames {
		from, to := max(t-1, 0), min(t+2, frames)
		skip := from - (t - 1)
		layer(first[t*channels0:(t+1)*channels0], m.conv0[skip*padded:], m.bias0, magnitudes[from*padded:to*padded], 3*padded)
	}
	var second [2 * channels1]float32
	layer(second[:channels1], m.conv1[channels0:], m.bias1, first[:2*channels0], 3*channels0)
	layer(second[channels1:], m.conv1, m.bias1, first[channels0:4*channels0], 3*channels0)
	var third [channels2]float32
	layer(third[:], m.conv2, m.bias2, second[:], 2*channels1)
	var input [2 * hidden]float32
	layer(input[:hidden], m.conv3, m.bias3, third[:], channels2)

	copy(input[hidden:], h[:])
	var gates [4 * hidden]float32
	dense(gates[:], m.lstm, input[:], 2*hidden)
	for i, b := range m.gates {
		gates[i] += b
	}
	out := m.lastBias
	for i := range hidden {
		in, forget := sigmoid(gates[i]), sigmoid(gates[hidden+i])
		cell, show := tanh(gates[2*hidden+i]), sigmoid(gates[3*hidden+i])
		c[i] = forget*c[i] + in*cell
		h[i] = show * tanh(c[i])
		out += max(h[i], 0) * m.last[i]
	}
	return sigmoid(out)
}

// transform writes the magnitudes of four spectra, each followed by zeros up to
// padded. The sound is continued at its end by its mirror image.
func (m *Model) transform(samples *[context + Window]int16, magnitudes *[frames * padded]float32) {
	const mirror = segment / 4
	var x [context + Window + mirror]float32
	for i, s := range samples {
		x[i] = float32(s) * (1.0 / 32768)
	}
	for i := range mirror {
		x[len(samples)+i] = x[len(samples)-2-i]
	}
	for t := range frames {
		var s [spectrum]float32
		dense(s[:], m.stft, x[t*segment/2:t*segment/2+segment], segment)
		to := magnitudes[t*padded : t*padded+bins]
		for i := range to {
			re, im := s[i], s[bins+i]
			to[i] = float32(math.Sqrt(float64(re*re + im*im)))
		}
	}
}

// layer is a dense layer with its bias and a rectifier.
func layer(y, w, bias, x []float32, stride int) {
	dense(y, w, x, stride)
	for i, b := range bias[:len(y)] {
		y[i] = max(y[i]+b, 0)
	}
}

// dense writes to every y the dot product of x with its row of w; rows are
// stride apart. len(y) and len(x) are multiples of 8.
func dense(y, w, x []float32, stride int) {
	for r := 0; r < len(y); r += 8 {
		dot8((*[8]float32)(y[r:]), w[r*stride:(r+7)*stride+len(x)], x, stride)
	}
}

// dot8Portable is dot8 for processors without a kernel of their own.
func dot8Portable(y *[8]float32, w, x []float32, stride int) {
	for r := 0; r < 8; r += 4 {
		n := len(x)
		w0, w1 := w[r*stride:][:n], w[(r+1)*stride:][:n]
		w2, w3 := w[(r+2)*stride:][:n], w[(r+3)*stride:][:n]
		// Two sums a row, so that one addition need not wait for the last.
		var a0, a1, a2, a3, b0, b1, b2, b3 float32
		for i := 0; i+1 < n; i += 2 {
			p, q := x[i], x[i+1]
			a0 += p * w0[i]
			b0 += q * w0[i+1]
			a1 += p * w1[i]
			b1 += q * w1[i+1]
			a2 += p * w2[i]
			b2 += q * w2[i+1]
			a3 += p * w3[i]
			b3 += q * w3[i+1]
		}
		y[r], y[r+1], y[r+2], y[r+3] = a0+b0, a1+b1, a2+b2, a3+b3
	}
}
