package loadbalancer

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ready answers a readiness probe: whether new work is welcome.
func (b *Balancer) ready(c echo.Context) error {
	b.endpoint.Sign(c.Response().Header())
	reason := ""
	if b.admission.draining() {
		reason = string(runtimespec.Draining)
	} else if b.disk.full.Load() {
		reason = diskFull
	} else if !b.anyReady() {
		reason = "no server is ready"
	}
	if reason != "" {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"ready": false, "reason": reason})
	}
	return c.JSON(http.StatusOK, map[string]any{"ready": true, "kinds": b.kinds()})
}

// kinds are those that any of the servers runs.
func (b *Balancer) kinds() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, s := range b.backends {
		for kind := range strings.SplitSeq(s.kinds, ",") {
			if kind = strings.TrimSpace(kind); kind != "" {
				all = append(all, kind)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// anyReady is whether a server has answered a check and gets runs.
func (b *Balancer) anyReady() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.backends {
		if s.working() {
			return true
		}
	}
	return false
}

// listWait is how long the servers have to say what they hold.
const listWait = 2 * time.Second

// showFunctions lists what all servers hold of the caller's, each with its
// server. Who does not answer in time is left out.
func (b *Balancer) showFunctions(c *call) error {
	tenant := ""
	everything := c.Grant.Delegate && !c.NamesTenant()
	if b.settings().token != "" && !everything {
		tenant = c.Tenant
	}
	path := runtimespec.PathFunctions
	if brief, _ := strconv.ParseBool(c.URL.Query().Get("brief")); brief {
		path = pathBrief
	}
	ctx, cancel := context.WithTimeout(c.Context(), listWait)
	defer cancel()
	b.mu.Lock()
	all := make([]*backend, 0, len(b.backends))
	for _, s := range b.backends {
		all = append(all, s)
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(x, y *backend) int { return cmp.Compare(x.name, y.name) })
	lists := make([][]map[string]any, len(all))
	var asked sync.WaitGroup
	for i, s := range all {
		asked.Go(func() {
			status, text, err := ask(ctx, s, path, b.hopsOf(c), tenant)
			var said struct{ Functions []map[string]any }
			if err != nil || status != http.StatusOK || json.Unmarshal(text, &said) != nil {
				return
			}
			for _, f := range said.Functions {
				f["server"] = s.name
			}
			lists[i] = said.Functions
		})
	}
	asked.Wait()
	body, err := json.Marshal(map[string]any{"functions": append([]map[string]any{}, slices.Concat(lists...)...)})
	if err != nil {
		return err
	}
	c.Answer(http.StatusOK, body)
	return nil
}
