package servermode_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func tokens(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// late returns the settings for which the log demanded a restart.
func late(logs *observer.ObservedLogs) (out []string) {
	for _, entry := range logs.TakeAll() {
		if entry.Message != "not changed: restart the server for it" {
			continue
		}
		for _, name := range entry.ContextMap()["settings"].([]any) {
			out = append(out, name.(string))
		}
	}
	return out
}

func TestReload_TokensAreThoseOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	tokens(t, path, "aaaaaaaaaaaaaaaa alice\n")
	r := newRig(t, servermode.Config{TokenFile: path})
	f := newTarget("native", echo, nil)
	r.token = "aaaaaaaaaaaaaaaa"
	r.mustInit(f)
	tokens(t, path, "bbbbbbbbbbbbbbbb alice\n")
	assert.Equal(t, http.StatusOK, r.run(f, "", `1`).status, "a file counts when it is reloaded")
	require.NoError(t, r.Reload(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state, TokenFile: path}))
	assert.Equal(t, runtimespec.Unauthorized, r.run(f, "", `1`).reason)
	r.token = "bbbbbbbbbbbbbbbb"
	assert.Equal(t, http.StatusOK, r.run(f, "", `1`).status, "the tenant's functions are still there")
}

func TestReload_BadConfigurationChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	tokens(t, path, "aaaaaaaaaaaaaaaa alice\n")
	cfg := servermode.Config{Listen: "0.0.0.0:0", TokenFile: path, StateDir: harness.StateDir(t)}
	r := newRig(t, cfg)
	r.token = "aaaaaaaaaaaaaaaa"
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	short := filepath.Join(t.TempDir(), "short")
	tokens(t, short, "short\n")
	for name, c := range map[string]struct {
		change func(*servermode.Config)
		says   string
	}{
		"no such tokens":       {func(c *servermode.Config) { c.TokenFile = "/nowhere/tokens" }, "/nowhere/tokens"},
		"bad tokens":           {func(c *servermode.Config) { c.TokenFile = short }, "line 1: a token must have"},
		"no tokens":            {func(c *servermode.Config) { c.TokenFile = "" }, "0.0.0.0:0 lets others run code here"},
		"another address only": {func(c *servermode.Config) { c.TokenFile, c.Listen = "", "127.0.0.1:0" }, "0.0.0.0:0 lets others run code here"},
		"half of a key pair":   {func(c *servermode.Config) { c.TLSCert = "cert.pem" }, "--tls-key"},
		"no time":              {func(c *servermode.Config) { c.KeepAlive = -time.Second }, "--keep-alive must be a time above 0, such as 10m or 30s, not -1s"},
		"no number":            {func(c *servermode.Config) { c.Queue = -1 }, "--queue must be a whole number above 0, not -1"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := cfg
			bad.InitTimeout = time.Nanosecond // one bad setting spoils the rest
			c.change(&bad)
			err := r.Reload(bad)
			require.ErrorIs(t, err, daemon.ErrConfig)
			assert.ErrorContains(t, err, c.says)
			assert.Equal(t, http.StatusOK, r.init(f.another()).status)
		})
	}
}

func TestReload_LimitsCountFromTheNextRequest(t *testing.T) {
	r := newRig(t, servermode.Config{PlainKind: "native", Stdout: io.Discard, Stderr: io.Discard})
	cfg := servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state, PlainKind: "native", RunTimeout: 100 * time.Millisecond, InitTimeout: time.Nanosecond}
	f := newTarget("native", echo, nil)
	require.Equal(t, http.StatusOK, r.send(runtimespec.PathInit, nil, f.body(true)).status, "a plain caller's")
	require.NoError(t, r.Reload(cfg))
	assert.Equal(t, runtimespec.TimedOut, r.init(newTarget("native", echo, map[string]string{"A": "1"})).reason)
	a := r.send(runtimespec.PathRun, nil, []byte(`{"value":"sleep"}`))
	assert.Contains(t, a.body, "time limit")
}

func TestReload_CodeCacheShrinksAtOnce(t *testing.T) {
	r := newRig(t, servermode.Config{})
	r.mustInit(newTarget("native", echo, nil))
	cached := filepath.Join(r.state, "code", "*", "*")
	files, _ := filepath.Glob(cached)
	require.Len(t, files, 1)
	require.NoError(t, r.Reload(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state, CodeCache: 1}))
	files, _ = filepath.Glob(cached)
	assert.Empty(t, files)
}

func TestReload_CertificateOfTheNextHandshake(t *testing.T) {
	dir := t.TempDir()
	cfg := servermode.Config{TLSCert: filepath.Join(dir, "cert"), TLSKey: filepath.Join(dir, "key"), StateDir: harness.StateDir(t)}
	keyPair(t, cfg, 1)
	core, logs := observer.New(zapcore.WarnLevel)
	cfg.Log = zap.New(core)
	r := newRig(t, cfg)
	cfg.Listen = "127.0.0.1:0"
	serial := func() int64 {
		conn, err := tls.Dial("tcp", r.Addr(), &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	assert.EqualValues(t, 1, serial())
	keyPair(t, cfg, 2)
	require.NoError(t, r.Reload(cfg))
	assert.EqualValues(t, 2, serial())
	require.NoError(t, os.WriteFile(cfg.TLSKey, []byte("torn"), 0o600))
	require.ErrorContains(t, r.Reload(cfg), "--tls-cert")
	assert.EqualValues(t, 2, serial())
	keyPair(t, cfg, 3)
	assert.Empty(t, late(logs))
	cfg.TLSCert, cfg.TLSKey = "", ""
	require.NoError(t, r.Reload(cfg))
	assert.Equal(t, []string{"tls-cert", "tls-key"}, late(logs), "HTTPS stays HTTPS")
	assert.EqualValues(t, 3, serial())
}

// keyPair writes a certificate with a serial number, and its key.
func keyPair(t *testing.T, cfg servermode.Config, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cfg.TLSCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(cfg.TLSKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// A setting is either applied or named. None is dropped silently, including those
// that are added later.
func TestReload_EverySettingIsAppliedOrNamed(t *testing.T) {
	core, logs := observer.New(zapcore.WarnLevel)
	r := newRig(t, servermode.Config{Log: zap.New(core)})
	noSettings := []string{"Environ", "Stdout", "Stderr", "AdoptOrphans", "Log"}
	onTheirOwn := []string{"TokenFile", "TLSCert", "TLSKey"}
	logs.TakeAll()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[servermode.Config]()) {
		if len(field.Index) > 1 || slices.Contains(slices.Concat(noSettings, onTheirOwn), field.Name) {
			continue
		}
		cfg := servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state}
		value := reflect.ValueOf(&cfg).Elem().FieldByIndex(field.Index)
		alter(t, value)
		require.NoError(t, r.Reload(cfg), field.Name)
		applied := reflect.DeepEqual(reflect.ValueOf(r.Settings()).FieldByIndex(field.Index).Interface(), value.Interface())
		named := late(logs)
		parts := countFields(value) // each rlimit is a setting
		assert.True(t, applied || 0 < len(named) && len(named) <= parts, "%s: applied %v, named %v", field.Name, applied, named)
	}
	require.NoError(t, r.Reload(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state}))
	assert.Empty(t, late(logs), "back to what it was started with")
}

func countFields(v reflect.Value) int {
	if v.Kind() != reflect.Struct {
		return 1
	}
	return v.NumField()
}

// alter sets a field to a value that is no default.
func alter(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("127.0.0.2:0") // an address, which also passes as a path or a kind
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(12345)
	case reflect.Slice:
		v.Set(reflect.ValueOf([]string{"ANOTHER"}))
	case reflect.Struct: // the rlimits
		v.Field(0).SetInt(12345)
	default:
		t.Fatalf("a setting of a kind that this test does not know: %s", v.Type())
	}
}

// The table of functions gets the new keep-alive.
func TestReload_KeepAliveOfProcessesThatAreIdle(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	pid := pidOf(t, r.run(f, "", `"pid"`))
	require.NoError(t, r.Reload(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state, KeepAlive: 10 * time.Millisecond}))
	r.eventually(func() bool { return !alive(pid) })
}

func TestReload_LongestRunCountsFromTheNext(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	require.NoError(t, r.Reload(servermode.Config{Listen: "127.0.0.1:0", StateDir: r.state, RunTimeout: 100 * time.Millisecond}))
	assert.Equal(t, runtimespec.TimedOut, r.run(f, "", `"sleep"`).reason)
}
