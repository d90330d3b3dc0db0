package runtimespec_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestSkimRun_FindsIDAndDeadline(t *testing.T) {
	at := time.UnixMilli(1767225660000)
	for body, want := range map[string]runtimespec.Activation{
		`{"value":{"x":[1,{"y":"}"}]},"activation_id":"abc","deadline":"1767225660000"}`:          {ID: "abc", Deadline: at},
		"\t{ \"activation_id\" : \"abc\" ,\n \"deadline\" : 1767225660000 , \"value\" : {} }\r\n": {ID: "abc", Deadline: at},
		`{"value":{"activation_id":"no","deadline":"1"},"x":[{"activation_id":"no"}]}`:            {},
		`{"value":"{\"activation_id\":\"no\"","activation_id":"yes"}`:                             {ID: "yes"},
		`{"activation\u005fid":"a\u0062c","dead\u006cine":"\u0031767225660000"}`:                  {ID: "abc", Deadline: at},
		`{"activation_id":"first","activation_id":"last"}`:                                        {ID: "last"},
		`{"deadline":"1767225660000","deadline":"soon"}`:                                          {},
		`{"activation_id":"a\"b\""}`:                                                              {ID: `a"b"`},
		`{"x":"\\\\","activation_id":"abc"}`:                                                      {ID: "abc"},
		`{"x":"\\\"","activation_id":"abc"}`:                                                      {ID: "abc"},
		`{"x":1e999999,"activation_id":"abc"}`:                                                    {ID: "abc"},
		`{"":"","activation_id":"abc"}`:                                                           {ID: "abc"},
	} {
		require.Equal(t, want, runtimespec.SkimRun([]byte(body)), body)
	}
}

// Two runs without an id must not be taken for the same activation, and an id
// has to fit into a header.
func TestSkimRun_WhatIsNoIDIsNone(t *testing.T) {
	for _, value := range []string{`null`, `0`, `true`, `{"a":"b"}`, `["a"]`, `""`, `"a b"`, `"a\nb"`, "\"a\nb\"", `"\u0000"`, `"❄"`, `"\ud800"`,
		`"` + strings.Repeat("a", runtimespec.MaxActivation+1) + `"`} {
		require.Empty(t, runtimespec.SkimRun([]byte(`{"activation_id":`+value+`}`)).ID, value)
	}
	longest := strings.Repeat("~", runtimespec.MaxActivation)
	require.Equal(t, longest, runtimespec.SkimRun([]byte(`{"activation_id":"`+longest+`"}`)).ID)
}

func TestSkimRun_WhatIsNoDeadlineIsNone(t *testing.T) {
	for _, value := range []string{`null`, `""`, `"0"`, `"-5"`, `-5`, `1.5`, `1e3`, `"9223372036854775808"`, `{}`, `["5"]`} {
		require.Zero(t, runtimespec.SkimRun([]byte(`{"deadline":`+value+`}`)).Deadline, value)
	}
}

func TestSkimRun_ToleratesAnything(t *testing.T) {
	whole := `{"value":{"a":["b",{}]},"activation_id":"a\"c","deadline":"5"}`
	for n := range whole {
		require.Contains(t, []string{"", `a"c`}, runtimespec.SkimRun([]byte(whole[:n])).ID, n)
	}
	for _, body := range []string{``, `null`, `[]`, `"`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":}`, `{"a":]`, `{a:1}`, `{"a":"\`, `{,}`, `{"a"::1}`, "\ufeff{}"} {
		require.Zero(t, runtimespec.SkimRun([]byte(body)), body)
	}
}

func TestCheckRun_TakesOneObjectOrNull(t *testing.T) {
	deep := func(n int) string { return `{"value":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	for _, body := range []string{`{}`, `null`, " {} \r\n\t", `{"value":[1e999999,-0,9007199254740993]}`, `{"a":1,"a":2}`, `{"value":"\ud800"}`, `{"value":"❄"}`, deep(9_999)} {
		require.NoError(t, runtimespec.CheckRun([]byte(body)), "%.60s", body)
	}
	for _, body := range []string{``, ` `, `[]`, `1`, `"{}"`, `true`, `nul`, `{`, `{}}`, `{} {}`, `{},`, `{}:`, `{} x`, "{}\x00", `null x`, "\ufeff{}",
		`{"a":01}`, `{'a':1}`, `{"a":1,}`, "{\"a\":\"\n\"}", "{\"a\":\"\xff\"}", "{}\xff", `{"a":NaN}`, deep(10_000)} {
		require.ErrorIs(t, runtimespec.CheckRun([]byte(body)), runtimespec.ErrMalformed, "%.60s", body)
	}
}

func TestCheckResult_IsAnObjectOrArray(t *testing.T) {
	for line, want := range map[string]bool{
		`{}`: true, `[]`: true, ` {"a":1} `: true, `{"a":"\udfff"}`: true, `["❄"]`: true,
		``: false, `null`: false, `1`: false, `"a"`: false, `true`: false, `{}{}`: false, `{},`: false, `[] x`: false, `{`: false, "[\"\xc3\"]": false,
	} {
		require.Equal(t, want, runtimespec.CheckResult([]byte(line)), line)
	}
}

func FuzzCheckRun(f *testing.F) {
	for _, s := range []string{`{"value":{"a":[1,"\ud800"]}}`, ` null `, `{},`, "{}\x00", "{\"\xff\":1}", `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		text := bytes.TrimLeft(body, " \t\r\n")
		good := json.Valid(body) && utf8.Valid(body)
		object, null, array := bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("n")), bytes.HasPrefix(text, []byte("["))
		require.Equal(t, good && (object || null), runtimespec.CheckRun(body) == nil)
		require.Equal(t, good && (object || array), runtimespec.CheckResult(body))
		require.Equal(t, before, body)
	})
}

func FuzzSkimRun(f *testing.F) {
	for _, s := range []string{
		`{"value":{"activation_id":"no","x":["}"]},"activation_id":"abc","deadline":"1767225660000"}`,
		`{"activation\u005fid":"a\"b","deadline":5, "deadline" : null,"x":"\\\\\""}`, `{"activation_id":null}`, `{"activation_id`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := runtimespec.SkimRun(body)
		for _, b := range []byte(got.ID) {
			require.True(t, b > ' ' && b <= '~')
		}
		if runtimespec.CheckRun(body) != nil {
			return
		}
		want := parse(t, body)
		id, _ := want["activation_id"].(string)
		if len(id) > runtimespec.MaxActivation || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			id = ""
		}
		require.Equal(t, id, got.ID)
		text, ok := want["deadline"].(string)
		if number, isNumber := want["deadline"].(json.Number); isNumber {
			text, ok = string(number), true
		}
		ms, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil || ms <= 0 {
			require.Zero(t, got.Deadline)
		} else {
			require.Equal(t, time.UnixMilli(ms), got.Deadline)
		}
	})
}
