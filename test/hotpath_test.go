package test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

const echoAction = "import sys\ndef main(args):\n    return args\n"

// chain returns a client in front of a server, or of a balancer in front of that, all
// in this process, with an initialised function.
func chain(b *testing.B, balanced bool) string {
	server := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: harness.StateDir(b)})
	require.NoError(b, server.Start())
	b.Cleanup(func() { _ = server.Stop(context.Background()) })
	upstream := "http://" + server.Addr()
	if balanced {
		balancer := loadbalancer.New(loadbalancer.Config{Listen: "127.0.0.1:0", StateDir: b.TempDir(), Servers: []string{upstream}})
		require.NoError(b, balancer.Start())
		b.Cleanup(func() { _ = balancer.Stop(context.Background()) })
		upstream = "http://" + balancer.Addr()
	}
	client := clientmode.New(clientmode.Config{
		Listen: "127.0.0.1:0", Upstream: upstream, Kind: "python:3", Stdout: io.Discard, Stderr: io.Discard,
	})
	require.NoError(b, client.Start())
	b.Cleanup(func() { _ = client.Stop(context.Background()) })
	a := harness.Post(b, "http://"+client.Addr()+"/init", harness.InitBody(echoAction, nil))
	require.Equal(b, http.StatusOK, a.Status, a.Body)
	return "http://" + client.Addr() + "/run"
}

// One run through both services, with the invoker's connection kept: time and
// allocations of client and server together, the caller's included.
func BenchmarkRun_ClientToServer(b *testing.B) { benchmarkRun(b, false) }

// The same with a balancer between the two.
func BenchmarkRun_ThroughABalancer(b *testing.B) { benchmarkRun(b, true) }

func benchmarkRun(b *testing.B, balanced bool) {
	for name, size := range map[string]int{"12B": 12, "100KB": 100 << 10, "1MB": 1<<20 - 100} {
		b.Run(name, func(b *testing.B) {
			url := chain(b, balanced)
			body := []byte(`{"value":{"x":"` + strings.Repeat("x", size) + `"}}`)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.Post(url, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK || n < int64(size) {
					b.Fatal(resp.Status, n, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
