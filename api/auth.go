package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"parley/tenant"
)

// caller is who makes a request.
type caller struct{ key tenant.Key }

type callerKey struct{}

// who is the caller of an authenticated request.
func who(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// tenantOf is the tenant whose data the request may see: the key's, never one
// that the request names.
func tenantOf(ctx context.Context) string { return who(ctx).key.Tenant }

// limits of requests. A key may make bursts; an address without a valid key is
// slowed down early, so that keys cannot be guessed.
const (
	perKey      rate.Limit = 100
	perKeyBurst            = 300
	wrongKeys   rate.Limit = 1
	wrongBurst             = 20
	maxLimiters            = 10_000
)

// limiters hands out one limiter for each name, a bounded number of them.
type limiters struct {
	mu    sync.Mutex
	all   map[string]*rate.Limiter
	limit rate.Limit
	burst int
}

func newLimiters(limit rate.Limit, burst int) *limiters {
	return &limiters{all: map[string]*rate.Limiter{}, limit: limit, burst: burst}
}

func (l *limiters) of(name string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	lim := l.all[name]
	if lim == nil {
		if len(l.all) >= maxLimiters {
			clear(l.all) // everybody gets a fresh burst; better than memory without bound
		}
		lim = rate.NewLimiter(l.limit, l.burst)
		l.all[name] = lim
	}
	return lim
}

// authenticate lets requests with a valid key pass, with the caller in their
// context, within the caller's rate.
func (s *server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, _, _ := strings.Cut(r.RemoteAddr, "]:")
		if host, _, ok := strings.Cut(r.RemoteAddr, ":"); ok && !strings.HasPrefix(r.RemoteAddr, "[") {
			address = host
		}
		if wrong := s.wrong.of(address); wrong.Tokens() < 1 {
			tooMany(w, time.Second)
			return
		}
		presented, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		key, err := tenant.Open(r.Context(), s.o.Keys, presented, time.Now())
		if errors.Is(err, tenant.ErrUnknownKey) {
			s.wrong.of(address).Allow()
			w.Header().Set("WWW-Authenticate", `Bearer realm="parley"`)
			writeProblem(w, http.StatusUnauthorized, "Send an API key: Authorization: Bearer parley_…; the first one is in DATA/api-key.")
			return
		}
		if err != nil {
			s.o.Log.Error("look up an API key", "error", err)
			writeProblem(w, http.StatusServiceUnavailable, "The server cannot check keys now; try again shortly.")
			return
		}
		if !s.rate.of(key.ID).Allow() {
			tooMany(w, time.Second)
			return
		}
		if !allowed(key.Role, r.Method, r.URL.Path) {
			writeProblem(w, http.StatusForbidden, "A key with the role "+string(key.Role)+" may not do this; ask an admin.")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller{key})))
	})
}

func tooMany(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
	writeProblem(w, http.StatusTooManyRequests, "Too many requests; wait and try again.")
}
