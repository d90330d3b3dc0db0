package tunnel

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ServeHTTP answers GET /tunnel for a caller with a valid token. It takes over
// the connection and returns when the tunnel has ended.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	incarnation := r.Header.Get(runtimespec.TunnelServer)
	refuse := func(status int, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(runtimespec.ErrorBody(message))
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), runtimespec.UpgradeTunnel) {
		w.Header().Set("Upgrade", runtimespec.UpgradeTunnel)
		refuse(http.StatusUpgradeRequired, "this is for servers that dial: want Upgrade: "+runtimespec.UpgradeTunnel)
		return
	}
	if _, err := uuid.Parse(incarnation); err != nil || len(incarnation) != 36 {
		refuse(http.StatusBadRequest, "the header "+runtimespec.TunnelServer+" must be a UUID")
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(http.StatusInternalServerError, "this connection cannot become a tunnel")
		return
	}
	_ = conn.SetDeadline(time.Now().Add(handshake))
	if _, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", runtimespec.UpgradeTunnel); err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	_ = h.Serve(behind{conn, buffered.Reader}, strings.ToLower(incarnation)) // the server and the checks notice the end themselves
}

// behind is a connection whose first bytes are in a buffer.
type behind struct {
	net.Conn
	in *bufio.Reader
}

func (b behind) Read(p []byte) (int, error) { return b.in.Read(p) }
