package actionloop_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/actionloop"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

func runtimes(t *testing.T, names ...string) (set kind.Set) {
	t.Helper()
	for _, name := range names {
		r, err := actionloop.New(name, nil, native.Kind{}, len(names) == 1, -1)
		require.NoError(t, err)
		set = append(set, r)
	}
	return set
}

func TestRuntime_Match(t *testing.T) {
	set := append(kind.Set{kindtest.Python(t)}, runtimes(t, "java:17", "java:21", "swift", "python:3.99")...)
	for requested, want := range map[string]string{
		"java:17": "java:17", "java:21": "java:21", "java": "java:17", "java:default": "java:17", "java:21-gpu": "java:21",
		"swift": "swift", "swift:default": "swift", "python:3.99": "python:3.99", "python:3.99-gpu": "python:3.99", "python": "python:3",
	} {
		k, err := set.Resolve(requested, nil)
		require.NoError(t, err, requested)
		assert.Equal(t, want, k.Name(), requested)
	}
	for _, requested := range []string{"java:8", "java:", "java:1", "javas", "swift:5"} {
		_, err := set.Resolve(requested, nil)
		assert.ErrorIs(t, err, kind.ErrUnsupported, requested)
	}
}

// A Java source starts as a Go source does.
func TestRuntime_SniffsOnlyWhenAlone(t *testing.T) {
	java := kind.Code("package example;\n\npublic class Hello {\n}\n")
	before := kind.Set{kindtest.Python(t), kindtest.Go(t), native.Kind{}}
	k, err := append(before, runtimes(t, "java:17")...).Resolve("", java)
	require.NoError(t, err)
	assert.Equal(t, "java:17", k.Name())
	k, err = append(before, runtimes(t, "java:17")...).Resolve("", kind.Code("def main(args): return args"))
	require.NoError(t, err)
	assert.Equal(t, "python:3", k.Name())
	k, err = append(before, runtimes(t, "java:17")...).Resolve("", kind.Code("package main // it is Go\n\nfunc Main() {}\n"))
	require.NoError(t, err)
	assert.Equal(t, "go:1", k.Name())
	for _, c := range []struct {
		set  kind.Set
		code kind.Code
	}{{append(before, runtimes(t, "java:17", "php:8")...), java}, {runtimes(t, "java:17"), nil}} {
		_, err = c.set.Resolve("", c.code)
		kindtest.AssertAction(t, err, "looks like none of")
	}
}

func TestNewRuntime_Refuses(t *testing.T) {
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	require.NoError(t, os.WriteFile(closed, []byte("#!/bin/sh\n"), 0o644))
	open := filepath.Join(dir, "open")
	require.NoError(t, os.WriteFile(open, []byte("#!/bin/sh\n"), 0o755))
	for name, c := range map[string]struct {
		kind string
		env  image
		says string
	}{
		"no name":       {"", nil, "cannot be the name of a kind"},
		"spaces":        {"java 17", nil, "cannot be the name of a kind"},
		"two versions":  {"java:1:2", nil, "cannot be the name of a kind"},
		"no version":    {"java:", nil, "cannot be the name of a kind"},
		"an option":     {"-java", nil, "cannot be the name of a kind"},
		"gpu":           {"java:17-gpu", nil, "goes without -gpu"},
		"jar elsewhere": {"java", image{"OW_SAVE_JAR": "../x.jar"}, "OW_SAVE_JAR is a file's name"},
		"jar is here":   {"java", image{"OW_SAVE_JAR": "."}, "OW_SAVE_JAR is a file's name"},
		"jar is above":  {"java", image{"OW_SAVE_JAR": ".."}, "OW_SAVE_JAR is a file's name"},
		"relative":      {"java", image{"OW_COMPILER": "bin/compile"}, "must be an absolute path"},
		"missing":       {"java", image{"OW_COMPILER": dir + "/none"}, "no such file"},
		"a folder":      {"java", image{"OW_COMPILER": dir}, "is a directory"},
		"no program":    {"java", image{"OW_COMPILER": closed}, "builds cannot run " + closed + ": chmod a+rx it"},
	} {
		_, err := actionloop.New(c.kind, c.env, native.Kind{}, true, -1)
		assert.ErrorContains(t, err, c.says, name)
	}
	_, err := actionloop.New("java", image{"OW_COMPILER": open}, native.Kind{}, true, -1)
	assert.NoError(t, err)
	if os.Getuid() == 0 { // t.TempDir is root's alone
		_, err = actionloop.New("java", image{"OW_COMPILER": open}, native.Kind{}, true, 65534)
		assert.ErrorContains(t, err, "make its folders passable")
	}
}
