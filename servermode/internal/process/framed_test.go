package process_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// frames makes a shell speak the framed protocol: frame RUN STREAM STATUS TEXT, and
// next, which reads a request into $run and $line.
const frames = `
LC_ALL=C
octal() { printf '\\%03o' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)); }
head() { printf "$(octal $1)$(printf '\\%03o\\000\\%03o\\%03o' $2 $(($3 >> 8)) $(($3 & 255)))$(octal $4)"; }
frame() { { head $1 $2 $3 ${#4}; printf %s "$4"; } | cat >&3; }
next() { read -r run line; }
echo '{"ok":true}' >&3
`

func framed(script string) process.Spec {
	spec := bash(frames + script)
	spec.Framed = true
	return spec
}

// outcome is what a run in the background returned.
type outcome struct {
	*sink
	result string
	err    error
}

// launch starts a run and returns once the process has acknowledged it with "started"
// on stdout.
func launch(t *testing.T, ctx context.Context, p *process.Process, line string) func() outcome {
	t.Helper()
	out, done := outcome{sink: &sink{}}, make(chan struct{})
	go func() {
		defer close(done)
		result, err := p.Run(ctx, []byte(line+"\n"), out.sink)
		out.result, out.err = string(result), err
	}()
	eventually(t, func() bool { return strings.Contains(out.stdout(), "started") }, "the run starts")
	return func() outcome { <-done; return out }
}

func TestFramed_RoundTrips(t *testing.T) {
	p := start(t, framed(`while next; do frame $run 1 0 "out $line"; frame $run 2 0 "err"; echo bare; frame $run 3 200 "$line"; done`))
	for i := range 20 {
		line := fmt.Sprintf(`{"n":%d,"s":"❄"}`, i)
		result, logs, err := run(t, p, line)
		require.NoError(t, err)
		assert.Equal(t, line, result)
		assert.ElementsMatch(t, strings.Fields("out "+line+" bare"), strings.Fields(strings.ReplaceAll(logs.stdout(), "bare", " bare ")))
		assert.Equal(t, "err", logs.stderr())
	}
	assert.True(t, p.Alive())
}

func TestFramed_ManyRunsAtOnce(t *testing.T) {
	const runs = 150
	p := start(t, framed(`
		for i in {1..150}; do next; ids+=($run); lines[run]=$line; done
		for run in ${ids[@]}; do frame $run 1 0 "log of ${lines[run]}"; done
		for run in ${ids[@]}; do frame $run 3 200 "${lines[run]}"; done
		read -r rest`))
	var all sync.WaitGroup
	for i := range runs {
		all.Go(func() {
			result, logs, err := run(t, p, fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprint(i), result)
			assert.Equal(t, "log of "+result, logs.stdout())
		})
	}
	all.Wait()
	assert.True(t, p.Alive())
}

// Output without a frame belongs to the run in flight. With several, it belongs to
// the one that started last.
func TestFramed_BareOutputHasAnOwner(t *testing.T) {
	answered := filepath.Join(t.TempDir(), "answered")
	p := start(t, framed(`
		echo imported
		next; a=$run; echo alone; frame $a 1 0 started
		next; b=$run; echo both; frame $b 1 0 started
		next; c=$run; frame $c 3 200 c; frame $b 3 200 b
		next; d=$run; echo again; frame $d 3 200 d
		until [ -e `+answered+` ]; do sleep 0.01; done
		echo between; frame $a 3 200 a
		next; echo e; frame $run 3 200 e; read -r rest`))
	a := launch(t, t.Context(), p, "a")
	b := launch(t, t.Context(), p, "b")
	_, _, err := run(t, p, "c")
	require.NoError(t, err)
	of := b()
	require.NoError(t, of.err)
	assert.Equal(t, "b", of.result)
	assert.ElementsMatch(t, []string{"both", "started"}, strings.Fields(strings.ReplaceAll(of.stdout(), "started", " started ")))
	_, logs, err := run(t, p, "d")
	require.NoError(t, err)
	assert.Contains(t, logs.stdout(), "again\n")
	require.NoError(t, os.WriteFile(answered, nil, 0o600))
	of = a()
	require.NoError(t, of.err)
	assert.Contains(t, of.stdout(), "imported\n")
	assert.Contains(t, of.stdout(), "alone\n")
	assert.Contains(t, of.stdout(), "between\n")
	assert.NotContains(t, of.stdout(), "again")
	_, logs, err = run(t, p, "e")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(logs.stdout(), "e\n"))
}

func TestFramed_ResultsThatAreErrors(t *testing.T) {
	spec := framed(`while next; do case $line in
		thrown) frame $run 3 502 "Error: sorry" ;;
		large) { head $run 3 200 3000000; command head -c 3000000 /dev/zero; } | cat >&3 ;;
		*) frame $run 3 200 fine ;; esac; done`)
	spec.MaxResult = 5000
	p := start(t, spec)
	for range 2 {
		_, _, err := run(t, p, "thrown")
		var thrown *process.ThrownError
		require.ErrorAs(t, err, &thrown)
		assert.Equal(t, "Error: sorry", thrown.Message)
		_, _, err = run(t, p, "large")
		require.ErrorIs(t, err, process.ErrTooLarge)
		assert.ErrorContains(t, err, "3000000 > 5000")
		result, _, err := run(t, p, "other")
		require.NoError(t, err)
		assert.Equal(t, "fine", result)
	}
}

func TestFramed_WhatIsNoFrameEndsTheProcess(t *testing.T) {
	for name, script := range map[string]string{
		"text":               `echo hello there >&3`,
		"unknown run":        `frame 77 1 0 x`,
		"second result":      `frame $run 3 200 x; frame $run 3 200 x`,
		"other stream":       `frame $run 4 0 x`,
		"status of a log":    `frame $run 1 200 x`,
		"status of a result": `frame $run 3 404 x`,
		"long log":           `head $run 1 0 65537 >&3`,
	} {
		t.Run(name, func(t *testing.T) {
			mark := token()
			p := start(t, framed(`sleep `+mark+` & next; first=$run; frame $first 1 0 started; next; `+script+`; wait`))
			first := launch(t, t.Context(), p, "1")
			_, _, err := run(t, p, "2")
			if name != "second result" {
				require.ErrorIs(t, err, process.ErrProtocol)
			}
			require.ErrorIs(t, first().err, process.ErrProtocol)
			assert.False(t, p.Alive())
			assert.Zero(t, running(mark))
		})
	}
}
