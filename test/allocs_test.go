package test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// mostAllocs is the most allocations of a 12 B run in each service.
const mostAllocs = 60

const (
	idle = "00000000000000000000000000000000"
	run  = `{"value":{"x":"xxxxxxxxxxxx"},"activation_id":"` + idle + `","deadline":"4102444800000"}`
)

// bare is a connection that allocates nothing itself, so that only the
// service's allocations are counted.
type bare struct {
	net.Conn
	request []byte
	ids     [][]byte // places of the activation id in request
	seq     uint64
	buf     [4 << 10]byte
}

func newBare(t testing.TB, addr string, header ...string) *bare {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	head := append([]string{"POST /run HTTP/1.1", "Host: x", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(run))}, header...)
	b := &bare{Conn: conn, request: []byte(strings.Join(head, "\r\n") + "\r\n\r\n" + run)}
	for rest := b.request; ; {
		at := bytes.Index(rest, []byte(idle))
		if at < 0 {
			return b
		}
		b.ids = append(b.ids, rest[at:at+len(idle)])
		rest = rest[at+len(idle):]
	}
}

var okay = []byte("HTTP/1.1 200 OK\r\n")

// run makes one run, with an id of its own.
func (b *bare) run() error {
	b.seq++
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[8:], b.seq)
	for _, id := range b.ids {
		hex.Encode(id, raw[:])
	}
	if _, err := b.Write(b.request); err != nil {
		return err
	}
	n, err := harness.ReadMessage(b, b.buf[:])
	if err == nil && !bytes.HasPrefix(b.buf[:n], okay) {
		err = fmt.Errorf("answer: %s", b.buf[:n])
	}
	return err
}

// framesServer answers everything with one result.
func framesServer(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	result := runtimespec.AppendFrame(nil, runtimespec.Result, http.StatusOK, []byte(`{"x":"xxxxxxxxxxxx"}`))
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nWhiskaway-Server: 0b9d3c52-7a5e-4c1f-9d0e-2f6a8b1c4d3e\r\n"+
		"Endpoint-Load-Metrics: TEXT named_metrics.in_flight=1, named_metrics.slots=2, named_metrics.queued=0\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n%s",
		runtimespec.MediaFrames, len(result), result)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for buf := make([]byte, 64<<10); ; {
					if _, err := harness.ReadMessage(conn, buf); err != nil {
						return
					}
					if _, err := conn.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// bareClient returns a caller of a client container whose upstream allocates
// nothing.
func bareClient(t testing.TB) *bare {
	t.Helper()
	client := clientmode.New(clientmode.Config{
		Listen: "127.0.0.1:0", Upstream: "http://" + framesServer(t), Kind: "python:3", Stdout: io.Discard, Stderr: io.Discard,
	})
	require.NoError(t, client.Start())
	t.Cleanup(func() { _ = client.Stop(context.Background()) })
	a := harness.Post(t, "http://"+client.Addr()+"/init", harness.InitBody(echoAction, nil))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	return newBare(t, client.Addr())
}

// bareServer returns a caller of a server with a function.
func bareServer(t testing.TB) *bare {
	t.Helper()
	server := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: harness.StateDir(t)})
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	return bareCaller(t, server.Addr())
}

// bareBalancer returns a caller of a balancer before a server that is another process.
func bareBalancer(t testing.TB) *bare {
	t.Helper()
	balancer := loadbalancer.New(loadbalancer.Config{Listen: "127.0.0.1:0", StateDir: harness.StateDir(t), Servers: []string{harness.Server(t).URL}})
	require.NoError(t, balancer.Start())
	t.Cleanup(func() { _ = balancer.Stop(context.Background()) })
	harness.Eventually(t, func() bool {
		resp, err := http.Get("http://" + balancer.Addr() + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, "the balancer has identified its server")
	return bareCaller(t, balancer.Addr())
}

// bareCaller has initialised a function there.
func bareCaller(t testing.TB, addr string) *bare {
	t.Helper()
	body := []byte(`{"value":{"main":"main","code":"def main(args):\n    return args\n"}}`)
	init, err := runtimespec.ParseInit(body)
	require.NoError(t, err)
	identity := init.Function("python:3", init.Digest(), nil, nil).Identity().String()
	h := http.Header{
		runtimespec.HeaderFunction: {identity}, runtimespec.HeaderLease: {"0b9d3c52-7a5e-4c1f-9d0e-2f6a8b1c4d3e"},
		runtimespec.HeaderKind: {"python:3"}, "Accept": {runtimespec.MediaFrames},
	}
	a, err := harness.Send("http://"+addr+"/init", h, body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	return newBare(t, addr, runtimespec.HeaderFunction+": "+identity, runtimespec.HeaderLease+": 0b9d3c52-7a5e-4c1f-9d0e-2f6a8b1c4d3e",
		"Accept: "+runtimespec.MediaFrames, runtimespec.HeaderTimeout+": 60000", runtimespec.HeaderActivation+": "+idle)
}

func TestRun_AllocatesLittle(t *testing.T) {
	harness.Needs(t, "python3")
	for name, b := range map[string]*bare{"client": bareClient(t), "balancer": bareBalancer(t), "server": bareServer(t)} {
		n := testing.AllocsPerRun(200, func() { require.NoError(t, b.run()) })
		t.Logf("%s: %.0f allocations per run", name, n)
		require.LessOrEqual(t, n, float64(mostAllocs), name)
	}
}

func BenchmarkAllocs_Client(b *testing.B) { benchmarkAllocs(b, bareClient(b)) }

func BenchmarkAllocs_Balancer(b *testing.B) { benchmarkAllocs(b, bareBalancer(b)) }

func BenchmarkAllocs_Server(b *testing.B) { benchmarkAllocs(b, bareServer(b)) }

func benchmarkAllocs(b *testing.B, conn *bare) {
	require.NoError(b, conn.run())
	b.ReportAllocs()
	for b.Loop() {
		if err := conn.run(); err != nil {
			b.Fatal(err)
		}
	}
}
