package api

import (
	"net/http"
	"strings"

	"parley/tenant"
)

// grants is who may do what; the first rule that fits decides, and what fits
// none is the admin's.
var grants = []struct {
	method string // "" for every one
	path   string // prefix below /api/v1; what follows a * is the path's end
	roles  []tenant.Role
}{
	{"", "/keys", nil},
	{http.MethodGet, "/trunks", []tenant.Role{tenant.Operator}},
	// Signalling shows the carriers and their addresses beside the numbers.
	{http.MethodGet, "/calls/*/ladder", []tenant.Role{tenant.Operator}},
	{http.MethodGet, "/rates", ratesReaders},
	{"", "/rates", nil},
	{http.MethodGet, "/", []tenant.Role{tenant.Operator, tenant.Merchant, tenant.QA, tenant.Agent}},
	{"", "/", []tenant.Role{tenant.Operator, tenant.Merchant}},
}

// ratesReaders may read, beside the admin, what carriers charge.
var ratesReaders = []tenant.Role{tenant.Operator}

// allowed reports whether a role may make a request.
func allowed(role tenant.Role, method, path string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path = strings.TrimPrefix(path, "/api/v1")
	for _, g := range grants {
		prefix, suffix, _ := strings.Cut(g.path, "*")
		if (g.method == "" || g.method == method) && strings.HasPrefix(path, prefix) && strings.HasSuffix(path, suffix) {
			return role.May(g.roles...)
		}
	}
	return role.May()
}
