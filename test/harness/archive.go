package harness

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

// Zip returns an archive of files by name, in base64, as the platform sends it.
func Zip(t testing.TB, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// InitZip returns the invoker's init of an archive.
func InitZip(code string, env M) M {
	return M{"value": M{"name": "test", "main": "main", "binary": true, "code": code, "env": env}}
}
