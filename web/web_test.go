package web

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Result()
}

func TestThePagesAndTheirFiles(t *testing.T) {
	for path, c := range map[string]struct {
		status int
		kind   string
	}{
		"/": {200, "text/html"}, "/docs": {200, "text/html"}, "/page.js": {200, "text/javascript"},
		"/docs.js": {200, "text/javascript"}, "/page.css": {200, "text/css"}, "/none": {404, "text/plain"}, "/../web.go": {404, "text/plain"},
	} {
		r := get(t, path)
		if r.StatusCode != c.status || !strings.HasPrefix(r.Header.Get("Content-Type"), c.kind) {
			t.Errorf("%s: %d, %s; want %d, %s", path, r.StatusCode, r.Header.Get("Content-Type"), c.status, c.kind)
		}
		policy := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

// outside matches what a page under the policy may not have, or would have to
// fetch from elsewhere.
var outside = regexp.MustCompile(`(?i)https?://|<script>|<style|\son[a-z]+=|\sstyle=|javascript:|innerHTML|eval\(`)

// TestThePagesObeyThePolicy: no inline script or style, nothing from elsewhere,
// no markup made of data.
func TestThePagesObeyThePolicy(t *testing.T) {
	err := fs.WalkDir(page, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := page.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if m := outside.Find(b); m != nil {
			t.Errorf("%s has %q", path, m)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
