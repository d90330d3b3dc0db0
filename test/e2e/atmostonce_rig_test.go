package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// ledgerAction writes each activation that it executes into the ledger. Where
// the run says so it tells how far it is and waits to be let on.
const ledgerAction = `#!/bin/sh
hold() {
	case $line in *"\"hold\":\"$1\""*)
		echo $$ >"$DIR/$id.part"
		mv "$DIR/$id.part" "$DIR/$id.$1"
		read -r go <"$DIR/go"
	esac
}
while IFS= read -r line; do
	id=${line#*\"activation_id\":\"} id=${id%%\"*} filler=
	hold before
	echo "$id" >>"$DIR/ledger"
	echo "out $id"
	hold after
	case $line in *'"large":true'*) filler=$(head -c 900000 /dev/zero | tr '\0' x) ;; esac
	printf '{"id":"%s","filler":"%s"}\n' "$id" "$filler" >&3
done
`

// once is a client and a server, the wire between them, and the ledger of what
// was executed.
type once struct {
	t              *testing.T
	state, dir     string
	server, client *harness.Process
	link           *harness.Link
}

func newOnce(t *testing.T) *once {
	t.Helper()
	o := &once{t: t, state: harness.StateDir(t), dir: harness.OpenDir(t)}
	require.NoError(t, os.Chmod(o.dir, 0o777)) // functions are users of their own
	for name, create := range map[string]func(string) error{
		"ledger": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"go":     func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		require.NoError(t, create(filepath.Join(o.dir, name)))
		require.NoError(t, os.Chmod(filepath.Join(o.dir, name), 0o666))
	}
	o.server = harness.Start(t, "servermode", nil, "--listen=127.0.0.1:0", "--state-dir="+o.state)
	o.link = harness.NewLink(t, o.server.URL)
	o.client = o.newClient()
	return o
}

// newClient returns one more container of the function.
func (o *once) newClient() *harness.Process {
	o.t.Helper()
	client := harness.Client(o.t, o.link.URL, "native")
	harness.Init(o.t, client, ledgerAction, harness.M{"DIR": o.dir})
	return client
}

// run starts an activation in the background.
func (o *once) run(id string, value harness.M) <-chan harness.Answer {
	answer := make(chan harness.Answer, 1)
	go func() {
		a, _ := harness.TryPost(o.client.URL+"/run", harness.M{"activation_id": id, "value": value})
		answer <- a
	}()
	return answer
}

// receive waits for something that has to come.
func receive[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(harness.Patience):
		require.FailNow(t, "nothing came")
	}
	return value
}

// executed returns how often an activation is in the ledger.
func (o *once) executed(id string) (n int) {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, "ledger"))
	require.NoError(o.t, err)
	for line := range strings.Lines(string(text)) {
		if line == id+"\n" {
			n++
		}
	}
	return n
}

// check holds what is true of every answer, and of the ledger beside it.
func (o *once) check(id string, a harness.Answer) {
	o.t.Helper()
	if a.Status == http.StatusOK {
		require.Equal(o.t, id, harness.Field(o.t, a, "id"))
		require.Equal(o.t, 1, o.executed(id), id)
	} else {
		require.Contains(o.t, []int{http.StatusBadGateway, http.StatusBadRequest}, a.Status, "%s: %s", id, a.Body)
		require.LessOrEqual(o.t, o.executed(id), 1, id)
	}
}

// held waits until a run is held at a step, and returns its process.
func (o *once) held(id, step string) (pid int) {
	o.t.Helper()
	harness.Eventually(o.t, func() bool {
		text, err := os.ReadFile(filepath.Join(o.dir, id+"."+step))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	}, id+" is held "+step)
	return pid
}

// release lets the held run continue.
func (o *once) release() {
	o.t.Helper()
	harness.Eventually(o.t, func() bool {
		fifo, err := os.OpenFile(filepath.Join(o.dir, "go"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return false // not read yet
		}
		_, err = fifo.WriteString("go\n")
		return err == nil && fifo.Close() == nil
	}, "the run is let go")
}

// headSeen waits until the head of the answer has reached the client.
func (o *once) headSeen() {
	o.t.Helper()
	harness.Eventually(o.t, func() bool { return headPassed(o.link, 1<<30) }, "the head of the answer comes")
}

// headPassed reports whether the head of an answer was among the first n bytes.
func headPassed(link *harness.Link, n int) bool {
	passed, _ := link.Passed(harness.Down)
	return strings.Contains(passed[:min(n, len(passed))], "\r\n\r\n")
}

// askedAgain waits until the client has asked for its run again.
func (o *once) askedAgain() {
	o.t.Helper()
	harness.Eventually(o.t, func() bool {
		passed, _ := o.link.Passed(harness.Up)
		return strings.Contains(passed, "Whiskaway-Server: ")
	}, "the run is asked for again")
}

// restart starts another server in the place of one that was killed.
func (o *once) restart() {
	o.t.Helper()
	o.server = harness.Start(o.t, "servermode", nil, "--listen="+strings.TrimPrefix(o.server.URL, "http://"), "--state-dir="+o.state)
}

// process returns the one that the function has.
func (o *once) process() int {
	o.t.Helper()
	functions := harness.Functions(o.t, o.server)
	require.Len(o.t, functions, 1)
	require.Len(o.t, functions[0].Instances, 1)
	return functions[0].Instances[0].PID
}

// servesOn asserts that the next run succeeds.
func (o *once) servesOn(id string) {
	o.t.Helper()
	a := receive(o.t, o.run(id, nil))
	assert.Equal(o.t, http.StatusOK, a.Status, a.Body)
	o.check(id, a)
}
