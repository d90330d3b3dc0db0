package http_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/http"
)

func TestHTTP_IsAskedForByName(t *testing.T) {
	for name, want := range map[string]bool{"http": true, "http:1": true, "http:default": true, "http-gpu": true, "http:1-gpu": true, "https": false, "native": false, "": false} {
		got, err := http.Kind{}.Match(name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	_, err := http.Kind{}.Match("http:2")
	require.ErrorIs(t, err, kind.ErrUnsupported)
	assert.False(t, http.Kind{}.Sniff(kind.Code("#!/bin/sh\n")))
}

func TestHTTP_Prepare(t *testing.T) {
	script := kind.Code("#!/bin/sh\n")
	for _, c := range []struct {
		main string
		env  map[string]string
		want kind.Endpoint
		many int
	}{
		{"main", nil, kind.Endpoint{Run: "/"}, 0},
		{"/v1/chat?x=1", nil, kind.Endpoint{Run: "/v1/chat?x=1"}, 0},
		{"main", map[string]string{"WHISKAWAY_HTTP_READY": "/health", "__OW_ALLOW_CONCURRENT": "false"}, kind.Endpoint{Ready: "/health", Run: "/"}, 0},
		{"main", map[string]string{"__OW_ALLOW_CONCURRENT": "true"}, kind.Endpoint{Run: "/"}, 7},
	} {
		dir := t.TempDir()
		command, err := http.Kind{Concurrency: 7}.Prepare(t.Context(), kind.Site{Dir: dir, Env: c.env}, script, c.main)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "exec"), command.Path)
		assert.Equal(t, kind.Web, command.Protocol)
		assert.Equal(t, c.want, command.Endpoint)
		assert.Equal(t, c.many, command.Concurrency)
	}
}

func TestHTTP_RefusesWhatItCannotServe(t *testing.T) {
	var problem *kind.ActionError
	_, err := http.Kind{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("def main(args): pass"), "main")
	require.ErrorAs(t, err, &problem)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "requirements.txt"), []byte("x\n"), 0o644))
	_, err = http.Kind{}.Prepare(t.Context(), kind.Site{Dir: dir}, kind.Code("#!/bin/sh\n"), "main")
	require.ErrorAs(t, err, &problem)
	assert.Contains(t, problem.Message, "this server has no Python")
}
