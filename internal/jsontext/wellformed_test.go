package jsontext

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var formed = map[string]bool{
	`{}`: true, `[]`: true, ` { } `: true, "[\n]\t": true, `null`: true, `true`: true, `false`: true, `"x"`: true, `0`: true, `-0`: true,
	`{"a":1,"b":[1,2,{"c":null}],"d":{"e":{}}}`: true, `[[],[[]],{}]`: true, `[1.5e+10,-0.25E-3,1e9,9007199254740993]`: true,
	`{"a":1,"a":2}`: true, `"\u00e4\n\"\\\/\b\f\r\t\ud800"`: true, "\"ä€\U0001F600\"": true, `[ 1 , 2 ]`: true,
	``: false, ` `: false, `{`: false, `}`: false, `]`: false, `[}`: false, `{]`: false, `{"a":1]`: false, `[1}`: false, `[1,]`: false, `[,1]`: false, `{,}`: false,
	`{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false, `{a:1}`: false, `{1:1}`: false, `{"a" 1}`: false, `{} {}`: false, `{}x`: false, `1 2`: false, `nul`: false,
	`nulll`: false, `True`: false, `01`: false, `-`: false, `+1`: false, `1.`: false, `.5`: false, `1e`: false, `1e+`: false, `-x`: false, `0x1`: false, `NaN`: false,
	`"`: false, `"a`: false, `"\`: false, `"\x"`: false, `"\u12g4"`: false, `"\u12`: false, "\"a\nb\"": false, "\"12345678\x1f\"": false, "\"\x00\"": false, `'a'`: false,
	"\ufeff{}": false, "{}\x00": false, "[1\v]": false, `{"a":1}}`: false, `[[[`: false, `"1234567"8`: false,
}

func TestWellFormed_IsWhatJSONIs(t *testing.T) {
	for text, want := range formed {
		assert.Equal(t, want, wellFormed([]byte(text)), text)
		assert.Equal(t, want, json.Valid([]byte(text)), text)
	}
	for _, text := range []string{"\"\xff\"", "{\"a\xc3\":1}", "[\"12345678\xe2\x82\"]", "\"\xed\xa0\x80\""} {
		assert.False(t, wellFormed([]byte(text)), "%q", text)
	}
	for depth, want := range map[int]bool{maxNesting: true, maxNesting + 1: false} {
		assert.Equal(t, want, wellFormed([]byte(strings.Repeat("[", depth)+strings.Repeat("]", depth))))
		assert.Equal(t, want, wellFormed([]byte(strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth))))
	}
	assert.NoError(t, Check([]byte(strings.Repeat("[", 1000)+strings.Repeat("]", 1000)), "["), "the decoder has the last word")
}

// Each special byte is found at each place of a word, and nothing else is.
func TestSkipPlain_FindsEachByteAtEachPlace(t *testing.T) {
	for b := range 256 {
		for at := range 600 {
			text := bytes.Repeat([]byte("\x7f"), 600)
			text[at] = byte(b)
			want := 600
			if b < ' ' || b == '"' || b == '\\' {
				want = at
			}
			s := scanner{body: text}
			s.skipPlain()
			require.Equal(t, want, s.at, "byte %#x at %d", b, at)
			if want == 600 {
				require.Equal(t, b >= 0x80, s.high&tops != 0)
			}
		}
	}
}

// What is well-formed here, the decoder and the standard library take too.
func FuzzWellFormed(f *testing.F) {
	for text := range formed {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !wellFormed(body) {
			assert.False(t, json.Valid(body) && utf8.Valid(body) && bytes.Count(body, []byte("[")) < maxNesting && bytes.Count(body, []byte("{")) < 2, "%q", body)
			return
		}
		assert.True(t, json.Valid(body) && utf8.Valid(body), "%q", body)
		dec := DecodeAny(body)
		_, err := dec.ReadValue()
		assert.NoError(t, err, "%q", body)
		assert.NoError(t, dec.AtEnd(), "%q", body)
	})
}
