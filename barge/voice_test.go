package barge

import "testing"

func TestRegister(t *testing.T) {
	var v voice
	v.hear(80)
	if v.register(50) != 0 {
		t.Error("one frame tells no register")
	}
	for i := range 5000 { // 80 to 119, evenly
		v.hear(80 + i%40)
	}
	low, mid := v.register(10), v.register(50)
	if low < 80 || low > 88 || mid < 96 || mid > 104 {
		t.Errorf("register from %d, middle %d", low, mid)
	}
}

func TestTail(t *testing.T) {
	tell := func(pitch, level func(i int) int) tail {
		var s sounds
		for i := range 70 {
			s.add(pitch(i), level(i))
		}
		return s.tail(70, 20)
	}
	flat := func(v int) func(int) int { return func(int) int { return v } }
	fall := func(i int) int { return 120 - i/2 }
	if got := tell(flat(96), flat(20)); !got.pitched || got.height != 26 || got.glide != 0 || got.drop != 0 {
		t.Errorf("held: %+v", got)
	}
	if got := tell(fall, func(i int) int { return 20 - i/5 }); !got.pitched || got.glide >= 0 || got.drop < 8 {
		t.Errorf("falling: %+v", got)
	}
	if got := tell(flat(0), flat(20)); got.pitched {
		t.Errorf("unvoiced: %+v", got)
	}
}
