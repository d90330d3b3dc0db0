package autoscale

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestState_EveryTransition(t *testing.T) {
	all := []state{watching, growing, draining, ending, cooling}
	may := map[state][]state{
		watching: {growing, draining}, growing: {cooling}, draining: {ending, cooling}, ending: {cooling}, cooling: {watching},
	}
	for _, from := range all {
		for _, to := range all {
			assert.Equal(t, slices.Contains(may[from], to), transition(from, to), "%v to %v", from, to)
		}
	}
}
