package tunnel

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxRefusal bounds how much of an answer that is no tunnel is shown.
const maxRefusal = 512

// connect dials the balancer and turns the connection into a tunnel.
func (l *Listener) connect() (*yamux.Session, error) {
	ctx, cancel := context.WithTimeout(l.ctx, handshake)
	defer cancel()
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	in, err := l.upgrade(conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	session, err := yamux.Server(behind{conn, in}, config(l.AskEvery, l.Patience))
	if err != nil {
		_ = conn.Close()
	}
	return session, err
}

func (l *Listener) dial(ctx context.Context) (net.Conn, error) {
	to := net.JoinHostPort(l.Balancer.Hostname(), cmp.Or(l.Balancer.Port(), l.Balancer.Scheme))
	if l.Balancer.Scheme != "https" {
		return new(net.Dialer).DialContext(ctx, "tcp", to)
	}
	secure := cmp.Or(l.TLS.Clone(), &tls.Config{})
	secure.NextProtos = []string{"http/1.1"}
	return (&tls.Dialer{Config: secure}).DialContext(ctx, "tcp", to)
}

// upgrade requests the tunnel and returns the reader of its bytes.
func (l *Listener) upgrade(conn net.Conn) (*bufio.Reader, error) {
	request := "GET " + runtimespec.PathTunnel + " HTTP/1.1\r\nHost: " + l.Balancer.Host +
		"\r\nConnection: Upgrade\r\nUpgrade: " + runtimespec.UpgradeTunnel + "\r\n" + runtimespec.TunnelServer + ": " + l.Incarnation + "\r\n"
	if l.Token != nil {
		token, err := l.Token()
		if err != nil {
			return nil, err
		}
		request += "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return nil, fmt.Errorf("the balancer's answer: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Upgrade") != runtimespec.UpgradeTunnel {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the balancer makes no tunnel: %s %s", resp.Status, text)
	}
	return in, nil
}
