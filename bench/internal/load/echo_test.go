package load_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

func TestEcho_SendsWhatTheInvokerWould(t *testing.T) {
	for _, size := range []int{12, 18, 19, 100, 10_000} {
		work, err := load.NewEcho(size, time.Hour)
		require.NoError(t, err)
		ids, values := map[string]bool{}, map[string]bool{}
		var body []byte
		for n := range 1000 {
			body = work.Next(body, n)
			var run sentRun
			require.NoError(t, json.Unmarshal(body, &run))
			require.Len(t, run.Value, size)
			require.Regexp(t, `^[0-9a-f]{32}$`, run.Activation)
			ids[run.Activation], values[string(run.Value)] = true, true
			require.Equal(t, "guest", run.Namespace)
			name, err := strconv.Atoi(run.ActionName[len("/guest/load-"):])
			require.NoError(t, err)
			require.Equal(t, n, name)
			deadline, err := strconv.ParseInt(run.Deadline, 10, 64)
			require.NoError(t, err)
			require.WithinDuration(t, time.Now().Add(time.Hour), time.UnixMilli(deadline), time.Minute)
		}
		assert.Len(t, ids, 1000)
		assert.Len(t, values, 1000)
	}
}

func TestEcho_NoTwoHaveTheSameIDs(t *testing.T) {
	var one, two sentRun
	require.NoError(t, json.Unmarshal(newEcho(t, 12).Next(nil, 0), &one))
	require.NoError(t, json.Unmarshal(newEcho(t, 12).Next(nil, 0), &two))
	assert.NotEqual(t, one.Activation, two.Activation)
}

func TestEcho_RefusesWhatItCannotSend(t *testing.T) {
	_, err := load.NewEcho(11, 0)
	assert.ErrorContains(t, err, "too small")
	for _, value := range []string{"", "[]", "null", "1", `{"a":`} {
		_, err := load.NewValue([]byte(value), 0)
		assert.ErrorContains(t, err, "no JSON object", value)
	}
}

func TestEcho_TakesWhiteSpaceBetweenTokensAlone(t *testing.T) {
	const value = `{"a b":["\"\\",1.50,{}],"c":"x\\\" y"}`
	work, err := load.NewValue([]byte(value), 0)
	require.NoError(t, err)
	body := work.Next(nil, 0)
	for _, right := range []string{value, "{ \"a b\" : [ \"\\\"\\\\\" ,\n1.50, { } ],\t\"c\": \"x\\\\\\\" y\" }\r\n"} {
		assert.NoError(t, work.Check(body, &load.Answer{Status: 200, Body: []byte(right)}), right)
	}
	for _, wrong := range []string{"", "{}", value[:len(value)-1], value + "}", `{"ab":["\"\\",1.50,{}],"c":"x\\\" y"}`, `{"a b":["\"\\",1.5 0,{}],"c":"x\\\" y"}x`, `{"a b":["\"\\",1.50,{}],"c":"x\\\"  y"}`} {
		assert.Error(t, work.Check(body, &load.Answer{Status: 200, Body: []byte(wrong)}), wrong)
	}
	work.AnyAnswer = true
	assert.NoError(t, work.Check(body, &load.Answer{Status: 200, Body: []byte(` {"else":1}`)}))
	assert.Error(t, work.Check(body, &load.Answer{Status: 200, Body: []byte(`1`)}))
	assert.Error(t, work.Check(body, &load.Answer{Status: 503, Body: []byte(`{}`)}))
}

func TestTarget_InitSaysWhatWasAnswered(t *testing.T) {
	bodies := make(chan string, 2)
	address, opened := counted(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		bodies <- string(got)
		if r.URL.Path != "/init" || bytes.Contains(got, []byte("bad")) {
			http.Error(w, `{"error":"cannot start"}`, http.StatusBadGateway)
		}
	})
	target, err := load.NewTarget("http://"+address+"/", 1)
	require.NoError(t, err)
	defer target.Close()
	require.NoError(t, target.Init(t.Context(), []byte(`{"value":{}}`)))
	assert.Equal(t, `{"value":{}}`, <-bodies)
	err = target.Init(t.Context(), []byte("bad"))
	assert.ErrorContains(t, err, `status 502: {"error":"cannot start"}`)
	assert.ErrorContains(t, err, address)
	assert.EqualValues(t, 1, opened.Load())
}

func TestTarget_WithoutConnectionsToKeepOpensOneForEachRun(t *testing.T) {
	address, opened := counted(t, func(w http.ResponseWriter, r *http.Request) {
		var run sentRun
		_ = json.NewDecoder(r.Body).Decode(&run)
		echo(w, run)
	})
	target, err := load.NewTarget("http://"+address, 0)
	require.NoError(t, err)
	work := newEcho(t, 12)
	for range 3 {
		require.NoError(t, target.Call(work, patience))
	}
	assert.EqualValues(t, 3, opened.Load())
}

func TestNewTarget_RefusesWhatIsNoURL(t *testing.T) {
	for _, url := range []string{"", "localhost:8080", "https://localhost", "http://", "http://localhost/run", "http://localhost?a=b", "http://a b"} {
		_, err := load.NewTarget(url, 1)
		assert.ErrorContains(t, err, "http://HOST:PORT", url)
	}
	_, err := load.NewTarget("http://[::1]", 1)
	assert.NoError(t, err)
}

// BenchmarkEcho is what making a body and checking its answer costs.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{12, 100 << 10} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			work, err := load.NewEcho(size, 0)
			require.NoError(b, err)
			body := work.Next(nil, 0)
			b.ReportAllocs()
			for b.Loop() {
				body = work.Next(body, 1)
				if err := work.Check(body, &load.Answer{Status: 200, Body: body[len(`{"value":`) : len(`{"value":`)+size]}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
