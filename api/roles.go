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
	path   string // prefix below /api/v1
	roles  []tenant.Role
}{
	{"", "/keys", nil},
	{http.MethodGet, "/", []tenant.Role{tenant.Operator, tenant.Merchant, tenant.QA, tenant.Agent}},
	{"", "/", []tenant.Role{tenant.Operator, tenant.Merchant}},
}

// allowed reports whether a role may make a request.
func allowed(role tenant.Role, method, path string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path = strings.TrimPrefix(path, "/api/v1")
	for _, g := range grants {
		if (g.method == "" || g.method == method) && strings.HasPrefix(path, g.path) {
			return role.May(g.roles...)
		}
	}
	return role.May()
}
