package pocketsphinx

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// decoder is one ps_decoder_t: an acoustic model, the words that were added
// and the grammars over them. Not safe for concurrent use.
type decoder struct {
	lib   *library
	ps    uintptr
	lw    float32
	words map[string]bool
	names []string // grammars that are loaded, the oldest use first
	sets  int      // grammars ever set; each leaks a little
}

// loadedGrammars bounds the grammars in one decoder: one with dates or amounts
// takes a megabyte or two. A call's states beyond it are loaded again, which
// takes a few milliseconds.
const loadedGrammars = 8

// newDecoder loads an acoustic model with an empty vocabulary. args are
// pocketsphinx options as name, value, name, value.
func newDecoder(lib *library, args ...string) (*decoder, error) {
	// The library refuses to start without a dictionary, and reads it at once.
	empty, path, err := memoryFile("sil SIL\n")
	if err != nil {
		return nil, err
	}
	defer empty.Close()
	const lw = 6.5
	args = append([]string{"-dict", path, "-lw", fmt.Sprint(lw), "-logfn", "/dev/null"}, args...)
	argv := make([]*byte, len(args))
	for i, a := range args {
		b := append([]byte(a), 0)
		argv[i] = &b[0]
	}

	lib.init.Lock()
	defer lib.init.Unlock()
	config := lib.parse(0, lib.psArgs(), int32(len(argv)), &argv[0], 1)
	runtime.KeepAlive(argv)
	if config == 0 {
		return nil, fmt.Errorf("pocketsphinx refuses its options %q", args)
	}
	ps := lib.newDecoder(config)
	lib.freeConfig(config)
	if ps == 0 {
		return nil, fmt.Errorf("pocketsphinx cannot load the model with %q", args)
	}
	return &decoder{lib: lib, ps: ps, lw: lw, words: map[string]bool{}}, nil
}

func (d *decoder) free() {
	d.lib.init.Lock()
	defer d.lib.init.Unlock()
	d.lib.freeDecoder(d.ps)
	d.ps = 0
}

// add makes sure that the word is known with these pronunciations.
func (d *decoder) add(word string, pronunciations []string) error {
	if d.words[word] {
		return nil
	}
	for i, phones := range pronunciations {
		name := word
		if i > 0 {
			name = fmt.Sprintf("%s(%d)", word, i+1)
		}
		if d.lib.addWord(d.ps, name, phones, 0) < 0 {
			return fmt.Errorf("pocketsphinx refuses the word %q with the phones %q", name, phones)
		}
	}
	d.words[word] = true
	return nil
}

// set loads a grammar in pocketsphinx's FSG notation under a name.
func (d *decoder) set(name, fsg string) error {
	f, path, err := memoryFile(fsg)
	if err != nil {
		return err
	}
	defer f.Close()
	model := d.lib.readFSG(path, d.lib.logmath(d.ps), d.lw)
	if model == 0 {
		return fmt.Errorf("pocketsphinx cannot read grammar %s", name)
	}
	defer d.lib.freeFSG(model)
	if len(d.names) >= loadedGrammars {
		// The first is never the one in use: that is the last.
		d.lib.unsetSearch(d.ps, d.names[0])
		d.names = slices.Delete(d.names, 0, 1)
	}
	d.sets++
	if d.lib.setFSG(d.ps, name, model) != 0 {
		return fmt.Errorf("pocketsphinx refuses grammar %s", name)
	}
	d.names = append(d.names, name)
	return nil
}

// has reports whether a grammar is loaded, and keeps it loaded for longer.
func (d *decoder) has(name string) bool {
	i := slices.Index(d.names, name)
	if i < 0 {
		return false
	}
	d.names = append(slices.Delete(d.names, i, i+1), name)
	return true
}

func (d *decoder) use(name string) error {
	if d.lib.setSearch(d.ps, name) != 0 {
		return fmt.Errorf("pocketsphinx has no grammar %s", name)
	}
	return nil
}

func (d *decoder) start() error {
	// A new stream counts the frames from 0 again.
	if d.lib.startStream(d.ps) != 0 || d.lib.startUtt(d.ps) != 0 {
		return fmt.Errorf("pocketsphinx cannot begin an utterance")
	}
	return nil
}

// process decodes some sound; it returns after the search.
func (d *decoder) process(pcm []int16) error {
	if len(pcm) == 0 {
		return nil
	}
	if d.lib.processRaw(d.ps, &pcm[0], uintptr(len(pcm)), 0, 0) < 0 {
		return fmt.Errorf("pocketsphinx failed on the sound")
	}
	return nil
}

func (d *decoder) end() error {
	if d.lib.endUtt(d.ps) != 0 {
		return fmt.Errorf("pocketsphinx cannot end an utterance")
	}
	return nil
}

// best is the best text so far with its score; empty when there is none.
func (d *decoder) best() (string, int32) {
	var score int32
	text := d.lib.hyp(d.ps, &score)
	return text, score
}

// segment is one word or filler of the best path, in frames of 10 ms,
// both ends included.
type segment struct {
	word     string
	from, to int32
}

func (d *decoder) segments() []segment {
	var all []segment
	var score int32
	for seg := d.lib.segments(d.ps, &score); seg != 0; seg = d.lib.segNext(seg) {
		var s segment
		s.word = d.lib.segWord(seg)
		d.lib.segFrames(seg, &s.from, &s.to)
		all = append(all, s)
	}
	return all
}

// memoryFile gives content a path that exists as long as the file is open:
// the library reads grammars and dictionaries from paths only.
func memoryFile(content string) (*os.File, string, error) {
	fd, err := unix.MemfdCreate("parley", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, "", fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "memory")
	if _, err := strings.NewReader(content).WriteTo(f); err != nil {
		f.Close()
		return nil, "", fmt.Errorf("write a file in memory: %w", err)
	}
	return f, fmt.Sprintf("/proc/self/fd/%d", fd), nil
}
