package loadbalancer

import (
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
	}
	kinds, available := b.state.Kinds()
	if reason == "" && !available {
		reason = "no server is ready"
	}
	if reason != "" {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"ready": false, "reason": reason})
	}
	return c.JSON(http.StatusOK, map[string]any{"ready": true, "kinds": strings.Join(kinds, ", ")})
}

// listWait is how long the servers have to tell their inventory.
const listWait = 2 * time.Second

// showFunctions lists the caller's functions at all servers, each with its server. A
// server that does not answer in time is left out.
func (b *Balancer) showFunctions(c *call) error {
	tenant := ""
	everything := c.Grant.Delegate && !c.NamesTenant()
	if b.settings().token != "" && !everything {
		tenant = c.Tenant
	}
	brief, _ := strconv.ParseBool(c.URL.Query().Get("brief"))
	ctx, cancel := context.WithTimeout(c.Context(), listWait)
	defer cancel()
	all := b.backends.All()
	lists := make([][]map[string]any, len(all))
	var asked sync.WaitGroup
	for i, s := range all {
		asked.Go(func() {
			status, text, err := s.Functions(ctx, brief, c.Hops, tenant)
			var said struct{ Functions []map[string]any }
			if err != nil || status != http.StatusOK || json.Unmarshal(text, &said) != nil {
				return
			}
			for _, f := range said.Functions {
				f["server"] = s.Name()
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
