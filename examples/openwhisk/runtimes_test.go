// Package openwhisk_test holds the fragment for the platform to the shape that
// the platform reads.
package openwhisk_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manifest is what the platform reads of runtimes.json.
type manifest struct {
	Runtimes map[string][]struct {
		Kind       string `json:"kind"`
		Default    *bool  `json:"default"`
		Deprecated bool   `json:"deprecated"`
		Image      struct {
			Prefix string `json:"prefix"`
			Name   string `json:"name"`
			Tag    string `json:"tag"`
		} `json:"image"`
		Attached struct {
			Name string `json:"attachmentName"`
			Type string `json:"attachmentType"`
		} `json:"attached"`
		StemCells []struct {
			InitialCount int    `json:"initialCount"`
			Memory       string `json:"memory"`
		} `json:"stemCells"`
	} `json:"runtimes"`
}

func TestRuntimes_AreAsThePlatformReadsThem(t *testing.T) {
	raw, err := os.ReadFile("runtimes.json")
	require.NoError(t, err)
	var m manifest
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&m))
	require.NotEmpty(t, m.Runtimes)
	for family, kinds := range m.Runtimes {
		for _, k := range kinds {
			assert.True(t, strings.HasPrefix(k.Kind, family+":"), "a kind is named for its family")
			require.NotNil(t, k.Default)
			assert.False(t, *k.Default, "the family's default stays the platform's own")
			assert.NotEmpty(t, k.Image.Prefix)
			assert.NotEmpty(t, k.Image.Name)
			assert.NotEmpty(t, k.Image.Tag)
			assert.Equal(t, "codefile", k.Attached.Name)
			assert.Equal(t, "text/plain", k.Attached.Type)
			require.NotEmpty(t, k.StemCells)
			for _, cell := range k.StemCells {
				assert.Positive(t, cell.InitialCount)
				assert.Regexp(t, `^[1-9][0-9]* MB$`, cell.Memory)
			}
		}
	}
}

// The README's commands name what the fragment names.
func TestReadme_BuildsTheImageThatTheFragmentNames(t *testing.T) {
	raw, err := os.ReadFile("runtimes.json")
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var m manifest
	require.NoError(t, json.Unmarshal(raw, &m))
	for _, kinds := range m.Runtimes {
		for _, k := range kinds {
			image := k.Image.Prefix + "/" + k.Image.Name
			assert.Contains(t, string(readme), "--build-arg KIND="+k.Kind+" -t "+image+" .")
			assert.Contains(t, string(readme), "-t "+image+":"+k.Image.Tag+" site")
			assert.Contains(t, string(readme), "--kind "+k.Kind)
			assert.Contains(t, string(readme), "--docker "+image+":"+k.Image.Tag)
		}
	}
}
