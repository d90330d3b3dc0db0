package kind_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
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
			got, err := kind.ParseRequirements(text)
			require.NoError(t, err)
			assert.Equal(t, want, got.String())
		})
	}
	kept, err := kind.ParseRequirements("# settings in C:\\\nrequests\nnumpy\n")
	require.NoError(t, err)
	assert.Equal(t, "numpy\nrequests\n", kept.String())
	none, err := kind.ParseRequirements("# nothing\n\n")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestParseRequirements_RefusesFiles(t *testing.T) {
	for _, line := range []string{"-r other.txt", "--requirement=other.txt", "-c limits.txt", "-e .", "--editable x", "./wheel.whl", "../x", ".", "/etc/x.whl", "file:///x.whl", "x @ file:///x.whl", "-rfoo.txt", "-cfoo.txt", "--req foo", "wheels/x.whl", "x.whl", "pkg @ ./x"} {
		_, err := kind.ParseRequirements("six\n" + line + "\n")
		assertAction(t, err, "names a file")
	}
	_, err := kind.ParseRequirements("a\x00b")
	assertAction(t, err, "no text")
	_, err = kind.ParseRequirements("easy-thing\nconstraint-lib\nrequests>=1;python_version>\"3\"\ngit+https://host/a/b.git\nhttps://host/x.whl\n-i https://host/simple\n")
	assert.NoError(t, err)
}
