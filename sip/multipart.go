package sip

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// maxParts bounds the parts of a body that are looked at.
const maxParts = 8

// unwrap takes the session description out of a multipart body (RFC 5621): the
// switches of a carrier put ISUP or a location beside it, which a caller with a
// phone number has no use for. Without a description the body stays.
func (w *wire) unwrap() {
	if !strings.HasPrefix(w.contentType(), "multipart/") || w.tooShort {
		return
	}
	for i, f := range w.fields {
		if !f.is("Content-Type") {
			continue
		}
		_, params, err := mime.ParseMediaType(f.value)
		if err != nil || params["boundary"] == "" {
			return
		}
		if body, ok := sdpPart(w.body, params["boundary"]); ok {
			w.body, w.odd = body, true
			w.fields[i].value = "application/sdp"
		}
		return
	}
}

// sdpPart finds the first part that is a session description.
func sdpPart(body []byte, boundary string) ([]byte, bool) {
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		p, err := parts.NextRawPart()
		if err != nil {
			return nil, false
		}
		kind, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
		if !strings.EqualFold(strings.TrimSpace(kind), "application/sdp") {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(p, maxSDP+1))
		return text, err == nil
	}
	return nil, false
}
