package servermode_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

// xs is a JSON string of n bytes and its quotes.
func xs(n int) string { return `"` + strings.Repeat("x", n) + `"` }

// producer answers with a string of as many bytes as its argument says.
const producer = `#!/bin/bash
while read -r line; do
  n=${line#*\"value\":}; n=${n%%[!0-9]*}
  { printf '{"x":"'; head -c "$n" /dev/zero | tr '\0' x; echo '"}'; } >&3
done
`

// A refusal names the setting, whether or not the body said how long it is.
func TestLimits_ARefusedBodyIsToldTheSetting(t *testing.T) {
	r := newRig(t, servermode.Config{MaxRunBody: 1000, MaxInitBody: 5000})
	f := newTarget("native", echo, nil)
	r.mustInit(f)
	for path, says := range map[string]string{
		runtimespec.PathRun:  "its owner's limit is 1000 bytes (--max-run-body)",
		runtimespec.PathInit: "its owner's limit is 5000 bytes (--max-init-body)",
	} {
		body := []byte(`{"value":` + xs(6000) + `}`)
		for _, header := range []http.Header{f.header(), {}} { // also of a plain caller
			a := r.send(path, header, body)
			assert.Equal(t, http.StatusRequestEntityTooLarge, a.status, a.body)
			assert.Contains(t, a.body, fmt.Sprintf("of %d bytes", len(body)))
			assert.Contains(t, a.body, says)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.Addr()+path, io.MultiReader(strings.NewReader(string(body))))
		require.NoError(t, err)
		req.Header = f.header()
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		a := r.read(resp)
		assert.Equal(t, runtimespec.TooLarge, a.reason)
		assert.Contains(t, a.body, says)
	}
}

// Functions of today are called with these: a photo in base64, and its masks.
func TestLimits_DefaultsTakeWhatFunctionsAreCalledWith(t *testing.T) {
	r := newRig(t, servermode.Config{})
	f := newTarget("native", "#!/bin/bash\nwhile read -r line; do echo \"{\\\"n\\\":${#line}}\" >&3; done\n", nil)
	r.mustInit(f)
	value := xs(31 << 20)
	assert.Equal(t, fmt.Sprintf(`{"n":%d}`, len(value)+len(`{"value":}`)), r.run(f, "", value).body)
	p := newTarget("native", producer, nil)
	r.mustInit(p)
	assert.Len(t, r.run(p, "", "8000000").body, 8000000+len(`{"x":""}`))
	a := r.run(p, "", "9000000")
	assert.Equal(t, http.StatusOK, a.status, "the action's error, as the platform has it")
	assert.Contains(t, a.body, "exceeded the allowed length")
	assert.Contains(t, a.body, "--max-result")
}

func TestLimits_OfResultsAreTheOwners(t *testing.T) {
	r := newRig(t, servermode.Config{MaxResult: 1000})
	p := newTarget("native", producer, nil)
	r.mustInit(p)
	assert.Len(t, r.run(p, "", "900").body, 900+len(`{"x":""}`))
	assert.Contains(t, r.run(p, "", "1000").body, "(--max-result)")
}

// A caller in the platform's own dialect passes results on to the platform.
func TestLimits_APlainCallersResultIsThePlatforms(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	p.mustFill(producer)
	assert.Len(t, p.activate("a", "1048568"), 1<<20)
	assert.JSONEq(t, `{"error":"The action produced a response that exceeded the allowed length: the result is too large: 1048577 > 1048576 bytes."}`, p.activate("b", "1048569"))
}
