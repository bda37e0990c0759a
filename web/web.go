// Package web serves the console: for now one plain page that lists campaigns
// and calls, shows a transcript and plays its recording. It uses nothing but
// the public API, with the key its reader enters.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var page embed.FS

// Handler serves the page at / and its files beside it.
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
		files.ServeHTTP(w, r)
	})
}
