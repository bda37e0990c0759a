package silero

import "math"

// exp is e to the x with the accuracy of a float32: two to a whole number by its
// bits, two to the rest by a polynomial (its Taylor series at ±0.5, with an
// error below 2e-8). 640 of them are in every window.
func exp(x float32) float32 {
	x = min(max(x, -80), 80)
	// Adding and taking away 1.5·2²³ rounds to a whole number. Its logarithm is
	// taken away in two parts, the first of which is exact.
	const round = 3 << 22
	whole := (x*math.Log2E + round) - round
	f := x - whole*0.693359375 + whole*2.12194440e-4
	p := 1 + f*(1+f*(1.0/2+f*(1.0/6+f*(1.0/24+f*(1.0/120+f*(1.0/720))))))
	return math.Float32frombits(uint32(int32(whole)+127)<<23) * p
}

func sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }

func tanh(x float32) float32 { return 2/(1+exp(-2*x)) - 1 }
