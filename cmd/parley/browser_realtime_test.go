//go:build !race

package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds whatever a page is waited for.
const patience = 20 * time.Second

// browser is one tab of a real Chromium that reaches loopback only. It keeps
// what went wrong on its pages: errors of scripts and of the policy, requests
// that failed.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	wrong []string
	asked []string // confirmations; all are accepted
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	need(t, "chromium")
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath("chromium"), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("lang", "en-US"),
	)
	// Not the test's context, which ends before the last picture is taken.
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(func() { cancel(); stop() })
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.observe); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	dialogs := chromedp.Events(ctx, page.JavascriptDialogOpening)
	answered := make(chan error, 1)
	go func() { answered <- b.accept(dialogs) }()
	t.Cleanup(func() {
		if t.Failed() {
			b.picture("failed")
		}
		cancel()
		if err := <-answered; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("a confirmation: %v", err)
		}
	})
	return b
}

// observe notes what should not be; chromedp calls it for every event.
func (b *browser) observe(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, fmt.Sprintf("exception: %s", e.ExceptionDetails.Text))
		if x := e.ExceptionDetails.Exception; x != nil {
			b.wrong = append(b.wrong, x.Description)
		}
	case *runtime.EventConsoleAPICalled:
		b.wrong = append(b.wrong, fmt.Sprintf("the page writes to the console: %s", e.Type))
	case *log.EventEntryAdded: // the policy's refusals come here
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	case *network.EventLoadingFailed:
		if !e.Canceled { // as the next page cancels what this one reads
			b.wrong = append(b.wrong, "a request failed: "+e.ErrorText)
		}
	}
}

// accept answers yes to every question.
func (b *browser) accept(dialogs iter.Seq2[page.EventJavascriptDialogOpening, error]) error {
	for d, err := range dialogs {
		if err != nil {
			return err
		}
		b.mu.Lock()
		b.asked = append(b.asked, d.Message)
		b.mu.Unlock()
		if _, err := chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}); err != nil {
			return err
		}
	}
	return nil
}

// complaints gives what went wrong since the last time.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	wrong := b.wrong
	b.wrong = nil
	return wrong
}

// confirmed gives the questions that the page asked.
func (b *browser) confirmed() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v; it complains of %q", err, b.complaints())
	}
}

// eval is a value of the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait waits until an expression is true on the page.
func (b *browser) wait(what, expression string) {
	b.t.Helper()
	until(b.t, patience, what, func() bool { return eval[bool](b, expression) })
}

// picture keeps what the page looks like with the test's artifacts.
func (b *browser) picture(name string) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("no picture: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		b.t.Logf("no picture: %v", err)
	}
}

// fits checks at a desk's and a telephone's width that nothing sticks out, and
// keeps the pictures.
func (b *browser) fits(name string) {
	b.t.Helper()
	for _, width := range []int64{1280, 390} {
		b.do(chromedp.EmulateViewport(width, 800))
		if got := eval[int64](b, "document.documentElement.scrollWidth"); got > width {
			b.t.Errorf("%s is %d pixels wide in a window of %d", name, got, width)
		}
		b.picture(fmt.Sprintf("%s-%d", name, width))
	}
	b.do(chromedp.EmulateViewport(1280, 800))
}
