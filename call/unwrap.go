package call

// As finds what else a leg can do (Holder, Referrer): itself, or the leg that
// it wraps, as one does that a gate or a router gives. What wraps a leg has
// Unwrap() Leg; the answer may change until the call is answered.
func As[T any](l Leg) (T, bool) {
	for l != nil {
		if can, ok := l.(T); ok {
			return can, true
		}
		w, ok := l.(interface{ Unwrap() Leg })
		if !ok {
			break
		}
		l = w.Unwrap()
	}
	var none T
	return none, false
}
