package servermode

import (
	"context"
	"crypto/md5" // not for safety: it is how this dialect names functions
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// openServerless is the dialect of Apache OpenServerless' client proxy. It names
// a function by the MD5 of its code alone; here that is a name of one function
// of the tenant, never what decides who shares a process.
type openServerless struct {
	server    *Server
	container map[string]string // the server's own __OW_* variables
	names     hashes
}

func newOpenServerless(s *Server) *openServerless {
	return &openServerless{
		server: s, container: runtimespec.ContainerEnv(s.cfg.Environ, s.cfg.VolatileEnv),
		names: hashes{known: map[hashKey]*named{}},
	}
}

// Members that this dialect adds to the platform's bodies, and the init
// parameter with the hash.
const (
	memberID   = "proxiedActionID"
	memberHash = "actionCodeHash"
	envHash    = "__OW_CODE_HASH"
)

// maxID is the longest id of a client container, in bytes. It is a UUID.
const maxID = 256

var okLine = []byte("{\"ok\":true}\n") // as that dialect's server has it

// init makes a function known by its hash, and ready.
func (o *openServerless) init(c *call, body []byte, read func()) error {
	id := runtimespec.StringMember(body, memberID)
	init, err := runtimespec.ParseInit(body)
	if err == nil {
		err = checkInit(init, id)
	}
	if err != nil {
		return o.refuse(c, err)
	}
	name := hashKey{c.Tenant, init.Env[envHash]}
	limit := within(init.Deadline(), o.server.settings().InitTimeout)
	spec, info, err := o.server.understand(c, init, "", o.container)
	if err != nil {
		return o.refuse(c, err)
	}
	read()
	key := function.Key{Tenant: c.Tenant, Identity: spec.Identity()}
	if err := o.names.enter(name, key, o.server.table); err != nil {
		return o.refuse(c, err)
	}
	ctx, stop := o.server.context(limit-min(initMargin, limit/10), overdue{limit: limitOf(init.Deadline(), o.server.settings().InitTimeout), init: true})
	defer stop()
	defer context.AfterFunc(c.Context(), stop)()
	lease := leaseOf(id)
	logs := &keptLog{stages: stages{of: c.Span}, max: o.server.cfg.MaxLog}
	err = o.server.table.Init(ctx, key, lease, info, o.server.programOf(c.Tenant, spec), logs)
	logs.leave()
	o.names.leave(name, lease, err == nil)
	if err != nil {
		return o.refuse(c, logs.explain(err))
	}
	o.server.log.Info("function is ready", zap.String("function", key.Identity.Short()), zap.String("action", info.Name), zap.String("tenant", key.Tenant))
	c.Answer(http.StatusOK, okLine)
	return nil
}

var md5Hex = regexp.MustCompile(`^[0-9a-f]{32}$`)

// checkInit refuses an init that does not name its function and its caller. A
// hash is computed here too: one that is only claimed would give any function
// the name of another.
func checkInit(init *runtimespec.InitBody, id string) error {
	if !init.HasCode {
		return errNoCode
	}
	claimed := init.Env[envHash]
	sum := md5.Sum(init.Code)
	switch {
	case id == "" || len(id) > maxID:
		return refusal(runtimespec.BadRequest, "the init names no client container: proxiedActionID must be a UUID")
	case !md5Hex.MatchString(claimed):
		return refusal(runtimespec.BadRequest, "the init does not name its function: env must hold __OW_CODE_HASH, the code's MD5 in 32 hex digits")
	case claimed != hex.EncodeToString(sum[:]):
		return refusal(runtimespec.BadRequest, "__OW_CODE_HASH is not the MD5 of the code that came")
	}
	return nil
}

// leaseOf is the lease of a client container of this dialect.
func leaseOf(id string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(memberID+":"+id)).String()
}

// run executes one activation. It has no id here: nothing joins it.
func (o *openServerless) run(c *call, body []byte) error {
	hash := runtimespec.StringMember(body, memberHash)
	if hash == "" {
		return o.refuse(c, refusal(runtimespec.BadRequest, "the run does not name its function: actionCodeHash is missing"))
	}
	if err := runtimespec.CheckRun(body); err != nil {
		return o.refuse(c, err)
	}
	limit, err := runtimespec.Timeout(c.Header, o.server.settings().RunTimeout) // from clients of ours
	if err != nil {
		return o.refuse(c, refusal(runtimespec.BadRequest, err.Error()))
	}
	name := hashKey{c.Tenant, hash}
	key, lease, ok := o.names.find(name)
	if !ok {
		return o.refuse(c, errUnnamed)
	}
	limit = min(limit, o.server.settings().RunTimeout)
	ctx, stop := o.server.context(limit, overdue{limit: limit})
	defer stop()
	mine := newActivation(ctx, time.Time{})
	defer context.AfterFunc(c.Context(), func() { o.server.activations.left(activationKey{Key: key}, mine, disconnectGrace) })()
	logs := &keptLog{stages: stages{of: c.Span}, max: o.server.cfg.MaxLog}
	result, err := o.server.table.Run(mine.ctx, key, lease, o.server.line(c, key, body), logs)
	result, err = foreign(o.server.outcome(c, activationKey{Key: key}, logs, result, err))
	logs.leave()
	o.server.activations.leave(activationKey{Key: key}, mine, result, err)
	if !o.names.holds(name, lease) { // stopped meanwhile, and the run has taken the lease again
		o.server.table.Stop(key, lease)
	}
	switch {
	case errors.Is(err, function.ErrUnknown):
		err = errUnnamed
	case err == nil:
		c.Answer(http.StatusOK, logs.envelope(result))
		return nil
	}
	return o.refuse(c, err)
}

var errUnnamed = refusal(runtimespec.UnknownFunction, "Action not found in remote runtime: no function with this code hash is initialised here; it was stopped or evicted, or the server was started again. Send its init.")

// stop gives a client container's lease up.
func (o *openServerless) stop(c *call, body []byte) error {
	hash, id := runtimespec.StringMember(body, memberHash), runtimespec.StringMember(body, memberID)
	if hash == "" || id == "" {
		return o.refuse(c, refusal(runtimespec.BadRequest, "a stop names a function and a client container: actionCodeHash and proxiedActionID"))
	}
	lease := leaseOf(id)
	key, ok := o.names.drop(hashKey{c.Tenant, hash}, lease)
	if !ok {
		return o.refuse(c, refusal(runtimespec.UnknownFunction, "Action to be removed in remote runtime not found."))
	}
	o.server.table.Stop(key, lease)
	c.Answer(http.StatusOK, okLine)
	return nil
}

// refuse answers with an error as that dialect's server does, with our reason.
// Its client passes the status on: a 503 would make the platform send the
// activation again, or lose it.
func (o *openServerless) refuse(c *call, err error) error {
	r := c.Note(err)
	status := r.Reason.Status()
	if status == http.StatusServiceUnavailable {
		status = http.StatusBadGateway
	}
	c.W.Header().Set(runtimespec.HeaderReason, string(r.Reason))
	c.Answer(status, append(r.Body(), '\n'))
	return nil
}

// ambiguous refuses a second function of the same name.
func ambiguous(hash string) error {
	return refusal(runtimespec.Forbidden, fmt.Sprintf(
		"the OpenServerless dialect tells functions apart by their code's hash alone, and %.8s… is already in use here with another main or other init parameters: "+
			"change the code (a comment will do), or use the clientmode of Whiskaway, whose own dialect tells them apart", hash))
}
