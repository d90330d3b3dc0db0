package artifact_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

func TestUnpack_KeepsLinksThatLeadAnywhere(t *testing.T) {
	for format, data := range both(t,
		entry{name: "virtualenv/bin/python", link: "/usr/local/bin/python"},
		entry{name: "virtualenv/bin/python3", link: "python"},
		entry{name: "out", link: "../victim"}, entry{name: "in and out", link: "../root/file"},
		entry{name: "a/up", link: ".."}, entry{name: "chain", link: "a/up/../victim"},
		entry{name: "itself", link: "itself"}, entry{name: "file", text: "text"},
	) {
		t.Run(format, func(t *testing.T) {
			dir, err := unpack(t, data, limits)
			require.NoError(t, err)
			for name, target := range map[string]string{
				"virtualenv/bin/python": "/usr/local/bin/python", "virtualenv/bin/python3": "python", "out": "../victim",
				"in and out": "../root/file", "a/up": "..", "chain": "a/up/../victim", "itself": "itself",
			} {
				got, err := os.Readlink(filepath.Join(dir, name))
				require.NoError(t, err)
				assert.Equal(t, target, got)
			}
		})
	}
}

// evil is an absolute path in a folder of its own that no entry may reach.
func evil(t *testing.T) (outside string) {
	t.Helper()
	outside = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "victim"), []byte("safe"), 0o644))
	return outside
}

func TestUnpack_WritesThroughNoLinkThatLeadsOut(t *testing.T) {
	for name, c := range map[string]struct{ links, through []entry }{
		"file, relative":          {[]entry{{name: "l", link: "../victim"}}, []entry{{name: "l", text: "evil"}}},
		"file, absolute":          {[]entry{{name: "l", link: "OUTSIDE/victim"}}, []entry{{name: "l", text: "evil"}}},
		"new file, absolute":      {[]entry{{name: "l", link: "OUTSIDE/new"}}, []entry{{name: "l", text: "evil"}}},
		"below, relative":         {[]entry{{name: "l", link: ".."}}, []entry{{name: "l/victim", text: "evil"}}},
		"below, absolute":         {[]entry{{name: "l", link: "OUTSIDE"}}, []entry{{name: "l/victim", text: "evil"}}},
		"folder below, relative":  {[]entry{{name: "l", link: ".."}}, []entry{{name: "l/new/", mode: fs.ModeDir | 0o755}}},
		"folder below, absolute":  {[]entry{{name: "l", link: "OUTSIDE"}}, []entry{{name: "l/new/x", text: "evil"}}},
		"link below, absolute":    {[]entry{{name: "l", link: "OUTSIDE"}}, []entry{{name: "l/new", link: "victim"}}},
		"by a chain":              {[]entry{{name: "a/b", link: ".."}, {name: "c", link: "a/b/../victim"}}, []entry{{name: "c", text: "evil"}}},
		"by a chain, absolute":    {[]entry{{name: "a", link: "OUTSIDE"}, {name: "b", link: "a"}}, []entry{{name: "b/victim", text: "evil"}}},
		"the folder's own name":   {[]entry{{name: "l", link: "../root"}}, []entry{{name: "l/x", text: "evil"}}},
		"as Windows writes names": {[]entry{{name: "l", link: "OUTSIDE"}}, []entry{{name: `l\victim`, text: "evil"}}},
	} {
		outside := evil(t)
		for i, e := range c.links {
			if len(e.link) > 6 && e.link[:7] == "OUTSIDE" {
				c.links[i].link = outside + e.link[7:]
			}
		}
		for format, data := range both(t, append(c.links, c.through...)...) {
			t.Run(name+"/"+format, func(t *testing.T) {
				_, err := unpack(t, data, limits)
				require.ErrorIs(t, err, artifact.ErrArchive)
				assert.ErrorContains(t, err, "it lies behind the link")
				entries, err := os.ReadDir(outside)
				require.NoError(t, err)
				require.Len(t, entries, 1)
				victim, err := os.ReadFile(filepath.Join(outside, "victim"))
				require.NoError(t, err)
				assert.Equal(t, "safe", string(victim))
			})
		}
	}
}
