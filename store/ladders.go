package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"parley/ladder"
)

// Ladder gives the signalling of a call that has ended. NotFound also when none
// was kept.
func (s *Store) Ladder(ctx context.Context, tenant, id string) (ladder.Ladder, error) {
	var packed []byte
	var l ladder.Ladder
	if err := s.one(ctx, "ladder", "SELECT data FROM ladders WHERE tenant = ?1 AND call = ?2", []any{tenant, id}, &packed); err != nil {
		return l, err
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxLadder))
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		return l, fmt.Errorf("a stored ladder cannot be read: %w", err)
	}
	return l, nil
}

// maxLadder bounds what is unpacked; a tape keeps far less.
const maxLadder = 1 << 20

// keepLadder keeps a call's signalling, packed before.
func (t *tx) keepLadder(tenant, id string, packed []byte) error {
	if packed == nil {
		return nil
	}
	_, err := t.exec("INSERT INTO ladders (tenant, call, data) VALUES (?1, ?2, ?3) ON CONFLICT (tenant, call) DO UPDATE SET data = excluded.data",
		tenant, id, packed)
	return err
}

// packers are kept because a new one takes more memory than it ever packs.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return w
}}

// pack makes a ladder a sixth of its size or less; nil of nil. It is called
// before the writer's queue, which must not wait for it.
func pack(l *ladder.Ladder) []byte {
	if l == nil {
		return nil
	}
	var out bytes.Buffer
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(&out)
	_, _ = io.WriteString(w, doc(l)) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
