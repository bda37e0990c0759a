package api

import (
	"testing"

	"parley/tenant"
)

func TestRolesMayDoTheirWorkAndNoMore(t *testing.T) {
	for _, c := range []struct {
		role         tenant.Role
		method, path string
		want         bool
	}{
		{tenant.Admin, "POST", "/api/v1/keys", true},
		{tenant.Operator, "GET", "/api/v1/keys", false},
		{tenant.Operator, "POST", "/api/v1/campaigns/x/stop", true},
		{tenant.Merchant, "POST", "/api/v1/lists", true},
		{tenant.QA, "GET", "/api/v1/calls/x/recording", true},
		{tenant.QA, "HEAD", "/api/v1/calls/x/recording", true},
		{tenant.QA, "POST", "/api/v1/campaigns/x/start", false},
		{tenant.Agent, "DELETE", "/api/v1/dnc/x", false},
		{tenant.Operator, "GET", "/api/v1/calls/x/ladder", true},
		{tenant.Merchant, "GET", "/api/v1/calls/x/ladder", false},
		{tenant.QA, "HEAD", "/api/v1/calls/x/ladder", false},
		{tenant.Agent, "GET", "/api/v1/calls/x/ladder", false},
		{tenant.Merchant, "GET", "/api/v1/calls/x", true},
		{tenant.Operator, "GET", "/api/v1/trunks", true},
		{tenant.Merchant, "GET", "/api/v1/trunks", false},
		{tenant.Operator, "GET", "/api/v1/rates/x/rates.csv", true},
		{tenant.Operator, "POST", "/api/v1/rates", false},
		{tenant.Merchant, "GET", "/api/v1/rates", false},
		{tenant.Admin, "DELETE", "/api/v1/rates/x", true},
		{"", "GET", "/api/v1/calls", false},
	} {
		if got := allowed(c.role, c.method, c.path); got != c.want {
			t.Errorf("%s %s as %q: %v, want %v", c.method, c.path, c.role, got, c.want)
		}
	}
}
