package clientmode

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

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
	header   http.Header // of an init
	short    []byte      // the init without its code; nil: always sent whole
	whole    []byte      // the init, nil when it is in spool
	spool    *os.File    // unlinked already
	size     int64
	run      http.Header // of a run and a stop

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
	f.run = http.Header{
		runtimespec.HeaderFunction: {identity.String()},
		runtimespec.HeaderLease:    {c.lease},
		"Accept":                   {runtimespec.MediaFrames},
		"Content-Type":             {"application/json"},
	}
	f.header = f.run.Clone()
	f.header[runtimespec.HeaderCode] = []string{code.String()}
	f.header[runtimespec.HeaderEnv] = []string{env}
	if c.cfg.Kind != "" {
		f.header[runtimespec.HeaderKind] = []string{c.cfg.Kind}
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

func (f *function) open() (io.ReadCloser, error) {
	if f.spool != nil {
		return io.NopCloser(io.NewSectionReader(f.spool, 0, f.size)), nil
	}
	return io.NopCloser(bytes.NewReader(f.whole)), nil
}

// requests are an init's steps, in the order in which they are tried.
func (f *function) requests() []*Request {
	whole := &Request{Path: runtimespec.PathInit, Header: f.header, Size: f.size, Open: f.open}
	if f.short == nil {
		return []*Request{whole}
	}
	return []*Request{bodyRequest(runtimespec.PathInit, f.header, f.short), whole}
}

func bodyRequest(path string, header http.Header, body []byte) *Request {
	return &Request{Path: path, Header: header, Size: int64(len(body)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(body)), nil
	}}
}

// release tells the server that this container needs the function no more.
// That is a courtesy: a lease that is not given up runs out.
func (f *function) release(ctx context.Context) error {
	defer f.drop()
	// Also when ctx is over: runs that outlast the drain are why it matters most.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	resp, err := f.upstream.Send(ctx, &Request{Path: runtimespec.PathStop, Header: f.run})
	if err != nil {
		return fmt.Errorf("giving up the lease: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("giving up the lease: the server answered %s", resp.Status)
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
