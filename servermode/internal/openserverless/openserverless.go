// Package openserverless is the dialect of Apache OpenServerless' client proxy. That
// dialect names a function by the MD5 of its code alone. Here the MD5 is only a name
// for one function of the tenant, and never decides which functions share a process.
// A second function with the same name is refused. Logs come back inside the answer,
// so they are kept until the run has ended.
package openserverless

import (
	"context"
	"crypto/md5" // not for safety: it is how this dialect names functions
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// Dialect answers OpenServerless' clients.
type Dialect struct {
	service   *invoke.Service
	container map[string]string // the server's own __OW_* variables
	names     hashes
}

// New returns the dialect of a server with an environment.
func New(s *invoke.Service, environ []string) *Dialect {
	return &Dialect{
		service: s, container: runtimespec.ContainerEnv(environ, s.VolatileEnv),
		names: hashes{known: map[hashKey]*named{}},
	}
}

// These members are the dialect's additions to the platform's bodies, and the init
// parameter with the hash.
const (
	memberID   = "proxiedActionID"
	memberHash = "actionCodeHash"
	envHash    = "__OW_CODE_HASH"
)

// maxID is the longest id of a client container, in bytes. An id is a UUID.
const maxID = 256

var okLine = []byte("{\"ok\":true}\n") // as that dialect's server has it

// Init makes a function known by its hash, and ready.
func (d *Dialect) Init(c *endpoint.Call, body []byte, read func()) error {
	id := runtimespec.StringMember(body, memberID)
	init, err := runtimespec.ParseInit(body)
	if err == nil {
		err = checkInit(init, id)
	}
	if err != nil {
		return d.refuse(c, err)
	}
	name := hashKey{c.Tenant, init.Env[envHash]}
	left, limit := invoke.UntilDeadline(init.Deadline(), d.service.Settings().InitTimeout)
	a, err := d.service.Describe(by(c), init, init.Digest(), "", d.container)
	if err != nil {
		return d.refuse(c, err)
	}
	read()
	if err := d.names.enter(name, a.Key, d.service.Table); err != nil {
		return d.refuse(c, err)
	}
	ctx, stop := d.service.Context(invoke.InitTime(left), activation.Overdue{Limit: limit, Init: true})
	defer stop()
	defer context.AfterFunc(c.Context(), stop)()
	lease := leaseOf(id)
	logs := d.log(c)
	err = d.service.Init(ctx, a, lease, logs)
	logs.Leave()
	d.names.leave(name, lease, err == nil)
	if err != nil {
		return d.refuse(c, logs.explain(err))
	}
	d.service.Log.Info("function is ready", zap.String("function", a.Key.Identity.Short()), zap.String("action", a.Info.Name), zap.String("tenant", a.Key.Tenant))
	c.Answer(http.StatusOK, okLine)
	return nil
}

func (d *Dialect) log(c *endpoint.Call) *log {
	return &log{Stages: invoke.Stages{Of: c.Span}, budget: invoke.LogBudget{Max: d.service.MaxLog}}
}

// by returns the caller of a request.
func by(c *endpoint.Call) invoke.Caller {
	return invoke.Caller{Tenant: c.Tenant, Span: c.Span, Trace: c.Onward().Trace}
}

// errNoCode is worded as by classic runtimes.
var errNoCode = refusal.New(runtimespec.Forbidden, "Missing main/no code to execute.")

var md5Hex = regexp.MustCompile(`^[0-9a-f]{32}$`)

// checkInit refuses an init that does not name its function and its caller. It
// computes the hash itself: a claimed hash could give a function the name of
// another.
func checkInit(init *runtimespec.InitBody, id string) error {
	if !init.HasCode {
		return errNoCode
	}
	claimed := init.Env[envHash]
	sum := md5.Sum(init.Code)
	switch {
	case id == "" || len(id) > maxID:
		return refusal.New(runtimespec.BadRequest, "the init names no client container: proxiedActionID must be a UUID")
	case !md5Hex.MatchString(claimed):
		return refusal.New(runtimespec.BadRequest, "the init does not name its function: env must hold __OW_CODE_HASH, the code's MD5 in 32 hex digits")
	case claimed != hex.EncodeToString(sum[:]):
		return refusal.New(runtimespec.BadRequest, "__OW_CODE_HASH is not the MD5 of the code that came")
	}
	return nil
}

// leaseOf returns the lease of a client container of this dialect.
func leaseOf(id string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(memberID+":"+id)).String()
}

// Run executes one activation. It has no id here, so no other run joins it.
func (d *Dialect) Run(c *endpoint.Call, body []byte) error {
	hash := runtimespec.StringMember(body, memberHash)
	if hash == "" {
		return d.refuse(c, refusal.New(runtimespec.BadRequest, "the run does not name its function: actionCodeHash is missing"))
	}
	if err := runtimespec.CheckRun(body); err != nil {
		return d.refuse(c, err)
	}
	longest := d.service.Settings().RunTimeout
	limit, err := runtimespec.Timeout(c.Header, longest) // from clients of ours
	if err != nil {
		return d.refuse(c, refusal.New(runtimespec.BadRequest, "%s", err.Error()))
	}
	name := hashKey{c.Tenant, hash}
	key, lease, ok := d.names.find(name)
	if !ok {
		return d.refuse(c, errUnnamed)
	}
	limit = min(limit, longest)
	ctx, stop := d.service.Context(limit, activation.Overdue{Limit: limit})
	defer stop()
	mine, _, _ := d.service.Activations.Enter(ctx, activation.Key{Key: key}, time.Time{}, false)
	defer context.AfterFunc(c.Context(), func() { mine.CallerLeft(invoke.DisconnectGrace) })()
	logs := d.log(c)
	result, err := outcome.Foreign(d.service.Run(mine.Context(), by(c), activation.Key{Key: key}, lease, body, logs))
	logs.Leave()
	d.service.Activations.Finish(mine, result, err)
	if !d.names.holds(name, lease) { // it was stopped meanwhile, and the run has renewed the lease
		d.service.Table.Stop(key, lease)
	}
	switch {
	case errors.Is(err, function.ErrUnknown):
		err = errUnnamed
	case err == nil:
		c.Answer(http.StatusOK, logs.envelope(result))
		return nil
	}
	return d.refuse(c, err)
}

var errUnnamed = refusal.New(runtimespec.UnknownFunction, "Action not found in remote runtime: no function with this code hash is initialised here; it was stopped or evicted, or the server was started again. Send its init.")

// Stop ends a client container's lease.
func (d *Dialect) Stop(c *endpoint.Call, body []byte) error {
	hash, id := runtimespec.StringMember(body, memberHash), runtimespec.StringMember(body, memberID)
	if hash == "" || id == "" {
		return d.refuse(c, refusal.New(runtimespec.BadRequest, "a stop names a function and a client container: actionCodeHash and proxiedActionID"))
	}
	lease := leaseOf(id)
	key, ok := d.names.drop(hashKey{c.Tenant, hash}, lease)
	if !ok {
		return d.refuse(c, refusal.New(runtimespec.UnknownFunction, "Action to be removed in remote runtime not found."))
	}
	d.service.Table.Stop(key, lease)
	c.Answer(http.StatusOK, okLine)
	return nil
}

// refuse answers with an error as that dialect's server does, with our reason. The
// client passes the status on. A 503 would make the platform send the activation
// again, or lose it.
func (d *Dialect) refuse(c *endpoint.Call, err error) error {
	r := c.Note(err)
	status := r.Reason.Status()
	if status == http.StatusServiceUnavailable {
		status = http.StatusBadGateway
	}
	c.W.Header().Set(runtimespec.HeaderReason, string(r.Reason))
	c.Answer(status, append(r.Body(), '\n'))
	return nil
}

// ambiguous refuses a second function with a name that is in use.
func ambiguous(hash string) error {
	return refusal.New(runtimespec.Forbidden,
		"the OpenServerless dialect tells functions apart by their code's hash alone, and %.8s… is already in use here with another main or other init parameters: "+
			"change the code (a comment will do), or use the clientmode of Whiskaway, whose own dialect tells them apart", hash)
}
