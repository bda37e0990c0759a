package campaign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encodings lists what Options.Encoding may be; "" takes UTF-8 only.
var Encodings = []string{"utf-8", "gb18030", "big5", "utf-16"}

// CharsetError says that a file is not UTF-8 and what it looks like: the
// uploader confirms, nobody guesses silently.
type CharsetError struct{ Looks string }

func (e CharsetError) Error() string {
	if e.Looks == "" {
		return "the file is not text in UTF-8; save it as CSV in UTF-8, or name its encoding"
	}
	return fmt.Sprintf("the file is not UTF-8 and looks like %s; upload it again with encoding=%s if it is", strings.ToUpper(e.Looks), e.Looks)
}

// head is how much of a file is looked at.
const head = 64 << 10

// decode gives the file as UTF-8 without a byte order mark.
func decode(r io.Reader, name string) (io.Reader, error) {
	b := bufio.NewReaderSize(r, head)
	start, err := b.Peek(head)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	var from encoding.Encoding
	switch strings.ToLower(name) {
	case "", "auto", "utf-8", "utf8":
		if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) {
			_, err := b.Discard(3)
			return b, err
		}
		if strings.HasPrefix(strings.ToLower(name), "utf") {
			return b, nil // named: bad bytes are errors of their rows
		}
		if !validHead(start) || bytes.IndexByte(start, 0) >= 0 {
			return nil, CharsetError{looksLike(start)}
		}
		return b, nil
	case "gb18030", "gbk", "gb2312":
		from = simplifiedchinese.GB18030
	case "big5":
		from = traditionalchinese.Big5
	case "utf-16":
		from = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	default:
		return nil, Invalid{fmt.Sprintf("the encoding %q is not known; choose one of %s", name, strings.Join(Encodings, ", "))}
	}
	return from.NewDecoder().Reader(b), nil
}

// validHead allows a rune that the end of the look-ahead cuts in two.
func validHead(b []byte) bool {
	if len(b) == head {
		for cut := 1; cut < utf8.UTFMax; cut++ {
			if utf8.RuneStart(b[len(b)-cut]) {
				b = b[:len(b)-cut]
				break
			}
		}
	}
	return utf8.Valid(b)
}

// looksLike proposes an encoding that explains every byte; GB18030 comes
// first because nearly any Big5 text is GB18030 too and the list's owner
// decides anyway.
func looksLike(b []byte) string {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return "utf-16"
	}
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) || bytes.IndexByte(b, 0) >= 0 {
		return ""
	}
	// The cut may be inside a character: the last line is left out.
	if i := bytes.LastIndexByte(b, '\n'); i > 0 {
		b = b[:i]
	}
	switch {
	case explains(simplifiedchinese.GB18030, b):
		return "gb18030"
	case explains(traditionalchinese.Big5, b):
		return "big5"
	}
	return ""
}

func explains(from encoding.Encoding, b []byte) bool {
	text, err := from.NewDecoder().Bytes(b)
	return err == nil && !bytes.ContainsRune(text, utf8.RuneError)
}
