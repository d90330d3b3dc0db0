package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/service"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// containerCaller is an invoker with one client container.
type containerCaller struct {
	container *service.Service
	conn      *conn
	ledger    string
}

// throughClients starts a client container for each caller.
func throughClients(r *rig, s *service.Service, f *function, ledger string) (callers []caller, err error) {
	for range crashCallers {
		client, err := r.client(s, f.kind)
		if err != nil {
			return callers, err
		}
		c := &containerCaller{container: client, conn: newConn(client.Address), ledger: ledger}
		callers = append(callers, c)
		if _, err := c.conn.must(post("/init", string(f.initBody()))); err != nil {
			return callers, err
		}
	}
	return callers, nil
}

// post returns a request as the platform sends it, without headers of ours.
func post(path, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

func (c *containerCaller) run(id string, number int) (answer, error) {
	return c.conn.do(post("/run", runBody(crashValue(c.ledger, number), id)))
}

func (c *containerCaller) restarted() {}

func (c *containerCaller) close() {
	c.conn.Close()
	c.container.Stop()
}

func crashValue(ledger string, number int) string {
	return fmt.Sprintf(`{"ledger":%q,"number":%d,"sleep":%d}`, ledger, number, crashSleep)
}

// directCaller calls a server by the contract's rules: it sends again what was
// not started, after an init if the server does not know the function.
type directCaller struct {
	conn     *conn
	function *function
	ledger   string
}

func directly(_ *rig, s *service.Service, f *function, ledger string) (callers []caller, err error) {
	for range crashCallers {
		callers = append(callers, &directCaller{newConn(s.Address), f, ledger})
	}
	return callers, nil
}

// pause is how long a caller waits before it tries again.
const pause = 5 * time.Millisecond

func (c *directCaller) run(id string, number int) (a answer, err error) {
	body := runBody(crashValue(c.ledger, number), id)
	request := []byte(c.function.head(runtimespec.PathRun, id, len(body)) + body)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(pause) {
		a, err = c.conn.do(request)
		switch {
		case errors.Is(err, load.ErrNotSent):
		case err != nil || !a.reason.NotStarted():
			return a, err
		case a.reason == runtimespec.UnknownFunction:
			if init, err := c.conn.do(c.function.init()); err == nil && init.status != http.StatusOK && !init.reason.NotStarted() {
				return init, nil
			}
		}
	}
	return a, err
}

// restarted closes a connection whose other end is gone: a request written to
// it would be lost.
func (c *directCaller) restarted() { c.conn.Close() }

func (c *directCaller) close() { c.conn.Close() }
