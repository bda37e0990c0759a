package pocketsphinx

import (
	"errors"
	"fmt"
	"sync"

	"github.com/ebitengine/purego"
)

// ErrLibrary is the error of a machine without the recogniser's library; it says
// how to get it.
var ErrLibrary = errors.New("the speech recogniser's library is missing; install it with `apt-get install libpocketsphinx3`")

// library is libpocketsphinx 5prealpha (Debian's libpocketsphinx3) and its
// libsphinxbase, bound at run time, so that parley builds and runs without
// them. Pointers to C objects are uintptr: they never point into Go memory.
type library struct {
	psArgs       func() uintptr
	parse        func(inout, defs uintptr, argc int32, argv **byte, strict int32) uintptr
	freeConfig   func(config uintptr) int32
	newDecoder   func(config uintptr) uintptr
	freeDecoder  func(ps uintptr) int32
	logmath      func(ps uintptr) uintptr
	addWord      func(ps uintptr, word, phones string, update int32) int32
	readFSG      func(path string, logmath uintptr, lw float32) uintptr
	freeFSG      func(fsg uintptr) int32
	setFSG       func(ps uintptr, name string, fsg uintptr) int32
	setSearch    func(ps uintptr, name string) int32
	unsetSearch  func(ps uintptr, name string) int32
	startStream  func(ps uintptr) int32
	startUtt     func(ps uintptr) int32
	processRaw   func(ps uintptr, pcm *int16, n uintptr, noSearch, full int32) int32
	endUtt       func(ps uintptr) int32
	hyp          func(ps uintptr, score *int32) string
	segments     func(ps uintptr, score *int32) uintptr
	segNext      func(seg uintptr) uintptr
	segFree      func(seg uintptr)
	segWord      func(seg uintptr) string
	segFrames    func(seg uintptr, from, to *int32)
	setErrorFile func(file uintptr)

	// init guards ps_init and ps_free, which are not safe side by side.
	init sync.Mutex
}

// load binds the library once per process.
var load = sync.OnceValues(func() (*library, error) {
	base, err := purego.Dlopen("libsphinxbase.so.3", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrLibrary, err)
	}
	sphinx, err := purego.Dlopen("libpocketsphinx.so.3", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrLibrary, err)
	}
	l := &library{}
	for _, f := range []struct {
		from uintptr
		fn   any
		name string
	}{
		{sphinx, &l.psArgs, "ps_args"},
		{base, &l.parse, "cmd_ln_parse_r"},
		{base, &l.freeConfig, "cmd_ln_free_r"},
		{sphinx, &l.newDecoder, "ps_init"},
		{sphinx, &l.freeDecoder, "ps_free"},
		{sphinx, &l.logmath, "ps_get_logmath"},
		{sphinx, &l.addWord, "ps_add_word"},
		{base, &l.readFSG, "fsg_model_readfile"},
		{base, &l.freeFSG, "fsg_model_free"},
		{sphinx, &l.setFSG, "ps_set_fsg"},
		{sphinx, &l.setSearch, "ps_set_search"},
		{sphinx, &l.unsetSearch, "ps_unset_search"},
		{sphinx, &l.startStream, "ps_start_stream"},
		{sphinx, &l.startUtt, "ps_start_utt"},
		{sphinx, &l.processRaw, "ps_process_raw"},
		{sphinx, &l.endUtt, "ps_end_utt"},
		{sphinx, &l.hyp, "ps_get_hyp"},
		{sphinx, &l.segments, "ps_seg_iter"},
		{sphinx, &l.segNext, "ps_seg_next"},
		{sphinx, &l.segFree, "ps_seg_free"},
		{sphinx, &l.segWord, "ps_seg_word"},
		{sphinx, &l.segFrames, "ps_seg_frames"},
		{base, &l.setErrorFile, "err_set_logfp"},
	} {
		symbol, err := purego.Dlsym(f.from, f.name)
		if err != nil {
			return nil, fmt.Errorf("this libpocketsphinx lacks %s; install Debian's libpocketsphinx3 (0.8+5prealpha): %w", f.name, err)
		}
		purego.RegisterFunc(f.fn, symbol)
	}
	l.setErrorFile(0) // its log is not safe with several decoders
	return l, nil
})
