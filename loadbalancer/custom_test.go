package loadbalancer_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// only is a policy of one's own: one server, whatever the others are.
type only string

func (o only) Pick(r policy.Request, f *policy.Fleet, now time.Time, rng *rand.Rand) (c policy.Choice) {
	for _, s := range f.Servers() {
		if s.Name() == string(o) && f.Takes(s, r, now, rng) {
			c = policy.Choice{Server: s, Why: policy.Spread}
		}
	}
	return c
}

func (o only) new() policy.Policy { return o }

func TestCustom_DecidesAndIsNamed(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{Custom: only(other.URL).new, Policy: "only-other"}, one, other)
	assert.Equal(t, "only-other", r.policy())
	assert.Contains(t, r.get("/metrics").body, `whiskaway_balancer_policy{policy="only-other"} 1`)
	f := newTarget(small)
	r.mustInit(f)
	for range 10 {
		assert.Equal(t, other.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
	}

	cfg := r.cfg
	cfg.Custom = only(one.URL).new
	cfg.Policy = "only-one"
	require.NoError(t, r.Reload(cfg))
	assert.Equal(t, "only-one", r.policy())
	assert.Equal(t, one.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
	cfg.Custom = nil
	assert.ErrorIs(t, r.Reload(cfg), daemon.ErrConfig, "nobody makes it")
	assert.Equal(t, "only-one", r.policy())
}

func TestCustom_IsToldFromThoseThatThereAre(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  loadbalancer.Config
		says string
	}{
		"named as another": {loadbalancer.Config{Policy: "warm", Custom: only("").new}, "the name of one that is built in"},
		"makes none":       {loadbalancer.Config{Custom: func() policy.Policy { return nil }}, `no policy "custom"`},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.StateDir, c.cfg.Servers = t.TempDir(), []string{"a:1"}
			err := loadbalancer.New(c.cfg).Start()
			assert.ErrorIs(t, err, daemon.ErrConfig)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

// policy is the one that decides, as the balancer says.
func (r *rig) policy() string {
	r.t.Helper()
	var list struct{ Policy string }
	require.NoError(r.t, json.Unmarshal([]byte(r.get("/servers").body), &list))
	return list.Policy
}
