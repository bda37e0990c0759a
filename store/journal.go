package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"
)

// journal is the second witness of every attempt: an append-only file, one
// line a record, each with its own checksum, on the disk before the INVITE.
// A database that was restored or lost its tail is compared with it at start.
type journal struct {
	path  string
	f     *os.File
	size  int64 // up to here the file is whole and on the disk
	queue chan entry
	done  chan struct{}
	// found is what the file held when it was opened; damaged counts records
	// in its middle that cannot be read.
	found   []record
	damaged int
}

// record is one attempt.
type record struct {
	Attempt  string `json:"attempt"`
	Number   string `json:"number"`
	At       int64  `json:"at"` // milliseconds since 1970
	Tenant   string `json:"tenant"`
	Campaign string `json:"campaign,omitempty"`
	Contact  string `json:"contact,omitempty"`
	Person   string `json:"person,omitempty"`
}

type entry struct {
	line []byte
	done chan error
}

// keepFor is longer than any window of the rules looks back.
const keepFor = 9 * 24 * time.Hour

// maxLine bounds a record; a longer line is damage.
const maxLine = 16 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (r record) line() ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(body) > maxLine-20 {
		return nil, errors.New("an attempt's record is too long")
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(body, castagnoli), body), nil
}

func parseRecord(line []byte) (record, bool) {
	sum, body, ok := bytes.Cut(line, []byte(" "))
	if !ok || string(sum) != fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli)) {
		return record{}, false
	}
	var r record
	return r, json.Unmarshal(body, &r) == nil && r.Attempt != ""
}

// readJournal reads every whole record. A torn last one is what a power cut
// leaves behind: its INVITE was never sent, and good tells where it begins.
// Unreadable lines before that are damage and are counted.
func readJournal(r io.Reader) (records []record, good int64, damaged int, err error) {
	b := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := b.ReadSlice('\n')
		size := int64(len(line))
		for errors.Is(err, bufio.ErrBufferFull) { // no record of ours
			line, err = b.ReadSlice('\n')
			size += int64(len(line))
			line = line[:0]
		}
		if errors.Is(err, io.EOF) {
			return records, good, damaged, nil // whatever has no line end is torn
		}
		if err != nil {
			return nil, 0, 0, err
		}
		if rec, ok := parseRecord(bytes.TrimSuffix(line, []byte("\n"))); ok {
			records = append(records, rec)
		} else {
			damaged++
		}
		good += size
	}
}

func openJournal(path string) (*journal, error) {
	j := &journal{path: path, queue: make(chan entry, maxQueue), done: make(chan struct{})}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the attempt journal: %w", err)
	}
	j.f = f
	if j.found, j.size, j.damaged, err = readJournal(f); err == nil {
		// What was torn goes, so that the next record begins a line.
		err = j.cut()
	}
	if err == nil {
		err = syncFolder(path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading the attempt journal: %w", err)
	}
	return j, nil
}

// cut drops everything behind the last whole record.
func (j *journal) cut() error {
	if err := j.f.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.f.Seek(j.size, io.SeekStart)
	return err
}

// append returns after the record is on the disk.
func (j *journal) append(ctx context.Context, r record) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	e := entry{line, make(chan error, 1)}
	select {
	case j.queue <- e:
	case <-j.done:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-e.done:
		return err
	case <-j.done:
		select {
		case err := <-e.done:
			return err
		default:
			return errClosed
		}
	}
}

// run writes in groups, as the database's writer does.
func (j *journal) run(ctx context.Context) {
	defer close(j.done)
	for {
		var group []entry
		select {
		case e := <-j.queue:
			group = append(group, e)
		case <-ctx.Done():
			select {
			case e := <-j.queue:
				group = append(group, e)
			default:
				return
			}
		}
	fill:
		for len(group) < maxGroup {
			select {
			case e := <-j.queue:
				group = append(group, e)
			default:
				break fill
			}
		}
		err := j.write(group)
		for _, e := range group {
			e.done <- err
		}
	}
}

func (j *journal) write(group []entry) error {
	var text []byte
	for _, e := range group {
		text = append(text, e.line...)
	}
	_, err := j.f.Write(text)
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		// Half a group on the disk would look like attempts that began.
		return Unavailable{Why: "the attempt journal cannot be written; check the disk of the data folder", Cause: errors.Join(err, j.cut())}
	}
	j.size += int64(len(text))
	return nil
}

// forget rewrites the file without the records that no rule asks about any
// more. Only Recover calls it, before anything is dialled.
func (j *journal) forget(before time.Time) error {
	var kept []record
	for _, r := range j.found {
		if r.At >= before.UnixMilli() {
			kept = append(kept, r)
		}
	}
	if len(kept) == len(j.found) && j.damaged == 0 {
		return nil
	}
	f, err := os.OpenFile(j.path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	var size int64
	w := bufio.NewWriter(f)
	for _, r := range kept {
		line, err := r.line()
		if err != nil {
			f.Close()
			return err
		}
		size += int64(len(line))
		_, _ = w.Write(line) // Flush tells
	}
	err = errors.Join(w.Flush(), f.Sync())
	if err == nil && j.damaged > 0 { // the evidence is kept
		err = os.Link(j.path, fmt.Sprintf("%s.damaged-%d", j.path, time.Now().UnixMilli()))
	}
	if err == nil {
		err = os.Rename(j.path+".new", j.path)
	}
	if err == nil {
		err = syncFolder(j.path)
	}
	if err != nil {
		f.Close()
		return err
	}
	old := j.f
	j.f, j.size, j.found, j.damaged = f, size, kept, 0
	return old.Close()
}

func (j *journal) close() error { return j.f.Close() }

// syncFolder makes a name durable.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
