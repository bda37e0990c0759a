package ear

import "testing"

func TestJury(t *testing.T) {
	for _, c := range []struct {
		name         string
		noise, model float64
		frames       int
		voiced       bool
	}{
		{"both say yes", 0.9, 0.9, 200, true},
		{"both say no", 0.1, 0.05, 1, false},
		{"speech in hum, which the network misses", 0.99, 0.05, 5, true},
		{"music, which the noise model believes", 0.99, 0.05, 100, false},
		{"a frame of doubt is no veto", 0.99, 0.3, 200, true},
	} {
		j := NewJury()
		var voice int
		for range c.frames {
			voice = j.Join(c.noise, c.model)
		}
		if (voice >= heldVoiced) != c.voiced {
			t.Errorf("%s: %d", c.name, voice)
		}
	}
}

// TestVetoEnds: somebody who speaks into music is heard as soon as the network
// hears him, and words with pauses between them never add up to a veto.
func TestVetoEnds(t *testing.T) {
	j := NewJury()
	for range 500 {
		j.Join(0.99, 0.01)
	}
	if voice := j.Join(0.99, 0.01); voice > vetoed {
		t.Fatalf("music is a voice of %d", voice)
	}
	if voice := j.Join(0.99, 0.6); voice < heldVoiced {
		t.Errorf("a voice in music is one of %d", voice)
	}
	j = NewJury()
	for i := range 2000 {
		voice := 100
		if i%60 < 20 {
			voice = j.Join(0.99, 0.05)
		} else {
			j.Join(0.1, 0.05)
		}
		if voice < heldVoiced {
			t.Fatalf("a word in noise is vetoed at frame %d", i)
		}
	}
}
