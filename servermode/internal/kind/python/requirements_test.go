package python_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

func TestParseRequirements_SameWishesAreTheSame(t *testing.T) {
	want := "--pre\nfoo-bar[x]>=1.0 ; python_version > '3'\nnumpy==2.1.0\nsix @ https://host/six.whl#sha256=12\n"
	for name, text := range map[string]string{
		"plain":      want,
		"mixed":      "\ufeff# what we need\r\nNumPy==2.1.0   # numbers\r\n\r\n foo_Bar[x]>=1.0 ;  python_version > '3'\nsix @ https://host/six.whl#sha256=12\n--pre\nnumpy==2.1.0",
		"continued":  "numpy==2.1.0\nFoo.bar[x]>=1.0 ; \\\n  python_version > '3'\n--pre\nsix @ https://host/six.whl#sha256=12",
		"other name": "foo-_.bar[x]>=1.0 ; python_version > '3'\nnumpy==2.1.0\n--pre\nSIX @ https://host/six.whl#sha256=12",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := python.ParseRequirements(text)
			require.NoError(t, err)
			assert.Equal(t, want, got.String())
		})
	}
	kept, err := python.ParseRequirements("# settings in C:\\\nrequests\nnumpy\n")
	require.NoError(t, err)
	assert.Equal(t, "numpy\nrequests\n", kept.String())
	none, err := python.ParseRequirements("# nothing\n\n")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestParseRequirements_RefusesFiles(t *testing.T) {
	for _, line := range []string{"-r other.txt", "--requirement=other.txt", "-c limits.txt", "-e .", "--editable x", "./wheel.whl", "../x", ".", "/etc/x.whl", "file:///x.whl", "x @ file:///x.whl", "-rfoo.txt", "-cfoo.txt", "--req foo", "wheels/x.whl", "x.whl", "pkg @ ./x"} {
		_, err := python.ParseRequirements("six\n" + line + "\n")
		kindtest.AssertAction(t, err, "names a file")
	}
	_, err := python.ParseRequirements("a\x00b")
	kindtest.AssertAction(t, err, "no text")
	_, err = python.ParseRequirements("easy-thing\nconstraint-lib\nrequests>=1;python_version>\"3\"\ngit+https://host/a/b.git\nhttps://host/x.whl\n-i https://host/simple\n")
	assert.NoError(t, err)
}

func TestParseRequirements_FromWindows(t *testing.T) {
	for name, text := range kindtest.FromWindows("six==1.0\r\n# für alle\r\nrequests \\\r\n  >= 2\r\n") {
		got, err := python.ParseRequirements(text)
		require.NoError(t, err)
		assert.Equal(t, python.Requirements{"requests >= 2", "six==1.0"}, got, name)
	}
	for _, line := range []string{`C:\wheels\x.whl`, `.\x`, `wheels\x`, `x @ C:\x.whl`, `\\host\share\x.whl`, `-r more\requirements.txt`} {
		_, err := python.ParseRequirements("six\r\n" + line + "\r\n")
		kindtest.AssertAction(t, err, "names a file")
	}
	_, err := python.ParseRequirements("s\x00i\x00x\x00")
	kindtest.AssertAction(t, err, "save it as UTF-8")
}
