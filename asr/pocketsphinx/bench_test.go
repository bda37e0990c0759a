package pocketsphinx

import (
	"testing"

	"parley/asr"
	"parley/media"
	"parley/spoken"
)

// BenchmarkUtterance decodes a spoken phrase in this very process, both
// decoders and partials; the metric is its share of real time.
func BenchmarkUtterance(b *testing.B) {
	for _, c := range []struct{ language, voice, text string }{
		{"en", "flite kal16", "i want to speak to a person"},
		{"zh", "espeak-ng cmn-latn-pinyin+f2 -s 130 -p 60", "我要人工客服"},
	} {
		b.Run(c.language, func(b *testing.B) {
			m, err := findModels(models(b))
			if err != nil {
				b.Fatal(err)
			}
			lib, err := load()
			if err != nil {
				b.Fatal(err)
			}
			dict, err := readDictionary(c.language, m[c.language].Dictionary)
			if err != nil {
				b.Fatal(err)
			}
			v := &voice{model: m[c.language], dict: dict, lib: lib, grammars: map[string]*grammar{}}
			p, err := v.take()
			if err != nil {
				b.Fatal(err)
			}
			defer p.free()
			fit, err := fitting(8000, v.model.Rate)
			if err != nil {
				b.Fatal(err)
			}
			s := &session{
				voice: v, classes: spoken.Grammar, pair: p, fit: fit, send: func([]byte) error { return nil },
				clock: clock{rate: 8000}, loudness: loudness{frame: 80},
			}
			phrases := append(lines(c.text), "<yes>", "<no>", "i will pay [<amount>] on <date>", "<amount>")
			if c.language == "zh" {
				phrases = append(lines(c.text), "<yes>", "<no>", "我<date>还[<amount>]", "<amount>")
			}
			s.next = &asr.Expectation{ID: "bench", Phrases: phrases}
			if err := s.expect(); err != nil {
				b.Fatal(err)
			}
			pcm := speak(b, c.voice, c.text)
			b.ReportAllocs()
			for b.Loop() {
				for rest := pcm; len(rest) >= 160; rest = rest[160:] {
					if err := s.samplesForBench(rest[:160]); err != nil {
						b.Fatal(err)
					}
				}
				if err := s.finish(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/(float64(len(pcm))/8000), "x_realtime")
		})
	}
}

func (s *session) samplesForBench(pcm []int16) error {
	return s.Handle(appendSound(nil, media.Frame{PCM: pcm}))
}
