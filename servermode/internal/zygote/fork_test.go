package zygote_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParent_ForksAFunction(t *testing.T) {
	r := newRig(t).open()
	f := r.action("import os\ndef main(args):\n    print('seen')\n    return {'a': args, 'env': os.environ['MINE'], 'parent': os.getppid()}", "MINE=one")
	got := answer[map[string]any](t, f.forked(), `{"n":1}`)
	assert.Equal(t, map[string]any{"n": 1.0}, got["a"])
	assert.Equal(t, "one", got["env"])
	assert.EqualValues(t, r.PID(), got["parent"])
}
