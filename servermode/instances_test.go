package servermode_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode"
)

// waiter answers when its peer at a port says so.
const waiter = `#!/bin/bash
while read -r line; do
  port=${line#*\"value\":}; port=${port%%[!0-9]*}
  exec 4<>"/dev/tcp/127.0.0.1/$port"; read -r said <&4; exec 4>&-
  echo '{"said":"'"$said"'"}' >&3
done
`

// Runs that wait for other things than a CPU wait side by side, even on a host with
// two CPUs: none here has its answer before all eight have started.
func TestServer_EightRunsThatWaitDoSoAtTheSameTime(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		var all []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if all = append(all, conn); len(all) == 8 {
				for _, one := range all {
					fmt.Fprintln(one, "go")
				}
			}
		}
	}()
	r := newRig(t, servermode.Config{})
	f := newTarget("native", waiter, nil)
	r.mustInit(f)
	_, port, _ := strings.Cut(listener.Addr().String(), ":")
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			a := r.run(f, "", port)
			assert.Equal(t, http.StatusOK, a.status)
			assert.Equal(t, `{"said":"go"}`, a.body)
		})
	}
	runs.Wait()
}
