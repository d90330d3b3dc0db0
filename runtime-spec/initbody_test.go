package runtimespec_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestParseInit_ReadsThePlatformsBody(t *testing.T) {
	init, err := runtimespec.ParseInit([]byte(`{"value":{"name":"hello","main":"niam","binary":true,"code":"UEs=","env":{"A":"1","B":"","N":null,"X":[1, 2],"T":true}}}`))
	require.NoError(t, err)
	require.Equal(t, "hello", init.Name)
	require.Equal(t, "niam", init.Main)
	require.True(t, init.Binary)
	require.True(t, init.HasCode)
	require.Equal(t, "UEs=", string(init.Code))
	require.Equal(t, map[string]string{"A": "1", "B": "", "N": "", "X": "[1, 2]", "T": "true"}, init.Env)
}

func TestParseInit_Defaults(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"value":null}`, `{"value":"code"}`, `{"value":{}}`, `{"code":"x"}`, `{"value":{"code":"","main":"","env":null,"binary":null}}`,
		`{"value":{"main":"niam","main":null,"env":{"A":"1"},"env":null,"binary":true,"binary":[{"code":"x"}]}}`,
	} {
		init, err := runtimespec.ParseInit([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, "main", init.Main, body)
		require.False(t, init.HasCode || init.Binary, body)
		require.Empty(t, init.Env, body)
	}
}

func TestParseInit_RefusesWhatIsNoInit(t *testing.T) {
	for _, body := range []string{
		``, `null`, `[]`, `{`, `{"value":{"code":"x"}`, `{"value":{"code":"x}}`, `{} {}`, `{},`, `{}}`, "{}\x00", "\ufeff{}",
		`{"value":{"code":1}}`, `{"value":{"code":["x"]}}`, `{"value":{"code":"\ud800"}}`, "{\"value\":{\"code\":\"\xff\"}}", `{"value":{"code":"\x"}}`,
		`{"value":{"code":"a","code":"b"}}`, `{"value":{"code":null,"\u0063ode":"b"}}`, `{"value":{"code":"a"},"value":{"main":"m"}}`,
		`{"value":{"binary":["code","x"],"env":{}}`, `{"value":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	} {
		_, err := runtimespec.ParseInit([]byte(body))
		require.ErrorIs(t, err, runtimespec.ErrMalformed, "%.60s", body)
	}
}

func TestInitBody_WithoutCode(t *testing.T) {
	for body, want := range map[string]string{
		`{"value":{"code":"x"}}`:                                       `{"value":{}}`,
		`{"value":{"code":"x","main":"m"}}`:                            `{"value":{"main":"m"}}`,
		`{"value":{"main":"m","code":"x"}}`:                            `{"value":{"main":"m"}}`,
		`{"value":{"a":1,"code":"x","b":2}}`:                           `{"value":{"a":1,"b":2}}`,
		`{"value":{"code":null,"b":2}}`:                                `{"value":{"b":2}}`,
		`{"value":{"code":"","b":2}}`:                                  `{"value":{"b":2}}`,
		`{"value":{"\u0063od\u0065":"x","b":2}}`:                       `{"value":{"b":2}}`,
		"{ \"value\" : {\n\t\"code\" \t:\r\n \"x\" ,\n \"b\" : 2 } } ": "{ \"value\" : {\n\t\n \"b\" : 2 } } ",
		"{\"value\":{\"a\":1 ,\n\"code\" : \"x\" } }":                  "{\"value\":{\"a\":1  } }",
		`{"value":{"a":"\",\"code\":","code":"\"},{\\"}}`:              `{"value":{"a":"\",\"code\":"}}`,
		`{"value":{"env":{"code":"keep"},"code":"x"}}`:                 `{"value":{"env":{"code":"keep"}}}`,
		`{"code":"keep","value":{"x":{"code":"keep"},"code":"x"}}`:     `{"code":"keep","value":{"x":{"code":"keep"}}}`,
		`{"value":{"main":"m"}}`:                                       `{"value":{"main":"m"}}`,
		`{"value":{"x":1,"x":2,"code":"x"}}`:                           `{"value":{"x":1,"x":2}}`,
	} {
		init, err := runtimespec.ParseInit([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, string(init.WithoutCode()), body)
	}
}

// Base64 of 48 MiB must not be copied to be read.
func TestParseInit_CodeIsNotCopied(t *testing.T) {
	body := []byte(`{"value":{"code":"` + strings.Repeat("A", 1<<20) + `","binary":true}}`)
	init, err := runtimespec.ParseInit(body)
	require.NoError(t, err)
	at := bytes.IndexByte(body, 'A')
	require.Same(t, &body[at], &init.Code[0])
}

// Both steps of an init have to mean the same function.
func TestInitBody_BothStepsAreOneFunction(t *testing.T) {
	body := []byte(`{"value":{"code":"print(\"❄\")","main":"niam@gpu","binary":false,"env":{"A":"1"}}}`)
	whole, err := runtimespec.ParseInit(body)
	require.NoError(t, err)
	short, err := runtimespec.ParseInit(whole.WithoutCode())
	require.NoError(t, err)
	require.False(t, short.HasCode)
	require.Equal(t, whole.Function("k", whole.Digest(), nil, nil).Identity(), short.Function("k", whole.Digest(), nil, nil).Identity())
}

func FuzzParseInit(f *testing.F) {
	f.Add([]byte(`{"value":{"name":"n","main":"m","binary":true,"code":"x","env":{"A":"1","B":null}}}`))
	f.Add([]byte(`{"value" : { "\u0063ode" :"\u2603\n\"" , "x":{"code":[1]},"env":{"code":"y"}},"value2":{}}`))
	f.Add([]byte(`{"value":{"code":null,"binary":{"code":"x"}}} `))
	f.Add([]byte(`{"value":{"code":"a","code":"b"},"value":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		init, err := runtimespec.ParseInit(body)
		require.Equal(t, before, body)
		if err != nil {
			require.ErrorIs(t, err, runtimespec.ErrMalformed)
			return
		}
		whole := parse(t, body)
		value, _ := whole["value"].(map[string]any)
		code, _ := value["code"].(string)
		require.Equal(t, code, string(init.Code))
		require.Equal(t, code != "", init.HasCode)
		require.Equal(t, runtimespec.Digest(sha256.Sum256([]byte(code))), init.Digest())
		require.Equal(t, value["binary"] == true, init.Binary)
		if main, ok := value["main"].(string); ok && main != "" {
			require.Equal(t, main, init.Main)
		}
		env, _ := value["env"].(map[string]any)
		require.Len(t, init.Env, len(env))
		for key, want := range env {
			if s, ok := want.(string); ok {
				require.Equal(t, s, init.Env[key])
			}
		}
		delete(value, "code")
		short := init.WithoutCode()
		require.Equal(t, whole, parse(t, short))
		again, err := runtimespec.ParseInit(short)
		require.NoError(t, err)
		require.False(t, again.HasCode)
		require.Equal(t, short, again.WithoutCode())
		require.Equal(t, init.Function("", runtimespec.Digest{}, nil, nil), again.Function("", runtimespec.Digest{}, nil, nil))
	})
}

// parse is another parser's opinion; numbers are kept as they stand.
func parse(t *testing.T, body []byte) (out map[string]any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&out))
	return out
}

func TestInitBody_CodeGoesBackIn(t *testing.T) {
	code := "def main(args):\n\treturn {\"é\": \"<&>\"}\n"
	for _, short := range []string{
		`{"value":{}}`, ` { "value" : { } } `, `{"a":{"value":{}},"value":{"main":"x","env":{"K":"{"}},"b":1}`, `{"value":{"code_":"x"}}`,
	} {
		first, err := runtimespec.ParseInit([]byte(short))
		require.NoError(t, err)
		whole, err := runtimespec.ParseInit(first.WithCode([]byte(code)))
		require.NoError(t, err, short)
		require.Equal(t, code, string(whole.Code))
		require.Equal(t, first.Env, whole.Env)
		require.Equal(t, first.Main, whole.Main)
		require.Nil(t, whole.WithCode(nil), "it has one")
	}
	for _, nowhere := range []string{`{}`, `{"value":null}`, `{"value":7}`} {
		first, err := runtimespec.ParseInit([]byte(nowhere))
		require.NoError(t, err)
		require.Nil(t, first.WithCode([]byte(code)), nowhere)
	}
}
