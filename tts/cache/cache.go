// Package cache is the synthesiser that calls use: it sends each voice to its
// engine, keeps the prompts that are the same in every call, and splices kept
// and personal sound into one stream.
//
//	Prompt ── fixed segment ──▶ kept sound ─┐
//	       └─ personal segment ─▶ engine ───┴─▶ one stream, marks shifted
package cache

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"parley/tts"
)

// Options of a Cache.
type Options struct {
	// Engines by the name that voices use.
	Engines map[string]tts.Synthesizer
	// Default is the engine of a voice that names none, by language; "" as the
	// language serves every other.
	Default map[string]string
	// Bytes bounds the kept sound, 8,000 bytes a second; 64 MiB by default.
	Bytes int64
}

// Cache is a tts.Prompter over several engines. It is safe for use by many
// goroutines.
type Cache struct {
	engines map[string]tts.Synthesizer
	byLang  map[string]string
	kept    *store
	renders sync.WaitGroup
}

var _ tts.Prompter = (*Cache)(nil)

const defaultBytes = 64 << 20

// New returns an empty cache.
func New(o Options) *Cache {
	if o.Bytes <= 0 {
		o.Bytes = defaultBytes
	}
	return &Cache{engines: o.Engines, byLang: o.Default, kept: newStore(o.Bytes)}
}

// Name implements tts.Synthesizer.
func (c *Cache) Name() string { return "cache" }

// Speak implements tts.Synthesizer for personal text: nothing of it is kept.
func (c *Cache) Speak(ctx context.Context, voice tts.Voice, text iter.Seq2[string, error]) (tts.Stream, error) {
	engine, voice, err := c.route(voice)
	if err != nil {
		return nil, err
	}
	return engine.Speak(ctx, voice, text)
}

// SpeakFixed speaks text that is the same in every call, from memory when it
// was spoken before. Callers that ask for the same at once share one synthesis.
func (c *Cache) SpeakFixed(ctx context.Context, voice tts.Voice, text string) (tts.Stream, error) {
	engine, voice, err := c.route(voice)
	if err != nil {
		return nil, err
	}
	return newReplay(ctx, c.entry(ctx, engine, voice, text)), nil
}

// Prompt implements tts.Prompter. Every segment begins to be synthesised at
// once, so the later ones are ready when the first has been heard.
func (c *Cache) Prompt(ctx context.Context, voice tts.Voice, segments []tts.Segment) (tts.Stream, error) {
	if len(segments) > mostSegments {
		return c.Speak(ctx, voice, tts.Text(joined(segments)))
	}
	s := &splice{}
	for _, seg := range segments {
		if !tts.Speakable(seg.Text) {
			s.text += seg.Text // a stop may stand alone after a name
			continue
		}
		part, err := c.part(ctx, voice, seg)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.add(part, seg.Text)
	}
	return s, nil
}

func (c *Cache) part(ctx context.Context, voice tts.Voice, seg tts.Segment) (tts.Stream, error) {
	if seg.Fixed {
		return c.SpeakFixed(ctx, voice, seg.Text)
	}
	return c.Speak(ctx, voice, tts.Text(seg.Text))
}

// mostSegments bounds the streams of one prompt; a longer one is spoken whole.
const mostSegments = 32

func joined(segments []tts.Segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Warm synthesises fixed texts before they are needed, two at a time. It tries
// all of them and returns what failed.
func (c *Cache) Warm(ctx context.Context, voice tts.Voice, texts []string) error {
	engine, voice, err := c.route(voice)
	if err != nil {
		return err
	}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed error
		next   = make(chan string)
	)
	for range 2 {
		wg.Go(func() {
			for text := range next {
				if err := c.entry(ctx, engine, voice, text).wait(ctx); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, text := range slices.Compact(slices.Sorted(slices.Values(texts))) {
		next <- text
	}
	close(next)
	wg.Wait()
	return failed
}

// Wait returns once no synthesis is running in the background. Call it after
// the last prompt, before the engines are stopped.
func (c *Cache) Wait() { c.renders.Wait() }

// Stats of the kept sound.
func (c *Cache) Stats() Stats { return c.kept.stats() }

// route finds a voice's engine.
func (c *Cache) route(voice tts.Voice) (tts.Synthesizer, tts.Voice, error) {
	if voice.Engine == "" {
		voice.Engine = c.byLang[voice.Language]
	}
	if voice.Engine == "" {
		voice.Engine = c.byLang[""]
	}
	engine, ok := c.engines[voice.Engine]
	if !ok {
		return nil, voice, fmt.Errorf("no synthesiser %q is configured for the voice %q: %w", voice.Engine, voice.Name, tts.ErrVoice)
	}
	return engine, voice, nil
}
