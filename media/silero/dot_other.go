//go:build !amd64

package silero

// fast is never true: there is no kernel for this processor.
var fast bool

// dot8 writes the dot products of x with 8 rows of w, which are stride apart.
// len(x) is even.
func dot8(y *[8]float32, w, x []float32, stride int) { dot8Portable(y, w, x, stride) }
