// Command floor is the least that a function on another host can cost with
// net/http: a handler that passes a run on through http.Transport, a handler
// that writes it to the action's pipe, and nothing else. It has no identity,
// checks, logs or limits. "floor exchange" is a single net/http handler.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/whiskaway/whiskaway/bench/internal/actionloop"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to serve on")
	upstream := flag.String("upstream", "", "URL of floor server, for floor client")
	dir := flag.String("dir", ".", "folder for the action's code")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "floor [flags] client|server|exchange\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	modes := map[string]http.Handler{"client": newClient(*upstream), "server": &server{dir: *dir}, "exchange": http.HandlerFunc(exchange)}
	mode, ok := modes[flag.Arg(0)]
	if !ok || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	log.Fatal(http.ListenAndServe(*listen, mode))
}

// exchange answers a run's value, and any other request that it is ready.
func exchange(w http.ResponseWriter, r *http.Request) {
	buf := actionloop.Buffers.Get().(*[]byte)
	defer actionloop.Buffers.Put(buf)
	body, err := actionloop.Body(r.Body, r.ContentLength, *buf)
	if *buf = body; err != nil {
		actionloop.Fail(w, err)
		return
	}
	answer := []byte(actionloop.Ack)
	if r.URL.Path == "/run" {
		answer = actionloop.Value(body)
	}
	actionloop.Answer(w, http.StatusOK, answer)
}

type server struct {
	dir string

	mu     sync.Mutex // the action serves one run at a time
	action *actionloop.Action
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, answer := actionloop.Buffers.Get().(*[]byte), actionloop.Buffers.Get().(*[]byte)
	defer actionloop.Buffers.Put(request)
	defer actionloop.Buffers.Put(answer)
	var err error
	if *request, err = actionloop.Body(r.Body, r.ContentLength, *request); err == nil {
		if r.URL.Path == "/init" {
			*answer, err = append((*answer)[:0], actionloop.Ack...), s.init(*request)
		} else {
			*answer, err = s.run(append(*request, '\n'), *answer)
		}
	}
	if err != nil {
		actionloop.Fail(w, err)
		return
	}
	actionloop.Answer(w, http.StatusOK, *answer)
}

func (s *server) init(body []byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.action, err = actionloop.Start(body, s.dir)
	return err
}

func (s *server) run(line, buf []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.action.Write(line); err != nil {
		return buf, err
	}
	return s.action.Read(buf)
}

type client struct {
	upstream  string
	transport *http.Transport
}

func newClient(upstream string) *client {
	return &client{upstream, &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}}
}

func (c *client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, answer := actionloop.Buffers.Get().(*[]byte), actionloop.Buffers.Get().(*[]byte)
	defer actionloop.Buffers.Put(request)
	defer actionloop.Buffers.Put(answer)
	var err error
	if *request, err = actionloop.Body(r.Body, r.ContentLength, *request); err == nil {
		var out *http.Request
		if out, err = http.NewRequest(http.MethodPost, c.upstream+r.URL.Path, bytes.NewReader(*request)); err == nil {
			err = c.pass(w, out, answer)
		}
	}
	if err != nil {
		actionloop.Fail(w, err)
	}
}

func (c *client) pass(w http.ResponseWriter, out *http.Request, buf *[]byte) error {
	resp, err := c.transport.RoundTrip(out)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if *buf, err = actionloop.Body(resp.Body, resp.ContentLength, *buf); err != nil {
		return err
	}
	actionloop.Answer(w, resp.StatusCode, *buf)
	return nil
}
