package dev

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a run may have may be posted to dev: a photo, not a film.
func TestArguments_AreAsLargeAsARunsMayBe(t *testing.T) {
	post := func(size int) (any, error) {
		body := `{"image":"` + strings.Repeat("x", size) + `"}`
		return arguments(httptest.NewRecorder(), httptest.NewRequest("POST", "/", bytes.NewReader([]byte(body))))
	}
	args, err := post(30 << 20)
	require.NoError(t, err)
	image, _ := args.(map[string]any)["image"].(json.RawMessage)
	assert.Len(t, image, 30<<20+2)
	_, err = post(32 << 20)
	assert.ErrorContains(t, err, "too large")
}
