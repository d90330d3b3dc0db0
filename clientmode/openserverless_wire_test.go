package clientmode_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// Large code goes through a file, and is not sent otherwise than it came.
func TestOpenServerless_LargeCode(t *testing.T) {
	for _, code := range []string{huge, strings.Repeat("QUJD", 1<<19), "#\"\\\u2744\x01" + huge} {
		s := harness.NewOpenServerlessServer(t)
		dir := t.TempDir()
		r := newRig(t, clientmode.Config{Upstream: s.URL, Dialect: clientmode.DialectOpenServerless, SpoolDir: dir})
		require.Equal(t, http.StatusOK, r.post("/init", initBody(code)).Status)
		var init struct{ Value struct{ Code string } }
		require.NoError(t, json.Unmarshal([]byte(s.Got("/init")[0].Body), &init))
		assert.True(t, init.Value.Code == code)
		assert.Len(t, s.Leases(harness.CodeHash(code)), 1)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}

// The server's NULs grow with everything that was ever logged; they cost time,
// not memory, and what a result may have is not theirs.
func TestOpenServerless_AnswersInOnePass(t *testing.T) {
	s, r := foreign(t, clientmode.Config{MaxResult: 1 << 10})
	s.Answer("error", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{ "err":"`+strings.Repeat(`\u0000`, 1<<20)+`x\ny\u2744\"\\", "more" : [true, 1e5 ] , "response" : { "a":"}\"," } , "out": "`+strings.Repeat("long ", 3<<20)+`"}`)
	})
	a := r.post("/run", do("error"))
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, `{ "a":"}\"," }`, a.Body)
	assert.True(t, strings.HasPrefix(r.stderr.String(), "x\ny❄\"\\\n"), "%.100q", r.stderr.String())
	assert.Contains(t, r.stdout.String()[10<<20:], "Logs were truncated")
	assert.Less(t, len(r.stdout.String()), 11<<20)
}

func TestOpenServerless_AnswersThatCannotBeUsed(t *testing.T) {
	s, r := foreign(t, clientmode.Config{MaxResult: 1 << 10})
	for name, body := range map[string]string{
		"nothing":     ``,
		"no object":   `[]`,
		"no response": `{"out":"","err":""}`,
		"scalar":      `{"response":7,"out":"","err":""}`,
		"cut off":     `{"response":{},"out":"abc`,
		"cut escape":  `{"response":{},"out":"abc\u12`,
		"no string":   `{"response":{},"out":5}`,
		"no colon":    `{"response"{}}`,
	} {
		s.Answer("error", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, body)
		})
		a := r.post("/run", do("error"))
		assert.Equal(t, http.StatusBadGateway, a.Status, name)
		assert.Contains(t, a.Body, "not sent again", name)
	}
	s.Answer("error", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>welcome") })
	assert.Contains(t, r.post("/run", do("error")).Body, "is no server of this contract")
}
