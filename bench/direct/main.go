// Command direct is a classic runtime container, with nothing remote: one
// action behind an HTTP server that does for each run what OpenWhisk's
// ActionLoop proxies do. It removes newlines from the body, decodes the result
// to check that it is an object or an array, ends both logs with a sentinel and
// flushes.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/whiskaway/whiskaway/bench/internal/actionloop"
)

const sentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address to serve on")
	dir := flag.String("dir", ".", "folder for the action's code")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*listen, &container{dir: *dir}))
}

type container struct {
	dir string

	mu     sync.Mutex // the action serves one run at a time
	action *actionloop.Action
}

func (c *container) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		actionloop.Fail(w, err)
		return
	}
	answer := []byte(actionloop.Ack)
	if r.URL.Path == "/init" {
		err = c.init(body)
	} else {
		answer, err = c.run(body)
	}
	if err != nil {
		actionloop.Fail(w, err)
		return
	}
	actionloop.Answer(w, http.StatusOK, answer)
	_ = http.NewResponseController(w).Flush()
}

func (c *container) init(body []byte) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.action, err = actionloop.Start(body, c.dir)
	return err
}

func (c *container) run(body []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := bytes.ReplaceAll(body, []byte("\n"), nil)
	for _, part := range [][]byte{line, []byte("\n")} {
		if _, err := c.action.Write(part); err != nil {
			return nil, err
		}
	}
	result, err := c.action.Read(nil)
	_, _ = os.Stdout.WriteString(sentinel)
	_, _ = os.Stderr.WriteString(sentinel)
	if err == nil && !acceptable(result) {
		err = errors.New("the action did not return a dictionary or array")
	}
	return result, err
}

// acceptable reports whether a result is an object or an array.
func acceptable(result []byte) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal(result, &object) == nil {
		return true
	}
	var array []any
	return json.Unmarshal(result, &array) == nil
}
