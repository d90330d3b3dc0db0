package function

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestState_EveryEdge(t *testing.T) {
	allowed := map[State]map[State]bool{
		Cold:     {Cold: true, Starting: true, Draining: true},
		Starting: {Starting: true, Ready: true, Cold: true, Draining: true},
		Ready:    {Ready: true, Cold: true, Draining: true},
		Draining: {Draining: true, Gone: true},
		Gone:     {Gone: true},
	}
	for from := Cold; from <= Gone; from++ {
		for to := Cold; to <= Gone; to++ {
			if allowed[from][to] {
				assert.Equal(t, to, from.transition(to), "%s → %s", from, to)
			} else {
				assert.Panics(t, func() { from.transition(to) }, "%s → %s", from, to)
			}
		}
	}
}
