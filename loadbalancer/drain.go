package loadbalancer

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// pathServer is one server, by a name that [Balancer.called] knows, escaped.
const pathServer = pathServers + "/:server"

// drained is the problem of a server that somebody has drained here.
const drained = "it was drained here and gets work again when it is returned"

// drainOrReturn answers POST /servers/SERVER/drain and …/return.
func (b *Balancer) drainOrReturn(drain bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		return b.handle(func(call *call) error { return b.setDrained(call, c.Param("server"), drain) })(c)
	}
}

// setDrained takes a server out of work, or lets it in again, and answers with
// what has become of it. Drained it stays whatever it says of itself, also when
// it is started again or leaves the list and comes back, for as long as this
// balancer lives. One that is returned gets runs when a check finds it ready.
func (b *Balancer) setDrained(c *call, name string, drain bool) error {
	if err := b.mayOperate(c); err != nil {
		return err
	}
	name, err := url.PathUnescape(name)
	if err != nil {
		return refusal(runtimespec.BadRequest, "the server's name in the path: %v", err)
	}
	b.mu.Lock()
	s, err := b.called(name)
	if err == nil {
		err = b.takeOver(s.name)
	}
	if err == nil && drain {
		b.drained[s.name] = true
		b.drainHere(s, time.Now())
	} else if err == nil {
		delete(b.drained, s.name)
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	s.look()
	b.log.Info("server was drained or returned by request", zap.String("server", s.name), zap.Bool("drained", drain), zap.String("tenant", c.tenant))
	return b.showServer(c, s)
}

// mayOperate is whether a caller may say what servers do: by a token that may
// delegate, or from this host where there are no tokens. There, a header that
// browsers send shows a stranger's page.
func (b *Balancer) mayOperate(c *call) error {
	switch {
	case len(b.settings().tokens) > 0 && !c.grant.Delegate:
		return refusal(runtimespec.Forbidden, "servers are drained and returned by tokens that may delegate")
	case len(c.Header["Origin"]) > 0 || len(c.Header["Sec-Fetch-Site"]) > 0:
		return refusal(runtimespec.Forbidden, "servers are not drained and returned by browsers")
	}
	return nil
}

// called is the member that people mean: by its name, or by its host, with or
// without the port, where no other is meant by that. The caller holds mu.
func (b *Balancer) called(name string) (found *backend, _ error) {
	name = strings.ToLower(strings.TrimRight(name, "/"))
	several := false
	for _, s := range b.backends {
		if strings.ToLower(s.name) == name {
			return s, nil
		}
		if s.goesBy(name) {
			several = found != nil
			found = s
		}
	}
	switch {
	case several:
		return nil, refusal(runtimespec.BadRequest, "%q is more than one server: name it by its URL", name)
	case found == nil:
		missing := refusal(runtimespec.BadRequest, "there is no server %q: GET %s lists them", name, pathServers)
		missing.Status = http.StatusNotFound
		return nil, missing
	}
	return found, nil
}

// goesBy reports whether people may mean the server by a name: its URL, or the
// host of that, with or without the port. One that came through a tunnel has no
// address but goes by its host and port. The caller holds mu.
func (s *backend) goesBy(name string) bool {
	at := s.target
	if s.server.Tunnel {
		var err error
		if at, err = hop.ParseTarget(strings.ToLower(s.name), "http"); err != nil {
			return false
		}
	}
	_, host, isURL := strings.Cut(name, "://")
	return at.Host == name || at.Hostname() == name || name == at.String() || s.server.Tunnel && isURL && at.Host == host
}

// showServer answers with one server's status.
func (b *Balancer) showServer(c *call, s *backend) error {
	for _, status := range b.servers() {
		if status.Server == s.name {
			body, err := json.Marshal(status)
			if err == nil {
				b.answer(c, http.StatusOK, body)
			}
			return err
		}
	}
	return refusal(runtimespec.BadRequest, "%s has just left the list of servers", s.name)
}
