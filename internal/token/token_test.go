package token_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/token"
)

const (
	alice = "aaaaaaaaaaaaaaaa"
	bob   = "bbbbbbbbbbbbbbbb"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestLoad_Grants(t *testing.T) {
	set, err := token.Load(file(t, "\n  # a comment "+bob+"\n"+alice+"\talice\r\n"+
		bob+"\ncccccccccccccccc balancer delegate\n#"+strings.Repeat("x", 20)+"\n"+alice+" alice"))
	require.NoError(t, err)
	assert.Len(t, set, 3)
	for header, want := range map[string]token.Grant{
		"Bearer " + alice:         {Tenant: "alice"},
		"Bearer  " + alice + " ":  {Tenant: "alice"},
		"Bearer " + bob:           {Tenant: token.DefaultTenant},
		"Bearer cccccccccccccccc": {Tenant: "balancer", Delegate: true},
	} {
		grant, err := set.Check(header)
		require.NoError(t, err, header)
		assert.Equal(t, want, grant, header)
	}
	for _, header := range []string{
		"", "Bearer", "Bearer ", alice, "Basic " + alice, "Bearer " + alice[1:], "Bearer " + alice + "a",
		"Bearer " + alice + " alice", "Bearer " + strings.ToUpper(alice), "Bearer #" + strings.Repeat("x", 20),
	} {
		grant, err := set.Check(header)
		assert.ErrorIs(t, err, token.ErrUnauthorized, header)
		assert.Zero(t, grant)
	}
}

func TestLoad_RefusesWhatIsAmbiguous(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"empty":                 {"", "holds no token"},
		"comments only":         {"# " + alice + "\n\n", "holds no token"},
		"short token":           {alice + "\n" + bob[1:] + "\n", "line 2: a token must have at least 16 characters"},
		"unknown word":          {alice + " alice admin", `line 1: after the tenant only the word "delegate" may follow`},
		"a word too many":       {alice + " alice delegate all", "line 1: after the tenant"},
		"one token, two owners": {alice + " alice\n" + alice + " bob", "line 2: the token is there already"},
		"one token, two powers": {alice + " alice\n" + alice + " alice delegate", "line 2: the token is there already"},
		"endless line":          {alice + "\n" + strings.Repeat("x", 1<<20), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, c.text)
			_, err := token.Load(path)
			require.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, path)
			assert.NotContains(t, err.Error(), alice, "a secret is not for the logs")
			_, err = token.First(path)
			assert.ErrorContains(t, err, c.says)
		})
	}
	_, err := token.Load(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestFirst_SkipsComments(t *testing.T) {
	secret, err := token.First(file(t, "# ours\n\n  "+bob+" bob delegate\n"+alice+"\n"))
	require.NoError(t, err)
	assert.Equal(t, bob, secret)
}

func TestSet_EmptyAcceptsEveryoneWithoutPower(t *testing.T) {
	for _, header := range []string{"", "Bearer x", "Basic x"} {
		grant, err := token.Set(nil).Check(header)
		require.NoError(t, err)
		assert.Equal(t, token.Grant{Tenant: token.DefaultTenant}, grant)
	}
}

func TestSet_Several(t *testing.T) {
	own, other := [32]byte{1}, [32]byte{2}
	for name, c := range map[string]struct {
		set  token.Set
		want bool
	}{
		"none":            {nil, false},
		"two of one":      {token.Set{own: {Tenant: "alice"}, other: {Tenant: "alice"}}, false},
		"two tenants":     {token.Set{own: {Tenant: "alice"}, other: {Tenant: "bob"}}, true},
		"one that may be": {token.Set{own: {Tenant: "balancer", Delegate: true}}, true},
	} {
		assert.Equal(t, c.want, c.set.Several(), name)
	}
}
