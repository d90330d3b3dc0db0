package clientmode_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
)

func TestConn_IsStaleOnceTheOtherSideEndsItOrSpeaksUnasked(t *testing.T) {
	for name, act := range map[string]func(net.Conn){
		"closed": func(c net.Conn) { _ = c.Close() },
		"reset":  func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() },
		"spoken": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			near, err := net.Dial("tcp", ln.Addr().String())
			require.NoError(t, err)
			far, err := ln.Accept()
			require.NoError(t, err)
			defer far.Close()
			assert.False(t, clientmode.Stale(near))
			act(far)
			eventually(t, func() bool { return clientmode.Stale(near) })
			require.NoError(t, near.Close())
			assert.True(t, clientmode.Stale(near), "closed on this side")
		})
	}
}
