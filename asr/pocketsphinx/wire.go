package pocketsphinx

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/asr"
	"parley/media"
)

// What travels between server and worker: one letter, then the content.
const (
	msgSound  = 'a' // frame's time in nanoseconds, samples; little-endian
	msgExpect = 'e' // asr.Expectation as JSON
	msgFinish = 'f'
	msgResult = 'r' // asr.Result as JSON
	msgNote   = 'n' // a line for the server's log
)

// settings go to every worker as it starts.
type settings struct {
	Models []Model `json:"models"`
}

// hello opens a session.
type hello struct {
	Language string     `json:"language"`
	Rate     media.Rate `json:"rate"`
}

func appendSound(dst []byte, f media.Frame) []byte {
	dst = append(dst, msgSound)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(f.At))
	for _, s := range f.PCM {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(s))
	}
	return dst
}

// appendSamples reads what appendSound wrote, behind its letter.
func appendSamples(dst []int16, body []byte) ([]int16, time.Duration, error) {
	if len(body) < 8 || len(body)%2 != 0 {
		return dst, 0, errors.New("a frame of sound is cut short")
	}
	at := time.Duration(binary.LittleEndian.Uint64(body))
	for b := body[8:]; len(b) > 0; b = b[2:] {
		dst = append(dst, int16(binary.LittleEndian.Uint16(b)))
	}
	return dst, at, nil
}

func withLetter(letter byte, content any) ([]byte, error) {
	b, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode a message of kind %q: %w", letter, err)
	}
	return append([]byte{letter}, b...), nil
}

func decodeResult(body []byte) (asr.Result, error) {
	var r asr.Result
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("decode a result: %w", err)
	}
	return r, nil
}
