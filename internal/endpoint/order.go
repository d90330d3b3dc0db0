package endpoint

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Order is what the headers of an init or a run say, as plain values.
type Order struct {
	Tenant     string
	Function   runtimespec.Digest
	Lease      string
	Activation string        // empty: none was named
	Server     string        // the incarnation that the request is for; empty: any
	Said       time.Duration // time left; 0: the caller did not say
	Limit      time.Duration // time that it may take: Said, at most what the service allows
}

// Order reads the headers that an init and a run have in common.
func (c *Call) Order(longest time.Duration) (o Order, err error) {
	o = Order{Tenant: c.Tenant, Activation: c.HeaderValue(runtimespec.HeaderActivation), Server: c.HeaderValue(runtimespec.HeaderServer)}
	if o.Function, err = c.Function(); err != nil {
		return o, err
	}
	if o.Lease, err = c.Lease(); err != nil {
		return o, err
	}
	if len(o.Activation) > runtimespec.MaxActivation {
		return o, refusal.New(runtimespec.BadRequest, "%s has more than %d characters", runtimespec.HeaderActivation, runtimespec.MaxActivation)
	}
	if o.Said, err = runtimespec.Timeout(c.Header, 0); err != nil {
		return o, refusal.New(runtimespec.BadRequest, "%v", err)
	}
	if o.Limit = longest; o.Said > 0 {
		o.Limit = min(o.Said, longest)
	}
	return o, nil
}

// Function returns the identity of the function that a request is about.
func (c *Call) Function() (runtimespec.Digest, error) {
	value := c.HeaderValue(runtimespec.HeaderFunction)
	if value == "" {
		return runtimespec.Digest{}, refusal.New(runtimespec.BadRequest, "the header %s is missing: callers of a %s are client containers and balancers", runtimespec.HeaderFunction, c.endpoint.Service)
	}
	return digest(runtimespec.HeaderFunction, value)
}

// CodeOf returns the digest of an init's code. An init without code is refused,
// unless has reports that an earlier init of the tenant brought the code.
func (c *Call) CodeOf(init *runtimespec.InitBody, has func(tenant string, code runtimespec.Digest) bool) (code runtimespec.Digest, err error) {
	claimed := c.HeaderValue(runtimespec.HeaderCode)
	if claimed != "" {
		if code, err = digest(runtimespec.HeaderCode, claimed); err != nil {
			return code, err
		}
	}
	switch {
	case !init.HasCode && claimed == "":
		return code, refusal.New(runtimespec.BadRequest, "Missing main/no code to execute.")
	case !init.HasCode && !has(c.Tenant, code):
		return code, refusal.New(runtimespec.CodeNeeded, "the %s does not have this code: send the whole init", c.endpoint.Service)
	case !init.HasCode:
		return code, nil
	}
	if sent := init.Digest(); claimed == "" || sent == code {
		return sent, nil
	}
	return code, refusal.New(runtimespec.BadRequest, "the code is not what %s says", runtimespec.HeaderCode)
}

// Container returns what the headers of an init say about its client container.
func (c *Call) Container() (kind string, env map[string]string, err error) {
	if env, err = runtimespec.DecodeEnv(c.HeaderValue(runtimespec.HeaderEnv)); err != nil {
		err = refusal.New(runtimespec.BadRequest, "%v", err)
	}
	return c.HeaderValue(runtimespec.HeaderKind), env, err
}

// CheckFunction refuses an init whose caller computed another identity than the
// service.
func (c *Call) CheckFunction(spec runtimespec.Function, o Order) error {
	if spec.Identity() != o.Function {
		return refusal.New(runtimespec.BadRequest, "the function is not what %s says: is WHISKAWAY_VOLATILE_ENV the same on the caller and the %s?", runtimespec.HeaderFunction, c.endpoint.Service)
	}
	return nil
}

func digest(header, value string) (runtimespec.Digest, error) {
	d, err := runtimespec.ParseDigest(value)
	if err != nil {
		return d, refusal.New(runtimespec.BadRequest, "%s: %v", header, err)
	}
	return d, nil
}

// Lease returns the lease of a request.
func (c *Call) Lease() (string, error) {
	lease := c.HeaderValue(runtimespec.HeaderLease)
	if len(lease) != 36 || uuid.Validate(lease) != nil {
		return "", refusal.New(runtimespec.BadRequest, "the header %s must be a UUID", runtimespec.HeaderLease)
	}
	return lease, nil
}

// WantsFrames reports whether the caller takes an answer in frames.
func (c *Call) WantsFrames() bool {
	return strings.Contains(c.HeaderValue("Accept"), runtimespec.MediaFrames)
}

// shortFunction returns the first digits of the function's identity, for logs.
func (c *Call) shortFunction() string {
	function := c.HeaderValue(runtimespec.HeaderFunction)
	return function[:min(12, len(function))]
}
