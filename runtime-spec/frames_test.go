package runtimespec_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func encode(frames []runtimespec.Frame) (wire []byte) {
	for _, f := range frames {
		wire = runtimespec.AppendFrame(wire, f.Stream, f.Status, f.Payload)
	}
	return wire
}

// decode reads frames until there is an error, io.EOF after a whole answer.
func decode(r io.Reader, maxResult int) (frames []runtimespec.Frame, err error) {
	for reader := runtimespec.NewFrameReader(r, maxResult); ; {
		f, err := reader.Next()
		if err != nil {
			return frames, err
		}
		f.Payload = append([]byte{}, f.Payload...)
		frames = append(frames, f)
	}
}

var (
	okResult = runtimespec.AppendFrame(nil, runtimespec.Result, 200, []byte("{}"))
	cause    = runtimespec.AppendFrame(nil, runtimespec.Cause, 0, []byte(runtimespec.Crashed))
)

func TestFrameReader_RefusesWhatIsNotTheContract(t *testing.T) {
	log := runtimespec.AppendFrame(nil, runtimespec.Stdout, 0, []byte("x"))
	failed := runtimespec.AppendFrame(nil, runtimespec.Result, 502, []byte("{}"))
	for name, wire := range map[string][]byte{
		"stream 0":                      {0, 0, 0, 0, 0, 0, 0, 0},
		"stream 5":                      {5, 0, 0, 0, 0, 0, 0, 0},
		"second byte not zero":          {1, 1, 0, 0, 0, 0, 0, 0},
		"status of a log":               {1, 0, 0, 200, 0, 0, 0, 0},
		"result with status 0":          {3, 0, 0, 0, 0, 0, 0, 0},
		"result with status 199":        {3, 0, 0, 199, 0, 0, 0, 0},
		"result with status 600":        {3, 0, 2, 88, 0, 0, 0, 0},
		"log over the limit":            {1, 0, 0, 0, 0, 1, 0, 1},
		"result over the limit":         {3, 0, 0, 200, 0, 0, 0, 101},
		"length that is negative as 32": {3, 0, 0, 200, 0xff, 0xff, 0xff, 0xff},
		"cause over the limit":          {4, 0, 0, 0, 0, 0, 0, 65},
		"bytes after the result":        append(bytes.Clone(okResult), 0),
		"two results":                   append(bytes.Clone(okResult), okResult...),
		"a log after the cause":         append(bytes.Clone(cause), log...),
		"two causes":                    append(bytes.Clone(cause), append(bytes.Clone(cause), failed...)...),
		"success after the cause":       append(bytes.Clone(cause), okResult...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(bytes.NewReader(wire), 100)
			require.ErrorIs(t, err, runtimespec.ErrFrame)
		})
	}
}

// Wherever the stream ends before its last byte, the run may have started.
func TestFrameReader_CutOffAnywhereIsTruncated(t *testing.T) {
	wire := readHex(t, "answer-failed.hex")
	for n := range wire {
		_, err := decode(bytes.NewReader(wire[:n]), 100)
		require.ErrorIs(t, err, runtimespec.ErrTruncated, "after %d bytes", n)
		require.NotErrorIs(t, err, io.EOF)
	}
}

func TestFrameReader_KeepsTheCauseOfABrokenConnection(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := decode(io.MultiReader(bytes.NewReader(okResult[:9]), iotest.ErrReader(broken)), 100)
	require.ErrorIs(t, err, runtimespec.ErrTruncated)
	require.ErrorIs(t, err, broken)
}

func TestFrameReader_ReadsByteByByte(t *testing.T) {
	wire := readHex(t, "answer-ok.hex")
	frames, err := decode(iotest.OneByteReader(bytes.NewReader(wire)), 100)
	require.Equal(t, io.EOF, err)
	require.Equal(t, wire, encode(frames))
}

func TestFrameReader_LimitsAreInclusive(t *testing.T) {
	wire := runtimespec.AppendFrame(nil, runtimespec.Stderr, 0, make([]byte, runtimespec.MaxLogFrame))
	wire = runtimespec.AppendFrame(wire, runtimespec.Result, 200, make([]byte, 100))
	frames, err := decode(bytes.NewReader(wire), 100)
	require.Equal(t, io.EOF, err)
	require.Len(t, frames, 2)
}

func TestFrameReader_ResultIsTheCallersToKeep(t *testing.T) {
	r := runtimespec.NewFrameReader(bytes.NewReader(okResult), 100)
	first, err := r.Next()
	require.NoError(t, err)
	_, err = r.Next()
	require.Equal(t, io.EOF, err)
	require.Equal(t, "{}", string(first.Payload))
}

func TestAppendLog_SplitsAndKeepsEveryByte(t *testing.T) {
	for _, size := range []int{0, 1, runtimespec.MaxLogFrame, runtimespec.MaxLogFrame + 1, 3*runtimespec.MaxLogFrame + 7} {
		log := make([]byte, size)
		for i := range log {
			log[i] = byte(i % 251)
		}
		frames, err := decode(bytes.NewReader(append(runtimespec.AppendLog(nil, runtimespec.Stdout, log), okResult...)), 100)
		require.Equal(t, io.EOF, err)
		logs := frames[:len(frames)-1]
		require.Len(t, logs, (size+runtimespec.MaxLogFrame-1)/runtimespec.MaxLogFrame)
		var all []byte
		for _, f := range logs {
			require.Equal(t, runtimespec.Stdout, f.Stream)
			all = append(all, f.Payload...)
		}
		require.True(t, bytes.Equal(log, all))
	}
}

func FuzzFrameReader(f *testing.F) {
	for _, name := range []string{"answer-ok.hex", "answer-failed.hex", "answer-empty.hex"} {
		data := readHex(f, name)
		f.Add(data)
		f.Add(data[:len(data)-1])
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		frames, err := decode(bytes.NewReader(wire), 1000)
		again := encode(frames) // there is one way only to write what was read
		require.True(t, bytes.HasPrefix(wire, again))
		results := 0
		for _, f := range frames {
			if f.Stream == runtimespec.Result {
				results++
			}
		}
		if err == io.EOF {
			require.Equal(t, len(wire), len(again))
			require.Equal(t, 1, results)
			require.Equal(t, runtimespec.Result, frames[len(frames)-1].Stream)
		} else {
			require.True(t, errors.Is(err, runtimespec.ErrFrame) || errors.Is(err, runtimespec.ErrTruncated))
		}
		slowly, slowErr := decode(iotest.OneByteReader(bytes.NewReader(wire)), 1000)
		require.Equal(t, frames, slowly)
		require.Equal(t, err, slowErr)
	})
}
