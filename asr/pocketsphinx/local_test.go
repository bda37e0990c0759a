package pocketsphinx

import (
	"testing"

	"parley/asr"
	"parley/media"
)

// TestLocalIsTheWorker: an evaluation's recogniser, which runs in its own
// process and in step, hears what a call's hears in its worker.
func TestLocalIsTheWorker(t *testing.T) {
	r := recognizer(t)
	local, err := NewLocal(Options{Models: models(t)})
	if err != nil {
		t.Fatal(err)
	}
	for language, c := range map[string]struct {
		voice string
		said  []string
		asr.Expectation
	}{
		"en": {"flite kal16", []string{"i already paid it", "bananas", "by credit card"}, asr.Expectation{ID: "all", Phrases: englishPhrases}},
		"zh": {"espeak-ng cmn-latn-pinyin+f2 -s 130 -p 60", []string{"我已经还了", "苹果香蕉葡萄", "你是谁"}, asr.Expectation{ID: "all", Phrases: chinesePhrases}},
	} {
		far := openStream(t, r, language)
		far.Expect(c.Expectation)
		near, err := local.Open(asr.Config{Language: language, Rate: media.Rate8k})
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		if err := near.Expect(c.Expectation); err != nil {
			t.Fatal(err)
		}
		for _, text := range c.said {
			pcm := speak(t, c.voice, text)
			_, want := hear(t, far, pcm)
			var got asr.Result
			f := media.Frame{Rate: media.Rate8k}
			for n := media.Rate8k.Samples(); len(pcm) >= n; pcm = pcm[n:] {
				f.PCM = pcm[:n]
				if _, err := near.Write(f); err != nil {
					t.Fatal(err)
				}
				f.At += media.Tick
			}
			all, err := near.Finish()
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range all {
				if one.Final {
					got = one
				}
			}
			if got.Text != want.Text || got.Rejected != want.Rejected || len(got.Words) != len(want.Words) || !got.Final {
				t.Errorf("%q: %q (rejected %v) in the own process, %q (rejected %v) in the worker", text, got.Text, got.Rejected, want.Text, want.Rejected)
			}
		}
	}
	if _, err := near(local); err == nil {
		t.Error("a language without a model was opened")
	}
}

func near(l *Local) (*Stepped, error) {
	return l.Open(asr.Config{Language: "tlh", Rate: media.Rate8k})
}
