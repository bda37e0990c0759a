package cache

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"parley/media/codec"
	"parley/tts"
)

// Stats are figures for metrics.
type Stats struct {
	Entries int
	Bytes   int64
	Hits    uint64
	Misses  uint64
	Evicted uint64
}

// key is what makes two prompts the same sound.
type key struct {
	voice tts.Voice
	text  string
}

// entry is one prompt's sound: being made until done is closed, immutable
// afterwards.
type entry struct {
	key   key
	done  chan struct{}
	ulaw  []byte
	marks []tts.Mark
	err   error
	place *list.Element // nil while it is being made
}

// wait returns once the sound is there, or why it will not be.
func (e *entry) wait(ctx context.Context) error {
	select {
	case <-e.done:
		return e.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cost is about what an entry takes of memory.
func (e *entry) cost() int64 {
	return int64(len(e.ulaw) + 2*len(e.key.text) + 64*len(e.marks) + 256)
}

// store keeps entries, the least recently used of them only as long as there
// is room.
type store struct {
	limit int64

	mu      sync.Mutex
	entries map[key]*entry
	recent  *list.List // of complete entries, the latest in front
	bytes   int64
	hits    uint64
	misses  uint64
	evicted uint64
}

func newStore(limit int64) *store {
	return &store{limit: limit, entries: map[key]*entry{}, recent: list.New()}
}

// get returns the entry of k; missing tells the caller that it has to make the
// sound and then call put.
func (s *store) get(k key) (e *entry, missing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[k]; ok {
		s.hits++
		if e.place != nil {
			s.recent.MoveToFront(e.place)
		}
		return e, false
	}
	s.misses++
	e = &entry{key: k, done: make(chan struct{})}
	s.entries[k] = e
	return e, true
}

// put completes an entry. What failed is not kept: the next call tries again.
func (s *store) put(e *entry, ulaw []byte, marks []tts.Mark, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.ulaw, e.marks, e.err = ulaw, marks, err
	close(e.done)
	if err != nil {
		delete(s.entries, e.key)
		return
	}
	e.place = s.recent.PushFront(e)
	s.bytes += e.cost()
	for s.bytes > s.limit && s.recent.Len() > 0 {
		last := s.recent.Remove(s.recent.Back()).(*entry)
		delete(s.entries, last.key)
		s.bytes -= last.cost()
		s.evicted++
	}
}

func (s *store) stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Entries: len(s.entries), Bytes: s.bytes, Hits: s.hits, Misses: s.misses, Evicted: s.evicted}
}

const (
	// makeBound is the longest that one fixed prompt may take.
	makeBound = 30 * time.Second
	// longestPrompt in samples: five minutes.
	longestPrompt = 5 * 60 * 8000
)

// entry returns the kept prompt, starting its synthesis when nobody has. The
// synthesis outlives a caller that gives up: others may wait for it.
func (c *Cache) entry(ctx context.Context, engine tts.Synthesizer, voice tts.Voice, text string) *entry {
	e, missing := c.kept.get(key{voice, text})
	if !missing {
		return e
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeBound)
	c.renders.Go(func() {
		defer cancel()
		ulaw, marks, err := render(ctx, engine, voice, text)
		if err != nil {
			err = fmt.Errorf("synthesise a fixed prompt with %s: %w", engine.Name(), err)
		}
		c.kept.put(e, ulaw, marks, err)
	})
	return e
}

func render(ctx context.Context, engine tts.Synthesizer, voice tts.Voice, text string) ([]byte, []tts.Mark, error) {
	s, err := engine.Speak(ctx, voice, tts.Text(text))
	if err != nil {
		return nil, nil, err
	}
	pcm, marks, err := tts.Collect(ctx, s, longestPrompt)
	if err != nil {
		return nil, nil, err
	}
	return codec.PCMU.AppendPayload(make([]byte, 0, len(pcm)), pcm), marks, nil
}
