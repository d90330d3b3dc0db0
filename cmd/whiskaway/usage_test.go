package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJoinParameters_AsThePlatformsToolDoes(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{[]string{"invoke", "-p", "name", "Ada"}, []string{"invoke", "-p", "name=Ada"}},
		{[]string{"invoke", "-p", "name=Ada", "-f", "x"}, []string{"invoke", "-p", "name=Ada", "-f", "x"}},
		{[]string{"invoke", "--param", "url", "http://x/?a=b"}, []string{"invoke", "--param", "url=http://x/?a=b"}},
		{[]string{"invoke", "-p", "n", "-5", "-f", "x"}, []string{"invoke", "-p", "n=-5", "-f", "x"}},
		{[]string{"invoke", "-p", "a=1", "-p", "b", "2"}, []string{"invoke", "-p", "a=1", "-p", "b=2"}},
		{[]string{"ps", "-p", "name", "Ada"}, []string{"ps", "-p", "name", "Ada"}},
		{[]string{"invoke", "--", "-p", "a", "b"}, []string{"invoke", "--", "-p", "a", "b"}},
		{nil, nil},
	} {
		got, err := joinParameters(c.args)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
	_, err := joinParameters([]string{"invoke", "-p", "name"})
	assert.ErrorContains(t, err, "-p name has no value")
	_, err = joinParameters([]string{"invoke", "-p", "x", "--json"})
	assert.ErrorContains(t, err, "-p x has no value before --json")
	got, err := joinParameters([]string{"invoke", "-p", "x=--json"})
	require.NoError(t, err)
	assert.Equal(t, []string{"invoke", "-p", "x=--json"}, got)
}

// A variable that is set to nothing names no file.
func TestParse_AnEmptyVariableIsNotTheWorkingFolder(t *testing.T) {
	t.Setenv("WHISKAWAY_TOKEN_FILE", "")
	t.Setenv("WHISKAWAY_CA_FILE", "token")
	here, err := os.Getwd()
	require.NoError(t, err)
	var c cli
	parse(&c, []string{"ps"}, variables)
	assert.Empty(t, c.Ps.TokenFile)
	assert.Equal(t, filepath.Join(here, "token"), c.Ps.CAFile)
}
