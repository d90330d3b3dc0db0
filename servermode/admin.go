package servermode

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
)

// stopLease ends a lease, or with an activation's id cancels that run. It is
// idempotent: an unknown lease counts as stopped.
func (s *Server) stopLease(c *call) error {
	identity, err := c.Function()
	if err != nil {
		return err
	}
	key := function.Key{Tenant: c.Tenant, Identity: identity}
	if id := c.HeaderValue(runtimespec.HeaderActivation); id != "" {
		s.service.Activations.Cancel(activation.Key{Key: key, ID: id})
	} else {
		lease, err := c.Lease()
		if err != nil {
			return err
		}
		s.service.Table.Stop(key, lease)
		s.log.Info("lease ended", zap.String("function", key.Identity.Short()), zap.String("tenant", key.Tenant))
	}
	return c.Done()
}

// FunctionStatus is one function in the answer of GET /functions.
type FunctionStatus struct {
	Function  string           `json:"function"` // identity, 64 hex digits
	Tenant    string           `json:"tenant"`
	Name      string           `json:"name"`
	Kind      string           `json:"kind"`
	Main      string           `json:"main"`
	State     string           `json:"state"` // cold, starting, ready, draining
	Leases    int              `json:"leases"`
	Waiting   int              `json:"waiting"`
	Runs      uint64           `json:"runs"`
	Starts    uint64           `json:"starts"`
	Evictions uint64           `json:"evictions"`
	IdleMS    int64            `json:"idle_ms"`
	Instances []InstanceStatus `json:"instances"`

	MaxInstances int   `json:"max_instances"` // how many processes there may be
	MemoryBytes  int64 `json:"memory_bytes"`  // resident, of all its processes and what they have started
	IdleUntilMS  int64 `json:"idle_until_ms"` // until its idle processes end; -1: never, 0: none is idle
}

// InstanceStatus is one process of a function.
type InstanceStatus struct {
	PID  int    `json:"pid"`
	Busy bool   `json:"busy"`
	Runs uint64 `json:"runs"`

	MemoryBytes int64 `json:"memory_bytes"` // resident, with what it has started
}

// functions lists the caller's functions. A token that may delegate and names no
// tenant sees all functions.
func (s *Server) functions(c *call) error {
	tenant := c.Tenant
	if c.Grant.Delegate && !c.NamesTenant() {
		tenant = ""
	}
	memory := host.ResidentMemory
	if brief, _ := strconv.ParseBool(c.URL.Query().Get("brief")); brief {
		memory = func(int) int64 { return 0 } // it is costly: it reads /proc for all processes
	}
	out := []FunctionStatus{}
	for _, f := range s.service.Table.List(tenant) {
		out = append(out, status(f, memory))
	}
	body, err := jsontext.Marshal(map[string]any{"functions": out})
	if err != nil {
		return err
	}
	c.Answer(http.StatusOK, body)
	return nil
}

// pathMetrics serves the owner's Prometheus. It is not part of the contract.
const pathMetrics = "/metrics"

// showMetrics answers with the server's metrics. A token that may delegate gets all
// of them, and so does any caller where there is one tenant only. Other callers get
// the metrics that are labelled with their tenant.
func (s *Server) showMetrics(c *call) error {
	var numbers prometheus.Gatherer = s.metrics.Registry
	if c.NamesTenant() || !c.Grant.Delegate && s.settings().Tokens.Several() {
		numbers = s.metrics.OfTenant(c.Tenant)
	}
	// A metric that cannot be gathered does not fail the others.
	s.endpoint.Sign(c.W.Header())
	promhttp.HandlerFor(numbers, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(c.W, c.Request)
	return nil
}

// status returns a function as GET /functions shows it.
func status(f function.Snapshot, memoryOf func(pid int) int64) FunctionStatus {
	out := FunctionStatus{
		Function: f.Key.Identity.String(), Tenant: f.Key.Tenant,
		Name: f.Info.Name, Kind: f.Info.Kind, Main: f.Info.Main, State: f.State.String(),
		Leases: f.Leases, Waiting: f.Waiting, Runs: f.Runs, Starts: f.Starts, Evictions: f.Evictions,
		IdleMS: f.Idle.Milliseconds(), Instances: []InstanceStatus{}, MaxInstances: f.Most, IdleUntilMS: f.IdleUntil.Milliseconds(),
	}
	if f.IdleUntil == function.Forever {
		out.IdleUntilMS = -1
	}
	for _, i := range f.Instances {
		memory := memoryOf(i.PID)
		out.MemoryBytes += memory
		out.Instances = append(out.Instances, InstanceStatus{PID: i.PID, Busy: i.Busy, Runs: i.Runs, MemoryBytes: memory})
	}
	return out
}

// ready answers a readiness probe: it tells whether the server takes new functions.
// It asks the janitor first, because the janitor answers even when the table hangs.
func (s *Server) ready(c echo.Context) error {
	changes := s.changes() // before a caller can ask for the changes
	reason := s.janitor.Reason(time.Now())
	s.endpoint.Sign(c.Response().Header())
	if reason == "" && s.service.Table.Draining() {
		reason = "draining"
	}
	if reason != "" {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"ready": false, "reason": reason})
	}
	answer := map[string]any{"ready": true, "kinds": s.service.Launcher.Kinds.String(), "changes": changes}
	if host.SharesUser() {
		answer["not_isolated"] = host.NotIsolated
	}
	return c.JSON(http.StatusOK, answer)
}
