package jsontext_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

func TestStream_ReadsValuesAsTheyStand(t *testing.T) {
	const text = ` {"a" : {"b":[1,"]}\""]} ,"n":-1.5e3 , "word":null,"":"x\u0000","last":true} rest`
	in := jsontext.NewStream(iotest.OneByteReader(strings.NewReader(text)))
	got := map[string]string{}
	require.NoError(t, in.Object(func(name string) error {
		value, size, err := in.Value(100)
		got[name] = string(value)
		assert.EqualValues(t, len(bytes.TrimSpace(value)), len(value))
		assert.GreaterOrEqual(t, size, int64(len(value)))
		return err
	}))
	assert.Equal(t, map[string]string{"a": `{"b":[1,"]}\""]}`, "n": "-1.5e3", "word": "null", "": `"x\u0000"`, "last": "true"}, got)
}

func TestStream_KeepsNoMoreThanTheLimit(t *testing.T) {
	in := jsontext.NewStream(strings.NewReader(`"` + strings.Repeat("x", 100_000) + `"`))
	value, size, err := in.Value(10)
	require.NoError(t, err)
	assert.Equal(t, `"xxxxxxxxx`, string(value))
	assert.EqualValues(t, 100_002, size)
}

func TestStream_StringsInParts(t *testing.T) {
	var parts []string
	in := jsontext.NewStream(strings.NewReader(` "a\"\u0000\n❄"`))
	require.NoError(t, in.String(func(part []byte) { parts = append(parts, string(part)) }))
	assert.Equal(t, []string{"a", `\"`, `\u0000`, `\n`, "\xe2", "\x9d", "\x84"}, parts)
}

func TestStream_Refuses(t *testing.T) {
	for text, want := range map[string]error{
		``: io.EOF, `{`: io.EOF, `{"a"`: io.EOF, `{"a":`: io.EOF, `{"a":1`: io.EOF, `{"a":"x`: io.EOF,
		`[]`: jsontext.ErrStream, `x`: jsontext.ErrStream, `{"a" 1}`: jsontext.ErrStream, `{"a":1]`: jsontext.ErrStream,
	} {
		in := jsontext.NewStream(strings.NewReader(text))
		assert.ErrorIs(t, in.Object(func(string) error { _, _, err := in.Value(10); return err }), want, text)
	}
	for text, want := range map[string]error{``: io.EOF, `1`: jsontext.ErrStream, `"a`: io.EOF, `"\`: io.EOF, `"\u00`: io.EOF} {
		assert.ErrorIs(t, jsontext.NewStream(strings.NewReader(text)).String(func([]byte) {}), want, text)
	}
}

// What is an object, a stream and a skim read as the standard library does.
func FuzzObjects(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a":1,"b":"x\"","c":[{"d":"]"},{}],"e":null}`, ` { "a" : -1.5e3 , "b" : true } `, `{"\u0061":"\ud800","":{}}`, `{"a":"\\","b":"\\\""}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want := map[string]json.RawMessage{}
		if !utf8.Valid(text) || bytes.ContainsAny(text, `\`) && bytes.Contains(text, []byte(`\u`)) || json.Unmarshal(text, &want) != nil || want == nil {
			return // a stream does not decode names, and what is no JSON is judged elsewhere
		}
		skimmed, streamed := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		jsontext.Skim(text, func(name, value []byte) {
			plain, ok := jsontext.Unquote(name)
			assert.True(t, ok)
			skimmed[string(plain)] = value
		})
		in := jsontext.NewStream(bytes.NewReader(text))
		assert.NoError(t, in.Object(func(name string) error {
			value, _, err := in.Value(len(text))
			streamed[name] = value
			return err
		}))
		equal := func(got map[string]json.RawMessage) bool {
			return maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
		}
		assert.True(t, equal(skimmed), "%q", text)
		if plain := !bytes.ContainsAny(text, `\`); plain {
			short := true
			for name := range want {
				short = short && len(name) < 60
			}
			assert.True(t, !short || equal(streamed), "%q: %v", text, streamed)
		}
	})
}
