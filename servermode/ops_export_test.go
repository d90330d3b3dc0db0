package servermode

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Settings are the server's own of this moment.
func (s *Server) Settings() Config { return s.settings().Config }

// SweepWith has the janitor call sweep in place of the table; before Start.
func (s *Server) SweepWith(sweep func(now time.Time)) { s.sweep = sweep }

// Silence is as if the last sweep had been completed so long ago.
func (s *Server) Silence(d time.Duration) { s.health.beat(time.Now().Add(-d)) }

// Metrics is what the table of functions reports to.
type Metrics = metrics

// NewMetrics are those of no server.
var NewMetrics = newMetrics

// Registry is where they are gathered.
func (m *metrics) Registry() *prometheus.Registry { return m.registry }

// Observer is the server's own.
func (s *Server) Observer() function.Observer { return s.metrics }

// Bounds of what metrics keep.
const (
	MaxSeries       = maxSeries
	MaxTenantSeries = maxTenantSeries
)

// OOMWatch and what it counts by.
type OOMWatch struct{ oomWatch }

func NewOOMWatch(count func() int64) *OOMWatch { return &OOMWatch{oomWatch{count: count}} }

func (o *OOMWatch) Look()        { o.look() }
func (o *OOMWatch) Lately() bool { return o.lately() }

var OOMKills = oomKills

// NewRunLog returns a run log's admit.
func NewRunLog() func(function.Key, time.Time) (int, bool) {
	return (&runLog{recent: map[function.Key]*failures{}}).admit
}
