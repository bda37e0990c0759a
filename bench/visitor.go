package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Visits is what a server was asked for while calls were held beside it.
type Visits struct {
	Requests  int64   `json:"requests"`
	PerSecond float64 `json:"requests_per_second"`
	Failed    int64   `json:"failed"`
	// Problem is why the first of the failed did.
	Problem string  `json:"problem,omitempty"`
	P99     float64 `json:"p99_ms"`
	// Rows of lists that were imported meanwhile.
	Rows          int64   `json:"rows"`
	RowsPerSecond float64 `json:"rows_per_second"`
}

// VisitOptions say whom Visit asks.
type VisitOptions struct {
	URL, Key string
	// Rate of requests a second.
	Rate int
}

// visitedList is the length of the lists that Visit uploads one after another.
const visitedList = 20_000

// Visit is the other process of calls with --api: it asks a server for pages of
// an operator's day at a steady rate and uploads list after list, until in
// ends; then it prints what came of it.
func Visit(ctx context.Context, in io.Reader, out io.Writer, o VisitOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	go func() { _, _ = io.Copy(io.Discard, in); cancel() }()
	v := &visitor{o: o, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	if err := v.moreKeys(ctx); err != nil {
		return err
	}
	began := time.Now()
	var all sync.WaitGroup
	all.Go(func() { v.upload(ctx) })
	// A request that is late does not hold up the next one, up to a bound.
	due := make(chan int, 256)
	for range 32 {
		all.Go(func() {
			for n := range due {
				v.ask(ctx, v.keys[n%len(v.keys)], pages[n%len(pages)])
			}
		})
	}
	tick := time.NewTicker(time.Second / time.Duration(max(o.Rate, 1)))
	defer tick.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		select {
		case <-ctx.Done():
		case <-tick.C:
			select {
			case due <- n:
			default:
				v.fail(errVisitorSlow)
			}
		}
	}
	close(due)
	all.Wait()
	took := time.Since(began).Seconds()
	_, p99 := v.waits.quantiles()
	r := Visits{Requests: v.done.Load(), Failed: v.failed.Load(), P99: p99, Rows: v.rows.Load()}
	if err := v.first.Load(); err != nil {
		r.Problem = (*err).Error()
	}
	r.PerSecond, r.RowsPerSecond = float64(r.Requests)/took, float64(r.Rows)/took
	return json.NewEncoder(out).Encode(r)
}

// pages are what a console asks for again and again.
var pages = []string{"/api/v1/campaigns", "/api/v1/calls?limit=50", "/api/v1/lists", "/api/v1/dnc", "/healthz"}

type visitor struct {
	o      VisitOptions
	client *http.Client
	keys   []string
	waits  samples
	done   atomic.Int64
	failed atomic.Int64
	rows   atomic.Int64
	first  atomic.Pointer[error]
}

// moreKeys makes a key for every eighty requests a second: the server bounds how
// often one may ask.
func (v *visitor) moreKeys(ctx context.Context) error {
	v.keys = []string{v.o.Key}
	for n := 1; n*80 < v.o.Rate; n++ {
		var made struct {
			Secret string `json:"secret"`
		}
		body := fmt.Appendf(nil, `{"name": "bench-%d", "role": "admin"}`, n)
		if err := v.do(ctx, v.o.Key, http.MethodPost, "/api/v1/keys", "application/json", body, &made); err != nil {
			return err
		}
		v.keys = append(v.keys, made.Secret)
	}
	return nil
}

func (v *visitor) ask(ctx context.Context, key, page string) {
	began := time.Now()
	if err := v.do(ctx, key, http.MethodGet, page, "", nil, nil); err != nil {
		if ctx.Err() == nil {
			v.fail(err)
		}
		return
	}
	v.done.Add(1)
	v.waits.add(time.Since(began))
}

var errVisitorSlow = errors.New("256 requests wait for an answer; the rest is not sent")

// fail counts a request that came to nothing and keeps the first reason.
func (v *visitor) fail(err error) {
	v.failed.Add(1)
	v.first.CompareAndSwap(nil, &err)
}

func (v *visitor) upload(ctx context.Context) {
	var b strings.Builder
	b.WriteString("phone,name,amount_due,currency,external_id\n")
	for i := range visitedList {
		fmt.Fprintf(&b, "+1%d555%04d,Person %d,10.00,USD,person-%d\n", benchAreas[i/10_000], i%10_000, i, i)
	}
	list := []byte(b.String())
	for n := 0; ctx.Err() == nil; n++ {
		if err := v.do(ctx, v.o.Key, http.MethodPost, fmt.Sprintf("/api/v1/lists?name=bench-%d", n), "text/csv", list, nil); err == nil {
			v.rows.Add(visitedList)
		} else if ctx.Err() == nil {
			v.fail(err)
			_ = sleep(ctx, 100*time.Millisecond)
		}
	}
}

// do sends a request; into may be nil.
func (v *visitor) do(ctx context.Context, key, method, page, kind string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, v.o.URL+page, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := v.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	switch {
	case err != nil:
		return fmt.Errorf("read the server's answer: %w", err)
	case res.StatusCode >= 300:
		return fmt.Errorf("the server answered %s %s with %s", method, page, res.Status)
	case into != nil:
		return json.Unmarshal(answer, into)
	}
	return nil
}

// Beside starts the command of a process that calls Visit; stop ends it and
// tells what came of it.
func Beside(ctx context.Context, command []string) (stop func() (Visits, error), err error) {
	p, err := start(ctx, command)
	if err != nil {
		return nil, err
	}
	return func() (v Visits, err error) {
		err = p.last(&v)
		return v, errors.Join(err, p.close())
	}, nil
}
