package runtimespec_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Whatever was guessed, the digest is that of the code that parsing finds.
func TestParseInit_DigestIsTheCodes(t *testing.T) {
	large, other := strings.Repeat("abcdefg", 1<<18), strings.Repeat("hijklmn", 1<<18)
	for name, body := range map[string]string{
		"large":             `{"value":{"main":"main","code":"` + large + `","binary":true}}`,
		"small":             `{"value":{"code":"abc"}}`,
		"none":              `{"value":{"name":"` + large + `"}}`,
		"escapes":           `{"value":{"code":"` + large + `\n"}}`,
		"another spelling":  `{"value":{"\u0063ode":"` + large + `"}}`,
		"outside of value":  `{"code":"` + other + `","value":{"code":"` + large + `"}}`,
		"deeper than value": `{"value":{"env":{"code":"` + other + `"},"code":"` + large + `"}}`,
		"null":              `{"value":{"code":null,"name":"` + large + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			init, err := runtimespec.ParseInit([]byte(body))
			require.NoError(t, err)
			for range 2 {
				assert.Equal(t, runtimespec.Digest(sha256.Sum256(init.Code)), init.Digest())
			}
		})
	}
	for _, broken := range []string{"", "{", `{"value":{"code":"` + large, `{"value":{"code":"` + large + `"`, strings.Repeat("[", 2<<20)} {
		_, err := runtimespec.ParseInit([]byte(broken))
		assert.Error(t, err)
	}
}
