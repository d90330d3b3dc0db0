package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServerURL_OneFormEverywhere(t *testing.T) {
	for address, want := range map[string]string{
		"":                     DefaultServer,
		"gpu-1":                "http://gpu-1:9000",
		" gpu-1 ":              "http://gpu-1:9000",
		"gpu-1:9443":           "http://gpu-1:9443",
		"http://gpu-1:9000":    "http://gpu-1:9000",
		"http://gpu-1:9000/":   "http://gpu-1:9000",
		"https://gpu.example":  "https://gpu.example",
		"10.0.0.7":             "http://10.0.0.7:9000",
		"::1":                  "http://[::1]:9000",
		"[::1]":                "http://[::1]:9000",
		"[::1]:9":              "http://[::1]:9",
		"https://[fe80::1]:90": "https://[fe80::1]:90",
	} {
		got, err := URL(address, DefaultServer)
		require.NoError(t, err, address)
		assert.Equal(t, want, got, address)
	}
	for _, address := range []string{"ftp://gpu-1", "http://gpu-1:9000/path", "gpu-1/path", "http://", "a b", "http://u:p@gpu-1", "gpu-1:port", "x\x7f"} {
		_, err := URL(address, DefaultServer)
		assert.ErrorContains(t, err, "want HOST, HOST:PORT", address)
	}
	got, err := URL("lb", DefaultBalancer)
	require.NoError(t, err)
	assert.Equal(t, "http://lb:18080", got, "a balancer's usual port is another")
}
