package loadbalancer

import (
	"strconv"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// key names a function: two tenants never share one.
type key struct {
	tenant   string
	identity runtimespec.Identity
}

// function is what is known of one. What is guarded is so by Balancer.mu.
type function struct {
	key    key
	header hop.Header // of each request about it

	sched  *policy.Function      // guarded
	recipe *recipe               // guarded; nil: nobody initialised it here yet
	name   string                // of the action, for people; guarded
	leases map[string]time.Time  // who needs it, until when; guarded
	used   time.Time             // last run or init; guarded
	loads  map[*backend]*loading // inits in flight; guarded

	moving *move // away from a server that was drained here; guarded; nil: it is not

	recall recall // of those that wait; guarded
}

// known returns the function's entry, made if need be; the caller holds mu.
func (b *Balancer) known(k key, now time.Time) (*function, error) {
	if f := b.functions[k]; f != nil {
		return f, nil
	}
	if len(b.functions) >= b.settings().Functions {
		return nil, refusal(runtimespec.Saturated, "the balancer knows as many functions as it may: raise --functions")
	}
	f := &function{
		key: k, sched: policy.NewFunction(k.tenant + "/" + k.identity.String()),
		leases: map[string]time.Time{}, loads: map[*backend]*loading{}, used: now,
	}
	f.header = hop.Header{
		{Name: runtimespec.HeaderFunction, Value: k.identity.String()},
		{Name: runtimespec.HeaderLease, Value: b.lease},
		{Name: "Content-Type", Value: "application/json"},
	}
	if b.settings().token != "" {
		f.header = append(f.header, hop.Field{Name: runtimespec.HeaderTenant, Value: k.tenant})
	}
	b.functions[k] = f
	return f, nil
}

// use renews a lease; the caller holds mu.
func (b *Balancer) use(f *function, lease string, now time.Time) {
	f.used = now
	f.leases[lease] = now.Add(b.settings().Lease)
}

// recipe is what any server needs to be told about a function. It is not
// changed.
type recipe struct {
	header hop.Header
	body   []byte // the init without its code, or whole where that is small
	whole  bool
	code   runtimespec.Digest
	name   string
	limit  int // runs at once on a server, as its author says; 0: no limit
}

// limitOf is how many runs at once a server gives a function whose author has
// limited its processes: then that is what there is to wait for.
func limitOf(kind string, env map[string]string) int {
	if shared, _ := strconv.ParseBool(env["__OW_ALLOW_CONCURRENT"]); shared {
		return 0
	}
	if n, err := strconv.Atoi(env["WHISKAWAY_MAX_INSTANCES"]); err == nil && n > 0 {
		return n
	}
	if gpu, _ := strconv.ParseBool(env["WHISKAWAY_GPU"]); gpu || strings.HasSuffix(kind, "-gpu") {
		return 1
	}
	return 0
}

// twoStepsFrom is the size from which an init is tried without its code first.
// Below it, the code is smaller than what asking costs.
const twoStepsFrom = 8 << 10

func newRecipe(raw []byte, init *runtimespec.InitBody, code runtimespec.Digest, kind, env, name string) *recipe {
	r := &recipe{code: code, name: name, whole: init.HasCode && len(raw) < twoStepsFrom}
	if r.whole {
		r.body = append([]byte{}, raw...)
	} else {
		r.body = init.WithoutCode()
	}
	r.header = hop.Header{
		{Name: runtimespec.HeaderCode, Value: code.String()},
		{Name: "Accept", Value: runtimespec.MediaFrames},
	}
	if kind != "" {
		r.header = append(r.header, hop.Field{Name: runtimespec.HeaderKind, Value: kind})
	}
	if env != "" {
		r.header = append(r.header, hop.Field{Name: runtimespec.HeaderEnv, Value: env})
	}
	return r
}
