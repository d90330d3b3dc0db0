package clientmode_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
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

// Waiting mends none of this. The limit is longer than the test would live.
func TestInit_WhatIsCertainToFailAgainIsToldAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		script script
		says   string
	}{
		"no HTTP":        {raw("SSH-2.0-OpenSSH_9.9\r\n"), "its answer is no HTTP/1.1"},
		"no line":        {raw("\x00\x01garbage"), "its answer is no HTTP/1.1"},
		"a bad header":   {raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "its answer is no HTTP/1.1"},
		"a bad chunk":    {raw(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "its answer is no HTTP/1.1"},
		"a TLS alert":    {raw("\x15\x03\x01\x00\x02\x02\x46"), "write https:// instead of http://"},
		"no frames":      {raw(head + "\r\n<html>hello</html>"), "malformed frame"},
		"a proxy":        {raw("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "502 Bad Gateway and is no server of this contract"},
		"an HTTPS port":  {raw("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"), "write https:// instead of http://"},
		"no such tenant": {refuse(runtimespec.Unauthorized), "unauthorized it is"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/init": c.script})
			r := newRig(t, clientmode.Config{Upstream: f.URL, Limit: never})
			a := r.post("/init", initBody(small))
			assert.GreaterOrEqual(t, a.Status, 400)
			assert.Contains(t, a.Body, c.says)
			assert.NotContains(t, a.Body, "sent again", "those are a run's words")
			assert.Equal(t, 1, f.count("/init"))
			r.sentinels(1)
		})
	}
}

// A setting that makes a header which cannot be sent.
func TestInit_ThatCannotBeSentIsToldAtOnce(t *testing.T) {
	f := newFake(t, nil)
	r := newRig(t, clientmode.Config{Upstream: f.URL, Kind: "python:3\n", Limit: never})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "cannot be used, nothing was started: the request cannot be sent")
	assert.Zero(t, f.count("/init"))
}

func TestUpstream_TLSToAPlainServerIsToldAtOnce(t *testing.T) {
	f := newFake(t, nil)
	r := newRig(t, clientmode.Config{Upstream: strings.Replace(f.URL, "http:", "https:", 1), Limit: never})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "cannot be used, nothing was started: it does not speak TLS: write http:// instead of https://")
}

func TestUpstream_APlainRequestToATLSServerIsToldAtOnce(t *testing.T) {
	f := unstarted(nil)
	f.StartTLS()
	t.Cleanup(f.close)
	r := newRig(t, clientmode.Config{Upstream: strings.Replace(f.URL, "https:", "http:", 1), Limit: never})
	assert.Contains(t, r.post("/init", initBody(small)).Body, "write https:// instead of http://")
}

func TestUpstream_ACertificateThatIsRefusedIsToldAtOnce(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		host   string
		from   time.Time
		trust  bool
		client bool // the server wants one of the client
		says   string
	}{
		"unknown authority": {"127.0.0.1", time.Now(), false, false, "name that authority's certificate with WHISKAWAY_CA_FILE"},
		"another host":      {"10.1.2.3", time.Now(), true, false, "its certificate is for another host"},
		"expired":           {"127.0.0.1", time.Now().Add(-3 * day), true, false, "renew it, or set the clock"},
		"not yet":           {"127.0.0.1", time.Now().Add(3 * day), true, false, "renew it, or set the clock"},
		"of the client":     {"127.0.0.1", time.Now(), true, true, "it refused the TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			certificate, file := certify(t, c.host, c.from.Add(-time.Hour), c.from.Add(day))
			f := unstarted(nil)
			f.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
			if c.client {
				f.TLS.ClientAuth = tls.RequireAnyClientCert
			}
			f.StartTLS()
			t.Cleanup(f.close)
			cfg := clientmode.Config{Upstream: f.URL, Limit: never}
			if c.trust {
				cfg.CAFile = file
			}
			a := newRig(t, cfg).post("/init", initBody(small))
			assert.Equal(t, http.StatusBadGateway, a.Status)
			assert.Contains(t, a.Body, c.says)
			assert.NotContains(t, a.Body, c.host)
		})
	}
}

// certify makes a certificate that is its own authority.
func certify(t *testing.T, host string, from, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IPAddresses: []net.IP{net.ParseIP(host)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// A name that is not known yet may be soon, so it is asked for again.
func TestCause_AnUnknownNameMayPass(t *testing.T) {
	unknown := fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host", Name: "gpu.example", IsNotFound: true})
	assert.False(t, clientmode.Certain(unknown))
	assert.Equal(t, "its host name is not known", clientmode.Cause(unknown))
	failed := &net.DNSError{Err: "server misbehaving", Name: "gpu.example", IsTemporary: true}
	assert.False(t, clientmode.Certain(failed))
	assert.Equal(t, "its host name cannot be looked up", clientmode.Cause(failed))
}
