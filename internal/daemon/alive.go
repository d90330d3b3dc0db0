package daemon

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// aliveTime bounds how long a service may take to answer a health check.
const aliveTime = 3 * time.Second

// Healthcheck is Alive as a command. It returns the exit code.
func Healthcheck(listen string, serveTLS bool) int {
	if err := Alive(listen, serveTLS); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		return ExitFailed
	}
	return ExitOK
}

// Alive asks a service on this host whether it is alive, given the address that
// the service listens on. Images without a shell check their health with their
// own program. The certificate is not verified: it names what other hosts call
// the service.
func Alive(listen string, serveTLS bool) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	base := &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	if serveTLS {
		base.Scheme = "https"
	}
	ctx, cancel := context.WithTimeout(context.Background(), aliveTime)
	defer cancel()
	pool := upstream.New(base, upstream.Options{TLS: &tls.Config{InsecureSkipVerify: true}})
	defer pool.CloseIdle()
	resp, err := pool.Send(ctx, &upstream.Request{Get: true, Path: runtimespec.PathHealth})
	if err != nil {
		return err
	}
	defer resp.Close()
	if resp.Status != http.StatusOK {
		return fmt.Errorf("%d %s", resp.Status, http.StatusText(resp.Status))
	}
	return nil
}
