package load_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// container answers runs as the handler says, and knows what it was sent.
type container struct {
	*load.Target
	mu   sync.Mutex // guards runs
	runs []sentRun
}

type sentRun struct {
	Value      json.RawMessage `json:"value"`
	Namespace  string          `json:"namespace"`
	ActionName string          `json:"action_name"`
	Activation string          `json:"activation_id"`
	Deadline   string          `json:"deadline"`
}

func newContainer(t *testing.T, handle func(w http.ResponseWriter, run sentRun)) *container {
	t.Helper()
	c := &container{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var run sentRun
		if err := json.Unmarshal(body, &run); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		c.runs = append(c.runs, run)
		c.mu.Unlock()
		handle(w, run)
	}))
	t.Cleanup(server.Close)
	var err error
	c.Target, err = load.NewTarget(server.URL, 100)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func (c *container) sent() []sentRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.runs)
}

func echo(w http.ResponseWriter, run sentRun) { _, _ = w.Write(run.Value) }

func newEcho(t *testing.T, size int) *load.Echo {
	t.Helper()
	work, err := load.NewEcho(size, 0)
	require.NoError(t, err)
	return work
}
