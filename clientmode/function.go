package clientmode

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// spoolFrom is the size from which an init is kept in a file: the container's
	// memory is the platform's smallest.
	spoolFrom = 1 << 20
	// twoStepsFrom is the size from which an init is tried without its code
	// first. Below it, the code is smaller than what asking costs.
	twoStepsFrom = 8 << 10
)

// function is what the container was initialised with: all that any server
// needs to be told.
type function struct {
	upstream Upstream
	header   hop.Header // of an init
	short    []byte     // the init without its code; nil: always sent whole
	whole    []byte     // the init, nil when it is in spool
	spool    *os.File   // unlinked already
	size     int64
	run      hop.Header // of a run and a stop

	mu   sync.Mutex // guards redo
	redo *redo      // a re-init in flight
}

// newFunction describes the function that body initialises.
func (c *Client) newFunction(body []byte, init *runtimespec.InitBody, upstream Upstream) (*function, error) {
	container := c.cfg.containerEnv()
	env, err := runtimespec.EncodeEnv(container)
	if err != nil {
		return nil, err
	}
	code := init.Digest()
	identity := init.Function(c.cfg.Kind, code, container, c.cfg.VolatileEnv).Identity()
	f := &function{upstream: upstream}
	f.run = hop.Header{
		{Name: runtimespec.HeaderFunction, Value: identity.String()},
		{Name: runtimespec.HeaderLease, Value: c.lease},
		{Name: "Accept", Value: runtimespec.MediaFrames},
		{Name: "Content-Type", Value: "application/json"},
	}
	f.header = f.run.With(hop.Field{Name: runtimespec.HeaderCode, Value: code.String()}, hop.Field{Name: runtimespec.HeaderEnv, Value: env})
	if c.cfg.Kind != "" {
		f.header = append(f.header, hop.Field{Name: runtimespec.HeaderKind, Value: c.cfg.Kind})
	}
	if c.translate != nil {
		return f, c.translate(f, init)
	}
	if len(body) >= twoStepsFrom {
		f.short = init.WithoutCode()
	}
	f.keep(c.cfg.SpoolDir, body)
	return f, nil
}

// keep puts a large body into a file that no longer has a name; where there is
// no room for one it stays in memory.
func (f *function) keep(dir string, parts ...[]byte) {
	f.size = 0
	for _, part := range parts {
		f.size += int64(len(part))
	}
	if f.size >= spoolFrom && f.spoolTo(dir, parts) {
		return
	}
	if f.whole = parts[0]; len(parts) > 1 {
		f.whole = slices.Concat(parts...)
	}
}

func (f *function) spoolTo(dir string, parts [][]byte) bool {
	file, err := os.CreateTemp(dir, "whiskaway-init-*")
	if err != nil {
		return false
	}
	_ = os.Remove(file.Name())
	for _, part := range parts {
		if _, err := file.Write(part); err != nil {
			_ = file.Close()
			return false
		}
	}
	f.spool = file
	return true
}

func (f *function) open() (io.Reader, error) { return io.NewSectionReader(f.spool, 0, f.size), nil }

// requests are an init's steps, in the order in which they are tried.
func (f *function) requests() []*hop.Request {
	whole := &hop.Request{Path: runtimespec.PathInit, Header: f.header, Body: f.whole}
	if f.spool != nil {
		whole.Open, whole.Size = f.open, f.size
	}
	if f.short == nil {
		return []*hop.Request{whole}
	}
	return []*hop.Request{{Path: runtimespec.PathInit, Header: f.header, Body: f.short}, whole}
}

// release tells the server that this container needs the function no more.
// That is a courtesy: a lease that is not given up runs out.
func (f *function) release(ctx context.Context) error {
	defer f.drop()
	// Also when ctx is over: runs that outlast the drain are why it matters most.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	resp, err := f.upstream.Send(ctx, &hop.Request{Path: runtimespec.PathStop, Header: f.run})
	if err != nil {
		return fmt.Errorf("giving up the lease: %w", err)
	}
	defer resp.Close()
	if resp.Status != http.StatusOK {
		return fmt.Errorf("giving up the lease: the server answered %s", statusText(resp.Status))
	}
	return nil
}

// drop gives back what the function holds on this side.
func (f *function) drop() {
	f.upstream.CloseIdle()
	if f.spool != nil {
		_ = f.spool.Close()
	}
}
