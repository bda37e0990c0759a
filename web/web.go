// Package web serves the console: for now one plain page that lists campaigns
// and calls, shows a transcript and plays its recording, and the reference of
// the HTTP interface at /docs. Both use nothing but the public API.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var page embed.FS

// Handler serves the page at /, the reference at /docs, and their files beside
// them.
//
// The content security policy allows no script or style but the page's own
// files and no connection but to this server; recordings are fetched with the
// key and played from a blob.
func Handler() http.Handler {
	root, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	files := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"media-src blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		if r.URL.Path == "/docs" {
			http.ServeFileFS(w, r, root, "docs.html")
			return
		}
		files.ServeHTTP(w, r)
	})
}
