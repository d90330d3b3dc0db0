package daemon_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

func TestAlive_AsksWhereTheServiceListens(t *testing.T) {
	status := http.StatusOK
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/healthz", r.URL.Path)
		w.WriteHeader(status)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	port := func(url string) string { return url[strings.LastIndexByte(url, ':'):] }
	for _, host := range []string{"127.0.0.1", "0.0.0.0", "", "localhost"} {
		assert.NoError(t, daemon.Alive(host+port(plain.URL), false), host)
	}
	assert.NoError(t, daemon.Alive("0.0.0.0"+port(secure.URL), true))
	assert.Error(t, daemon.Alive("127.0.0.1"+port(secure.URL), false))
	assert.Error(t, daemon.Alive("no port", false))
	status = http.StatusServiceUnavailable
	assert.ErrorContains(t, daemon.Alive("127.0.0.1"+port(plain.URL), false), "503")
}
