// Package kindtest has what the tests of several kinds need: interpreters of the
// host, code in the shapes that authors send, and processes to run it in. Only tests
// import it.
package kindtest

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/golang"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/node"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Python returns the kind, or skips the test.
func Python(t *testing.T) *python.Kind {
	t.Helper()
	p, err := python.New([]string{"/no/such/python", "/usr/bin/python3", "python3"}, t.TempDir(), -1)
	if err != nil {
		t.Skip("the test needs a Python: ", err)
	}
	return p
}

// Node returns the kind, or skips the test.
func Node(t *testing.T) *node.Kind {
	t.Helper()
	n, err := node.New([]string{"/no/such/node", "node", "/usr/bin/node"}, t.TempDir(), -1, "", 200)
	if err != nil {
		t.Skip("the test needs a Node: ", err)
	}
	return n
}

// Go returns the kind.
func Go(t *testing.T) *golang.Kind {
	t.Helper()
	g, err := golang.New([]string{"go", "/usr/local/go/bin/go"}, native.Kind{}, -1)
	require.NoError(t, err)
	return g
}

// Box returns a sandbox of the test's own user.
func Box(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	box := sandbox.New(strconv.FormatUint(rand.Uint64(), 36), sandbox.DefaultLimits, nil)
	t.Cleanup(box.Close)
	return box
}

// Builder returns a builder that builds as the test's own user.
func Builder(t *testing.T) *build.Builder {
	t.Helper()
	b, err := build.Open(build.Config{Dir: filepath.Join(t.TempDir(), "builds"), Box: Box(t), AtOnce: 2, Timeout: time.Minute, MaxBytes: 1 << 30})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	return b
}

// Logs keeps both streams in one text.
type Logs struct{ strings.Builder }

// Log implements build.Sink and process.Sink.
func (l *Logs) Log(_ runtimespec.Stream, text []byte) { l.Write(text) }

// AssertAction asserts that an error is the author's and contains a text.
func AssertAction(t *testing.T, err error, text string) *kind.ActionError {
	t.Helper()
	var action *kind.ActionError
	require.ErrorAs(t, err, &action)
	assert.Contains(t, action.Message+"\n"+action.Log, text)
	return action
}
