package silero

import "golang.org/x/sys/cpu"

// fast: the processor has what dot8AVX2 needs.
var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// dot8 writes the dot products of x with 8 rows of w, which are stride apart.
// len(x) is a multiple of 8.
func dot8(y *[8]float32, w, x []float32, stride int) {
	if !fast || len(x) < 8 {
		dot8Portable(y, w, x, stride)
		return
	}
	_ = w[7*stride+len(x)-1]
	dot8AVX2(y, &w[0], &x[0], len(x)/8, 4*stride)
}

// dot8AVX2 takes the columns in steps of 8 and the stride in bytes.
//
//go:noescape
func dot8AVX2(y *[8]float32, w, x *float32, steps, stride int)
