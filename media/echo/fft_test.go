package echo

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func TestTransform(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{256, longest} {
		re, im := make([]float32, n), make([]float32, n)
		in := make([]complex128, n)
		for i := range re {
			re[i], im[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
			in[i] = complex(float64(re[i]), float64(im[i]))
		}
		transform(re, im, make([]float32, n), make([]float32, n))
		for k := 0; k < n; k += 37 {
			var want complex128
			for i, v := range in {
				want += v * cmplx.Rect(1, -2*math.Pi*float64(i*k%n)/float64(n))
			}
			if got := complex(float64(re[k]), float64(im[k])); cmplx.Abs(got-want) > 1e-3 {
				t.Fatalf("%d points, bin %d: %v, want %v", n, k, got, want)
			}
		}
	}
}

func TestSpectrum(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	var x, back [size]float32
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	var s spectrum
	s.forward(&x)
	for k := 0; k < bins; k += 16 {
		var want complex128
		for i, v := range x {
			want += complex(float64(v), 0) * cmplx.Rect(1, -2*math.Pi*float64(i*k%size)/size)
		}
		if got := complex(float64(s.re[k]), float64(s.im[k])); cmplx.Abs(got-want) > 1e-3 {
			t.Errorf("bin %d: %v, want %v", k, got, want)
		}
	}
	s.inverse(&back)
	for i := range x {
		if math.Abs(float64(x[i]-back[i])) > 1e-5 {
			t.Fatalf("sample %d came back as %v, was %v", i, back[i], x[i])
		}
	}
}

func BenchmarkTransform(b *testing.B) {
	b.Run("512 real", func(b *testing.B) {
		var s spectrum
		var x [size]float32
		for b.Loop() {
			s.forward(&x)
		}
	})
	b.Run("4096 complex", func(b *testing.B) {
		re, im, wr, wi := make([]float32, longest), make([]float32, longest), make([]float32, longest), make([]float32, longest)
		for b.Loop() {
			transform(re, im, wr, wi)
		}
	})
}
