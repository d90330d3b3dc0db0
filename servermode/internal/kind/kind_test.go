package kind_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

func TestSet_Resolve(t *testing.T) {
	set := kind.Set{kindtest.Python(t), native.Kind{}}
	_, own, _ := strings.Cut(strings.TrimSuffix(set[0].(*python.Kind).Describe(), ")"), " (")
	for requested, want := range map[string]string{
		"python": "python:3", "python:3": "python:3", "python:default": "python:3", "python:" + own: "python:3",
		"python:3-gpu": "python:3", "python-gpu": "python:3", "python:" + own + "-gpu": "python:3",
		"native": "native", "native:1": "native", "native-gpu": "native", "blackbox": "native",
		"python:2": "", "python:3.1": "", "python:3.99-gpu": "", "pythonic": "", "nodejs:20": "", "natives": "", "-gpu": "", "Python": "",
	} {
		t.Run(requested, func(t *testing.T) {
			k, err := set.Resolve(requested, nil)
			assert.Equal(t, err == nil, set.Check(requested) == nil)
			if want != "" {
				require.NoError(t, err)
				assert.Equal(t, want, k.Name())
				return
			}
			require.ErrorIs(t, err, kind.ErrUnsupported)
			assert.ErrorContains(t, err, requested)
			assert.ErrorContains(t, err, "this server ")
		})
	}
	_, err := set.Resolve("python:3.99", nil)
	assert.EqualError(t, err, `kind is not supported: "python:3.99"; this server has Python `+own)
	_, err = set.Resolve("nodejs:20", nil)
	assert.EqualError(t, err, `kind is not supported: "nodejs:20"; this server runs python:3, native`)
	assert.NoError(t, set.Check(""))
}

func TestSet_Sniffs(t *testing.T) {
	set := kind.Set{kindtest.Python(t), native.Kind{}}
	for name, c := range map[string]struct {
		code kind.Code
		want string
	}{
		"source":         {kind.Code("import os\ndef main(args):\n  return args"), "python:3"},
		"first line":     {kind.Code("def main(args): return args"), "python:3"},
		"zip":            {kindtest.Zip(t, map[string]string{"__main__.py": "", "exec": ""}), "python:3"},
		"elf":            {kind.Code("\x7fELF\ndef x"), "native"},
		"script":         {kind.Code("#!/bin/sh\ndef x"), "native"},
		"native zip":     {kindtest.Zip(t, map[string]string{"./exec": ""}), "native"},
		"other zip":      {kindtest.Zip(t, map[string]string{"index.js": ""}), ""},
		"JavaScript":     {kind.Code("function main() {}"), ""},
		"nothing":        {nil, ""},
		"not UTF-8":      {kind.Code("def main(a):\n \xff"), ""},
		"nested __main_": {kindtest.Zip(t, map[string]string{"a/__main__.py": ""}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := set.Resolve("", c.code)
			if c.want == "" {
				kindtest.AssertAction(t, err, "looks like none of python:3, native.")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, k.Name())
		})
	}
}

func TestDecode(t *testing.T) {
	code, err := kind.Decode([]byte("text"), false)
	require.NoError(t, err)
	assert.Equal(t, "text", string(code))
	code, err = kind.Decode([]byte(base64.StdEncoding.EncodeToString([]byte("bytes"))), true)
	require.NoError(t, err)
	assert.Equal(t, "bytes", string(code))
	_, err = kind.Decode([]byte("%%"), true)
	kindtest.AssertAction(t, err, "no valid base64")
}

func TestFunctionEnv(t *testing.T) {
	assert.Equal(t, map[string]string{"WHISKAWAY_GPU": "1"}, kind.FunctionEnv("python:3-gpu"))
	assert.Empty(t, kind.FunctionEnv("python:3"))
}
