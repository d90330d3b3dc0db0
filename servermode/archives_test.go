package servermode_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestServer_LimitsOfArchivesAreTheOwners(t *testing.T) {
	harness.Needs(t, "python3")
	files := map[string]string{"__main__.py": "def main(args):\n    return {'ok': 1}\n"}
	for i := range 9 {
		files[fmt.Sprintf("node_modules/%d.js", i)] = "// 12345678"
	}
	f := newTarget("python:3", harness.Zip(t, files), nil)
	f.spec.Binary = true
	for name, c := range map[string]struct {
		cfg   servermode.Config
		words string
	}{
		"files": {servermode.Config{MaxUnpackedFiles: 10}, "it has more than 10 files and folders, the most that this server takes (--max-unpacked-files)"},
		"bytes": {servermode.Config{MaxUnpacked: 100}, "it unpacks to more than 100 bytes, the most that this server takes (--max-unpacked)"},
		"just":  {servermode.Config{MaxUnpackedFiles: 11, MaxUnpacked: 150}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newRig(t, c.cfg).init(f)
			if c.words == "" {
				require.Equal(t, http.StatusOK, a.status, a.body)
				return
			}
			assert.Equal(t, http.StatusBadGateway, a.status)
			assert.Contains(t, a.body, c.words)
		})
	}
}
