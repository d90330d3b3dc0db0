package sentinel_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const end = runtimespec.Sentinel + "\n"

// recorder keeps each write.
type recorder struct {
	mu     sync.Mutex
	writes []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, string(p))
	return len(p), nil
}

func (r *recorder) all() string { return strings.Join(r.writes, "") }

func TestStreams_AreLive(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	a := s.Activation(false)
	a.Log(runtimespec.Stdout, []byte("one\n"))
	assert.Equal(t, "one\n", out.all(), "before its end")
	a.Log(runtimespec.Stderr, []byte("two"))
	a.Log(runtimespec.Stderr, nil)
	a.End()
	assert.Equal(t, "one\n"+end, out.all())
	assert.Equal(t, "two\n"+end, errs.all(), "a sentinel has a line of its own")
	a = s.Activation(false)
	a.Complain("three")
	a.End()
	assert.Equal(t, "one\n"+end+end, out.all())
	assert.Equal(t, "two\n"+end+"three\n"+end, errs.all())
}

func TestStreams_OneApartStaysInOnePiece(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	one, two := s.Activation(true), s.Activation(true)
	one.Log(runtimespec.Stdout, []byte("1a\n"))
	two.Log(runtimespec.Stdout, []byte("2a\n"))
	one.Log(runtimespec.Stderr, []byte("1e\n"))
	one.Log(runtimespec.Stdout, []byte("1b"))
	two.Complain("2e")
	assert.Empty(t, out.all()+errs.all())
	two.End()
	one.End()
	assert.Equal(t, []string{"2a\n" + end, "1a\n1b\n" + end}, out.writes)
	assert.Equal(t, []string{"2e\n" + end, "1e\n" + end}, errs.writes)
}

func TestStreams_ALargeLogBecomesLive(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	large, small := s.Activation(true), s.Activation(true)
	half := strings.Repeat("x", 600<<10)
	large.Log(runtimespec.Stderr, []byte("first"))
	large.Log(runtimespec.Stdout, []byte(half))
	assert.Empty(t, out.all())
	large.Log(runtimespec.Stdout, []byte(half))
	assert.Equal(t, half+half, out.all())
	assert.Equal(t, "first", errs.all())
	small.Log(runtimespec.Stdout, []byte("small\n"))
	small.End()
	large.Log(runtimespec.Stdout, []byte("last"))
	large.End()
	assert.Equal(t, half+half+"\nsmall\n"+end+"last\n"+end, out.all(), "the line that is open is not joined")
	assert.Equal(t, "first\n"+end+end, errs.all())
}

func TestStreams_AllTogetherAreBounded(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	text := []byte(strings.Repeat("x", 1<<20))
	for range 2 { // what was held is given back
		var open []sentinel.Activation
		for range 16 {
			open = append(open, s.Activation(true))
			open[len(open)-1].Log(runtimespec.Stdout, text)
		}
		assert.Empty(t, out.all())
		one := s.Activation(true)
		one.Log(runtimespec.Stdout, []byte("too much\n"))
		assert.Equal(t, "too much\n", out.all())
		for _, a := range append(open, one) {
			a.End()
		}
		assert.Equal(t, 17, strings.Count(out.all(), end))
		out.writes = nil
	}
}

func TestStreams_FlushIsTheEndWithoutASentinel(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	live, one, two := s.Activation(false), s.Activation(true), s.Activation(true)
	live.Flush()
	one.Log(runtimespec.Stdout, []byte("1a\n"))
	one.Log(runtimespec.Stdout, []byte("1b"))
	one.Complain("1e")
	for range 2 {
		one.Flush()
		assert.Equal(t, []string{"1a\n1b"}, out.writes, "in one piece, and once")
		assert.Equal(t, []string{"1e\n"}, errs.writes)
	}
	two.Log(runtimespec.Stdout, []byte("2a\n"))
	two.Flush()
	assert.Equal(t, "1a\n1b\n2a\n", out.all(), "the line that is open is not joined")
	one.Log(runtimespec.Stdout, []byte("late\n"))
	assert.Equal(t, "1a\n1b\n2a\nlate\n", out.all())
	one.End()
	one.Log(runtimespec.Stdout, []byte("too late\n"))
	assert.Equal(t, "1a\n1b\n2a\nlate\n"+end+"too late\n", out.all(), "nothing is kept that no later call would write")
	assert.Equal(t, "1e\n"+end, errs.all())
}

func TestStreams_FlushGivesBackWhatWasKept(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	for range 40 {
		a := s.Activation(true)
		a.Log(runtimespec.Stderr, []byte(strings.Repeat("x", 900_000)))
		a.Flush()
		a.Log(runtimespec.Stderr, []byte("late")) // which does not count
	}
	assert.Equal(t, 40*900_004, len(strings.ReplaceAll(errs.all(), "\n", "")))
	for range 16 { // all that may be kept
		s.Activation(true).Log(runtimespec.Stdout, []byte(strings.Repeat("x", 1<<20)))
	}
	assert.Empty(t, out.all())
}

func TestStreams_ManyAtOnce(t *testing.T) {
	var out, errs recorder
	s := sentinel.New(&out, &errs)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			a, mark := s.Activation(true), string(rune('A'+i%26))
			for range 10 {
				a.Log(runtimespec.Stdout, []byte(mark))
			}
			a.End()
		})
	}
	all.Wait()
	for activation := range strings.SplitSeq(strings.TrimSuffix(out.all(), "\n"+end), "\n"+end) {
		assert.Equal(t, strings.Repeat(activation[:1], 10), activation)
	}
	assert.Equal(t, 50, strings.Count(errs.all(), end))
}
