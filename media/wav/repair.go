package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is what Repair needs of a file.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// RepairFile makes the sizes in a file's header those of the file, after a
// crash between writing samples and counting them; half a block at the end is
// cut off. It reports whether anything had to be changed. A file that is whole,
// with or without chunks behind its samples, is left alone.
func RepairFile(f File) (changed bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("wav: %w", err)
	}
	l, err := scan(f, info.Size())
	if err != nil {
		return false, fmt.Errorf("wav: repair: %w", err)
	}
	rest := info.Size() - l.data
	if l.size <= rest && l.riffSize == info.Size()-8 && chunksFollow(f, l.data+l.size+l.size&1, info.Size()) {
		return false, nil
	}
	size := min(rest, dataMost) / int64(l.format.block) * int64(l.format.block)
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(size))
	if _, err := f.WriteAt(b[:], l.data-4); err != nil {
		return false, fmt.Errorf("wav: repair: %w", err)
	}
	binary.LittleEndian.PutUint32(b[:], uint32(l.data-8+size))
	if _, err := f.WriteAt(b[:], 4); err != nil {
		return false, fmt.Errorf("wav: repair: %w", err)
	}
	if err := f.Truncate(l.data + size); err != nil {
		return false, fmt.Errorf("wav: repair: %w", err)
	}
	return true, nil
}

// chunksFollow reports whether the bytes from at to the end are whole chunks
// with printable names, or nothing; otherwise they are samples.
func chunksFollow(r io.ReaderAt, at, size int64) bool {
	for range chunksMost {
		if at >= size { // a pad byte may be missing at the very end
			return at <= size+1
		}
		var head [8]byte
		if at+8 > size || readAt(r, head[:], at) != nil {
			return false
		}
		for _, c := range head[:4] {
			if c < ' ' || c > '~' {
				return false
			}
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		at += 8 + length + length&1
	}
	return false
}

// Repair repairs the file of that path.
func Repair(path string) (changed bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, fmt.Errorf("wav: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return RepairFile(f)
}

// RepairDir repairs every *.wav file below dir and returns how many it changed.
// A file that cannot be repaired does not stop it; all errors come back joined.
func RepairDir(dir string) (changed int, err error) {
	var failed []error
	walk := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.EqualFold(filepath.Ext(path), ".wav") {
			return err
		}
		done, err := Repair(path)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", path, err))
		}
		if done {
			changed++
		}
		return nil
	})
	return changed, errors.Join(append(failed, walk)...)
}
