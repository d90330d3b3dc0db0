package clientmode_test

import (
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestAllow_ANameThatLeadsElsewhereIsRefused(t *testing.T) {
	f := newFake(t, nil)
	u, err := url.Parse(f.URL)
	require.NoError(t, err)
	r := newRig(t, clientmode.Config{UpstreamAllow: []string{"10.0.0.0/8"}})
	a := r.post("/init", initOf("main@http://localhost:"+u.Port(), small))
	assert.Equal(t, http.StatusForbidden, a.Status)
	assert.Contains(t, a.Body, "not on the operator's list (--upstream-allow)")
	assert.Empty(t, f.all("/init"))
	r.sentinels(1)

	r = newRig(t, clientmode.Config{UpstreamAllow: []string{"127.0.0.0/8", "::1"}})
	a = r.post("/init", initOf("main@http://localhost:"+u.Port(), small))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.Equal(t, 1, f.count("/init"))
	assert.NoError(t, r.Stop(t.Context()))
	assert.Equal(t, 1, f.count("/stop"))
}

func TestAllow_MainGoesBeforeTheOperatorsServer(t *testing.T) {
	fixed, named := newFake(t, nil), newFake(t, nil)
	r := newRig(t, clientmode.Config{Upstream: fixed.URL, UpstreamAllow: []string{"127.0.0.1"}})
	body := initOf("niam@"+named.URL, small)
	require.Equal(t, http.StatusOK, r.post("/init", body).Status)
	assert.Empty(t, fixed.all("/init"))
	got := named.all("/init")
	require.Len(t, got, 1)
	assert.Equal(t, body, got[0].body)
	init, err := runtimespec.ParseInit([]byte(initOf("niam", small)))
	require.NoError(t, err)
	assert.Equal(t, init.Function("", init.Digest(), nil, nil).Identity().String(), got[0].Get(runtimespec.HeaderFunction))
}

func TestAllow_NothingIsAllowedUnlessSaid(t *testing.T) {
	f := newFake(t, nil)
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	a := r.post("/init", initOf("main@"+f.URL, small))
	assert.Equal(t, http.StatusForbidden, a.Status)
	assert.Contains(t, a.Body, "--upstream-allow")
	assert.Contains(t, r.stderr.String(), "--upstream-allow", "authors look at the logs")
	assert.Empty(t, f.all("/init"))

	r = newRig(t, clientmode.Config{})
	a = r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "WHISKAWAY_UPSTREAM")
}

func TestUpstream_RedirectsAndProxiesAreIgnored(t *testing.T) {
	elsewhere := newFake(t, nil)
	t.Setenv("HTTP_PROXY", elsewhere.URL)
	t.Setenv("http_proxy", elsewhere.URL)
	f := newFake(t, map[string]script{"/init": func(w http.ResponseWriter, _ request) {
		w.Header().Set("Location", elsewhere.URL+"/init")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}})
	r := newRig(t, clientmode.Config{Upstream: f.URL})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "307")

	// A proxy would be asked for this name, which cannot be resolved otherwise.
	r = newRig(t, clientmode.Config{Upstream: "http://gpu.invalid", Limit: 100 * time.Millisecond})
	a = r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "the server cannot be reached, nothing was started: its host name")
	assert.Empty(t, elsewhere.all("/init"))
}

func TestUpstream_TLSNeedsATrustedCertificate(t *testing.T) {
	f := unstarted(nil)
	f.StartTLS()
	t.Cleanup(f.close)
	r := newRig(t, clientmode.Config{Upstream: f.URL, Limit: time.Second})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "certificate")
	assert.Empty(t, f.all("/init"))

	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	r = newRig(t, clientmode.Config{Upstream: f.URL, CAFile: ca})
	require.Equal(t, http.StatusOK, r.post("/init", initBody(small)).Status)
	f.on("/run", first(1, reset, echo))
	assert.Equal(t, http.StatusBadGateway, r.post("/run", runBody("a")).Status)
	assert.Equal(t, 1, f.count("/run"))
	for range 10 {
		f.CloseClientConnections()
		assert.Equal(t, http.StatusOK, r.post("/run", runBody("b")).Status)
	}
}

func TestAllow_TheTokenGoesOnlyWhereTheOperatorNamedHostAndPort(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(tokens, []byte("0123456789abcdef\n"), 0o600))
	for allow, sent := range map[string]string{"127.0.0.1:": "Bearer 0123456789abcdef", "127.0.0.1": "", "127.0.0.0/8": ""} {
		f := newFake(t, nil)
		if strings.HasSuffix(allow, ":") {
			allow = strings.TrimPrefix(f.URL, "http://")
		}
		r := newRig(t, clientmode.Config{TokenFile: tokens, UpstreamAllow: []string{allow}})
		require.Equal(t, http.StatusOK, r.post("/init", initOf("main@"+f.URL, small)).Status)
		assert.Equal(t, sent, f.all("/init")[0].Get("Authorization"), allow)
	}
}
