package policy

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHealth_Transition(t *testing.T) {
	allowed := map[Health][]Health{
		Healthy:      {Ejected, Unidentified, Draining, Gone},
		Ejected:      {Probing, Unidentified, Draining, Gone},
		Probing:      {Ejected, Recovering, Unidentified, Draining, Gone},
		Recovering:   {Healthy, Ejected, Unidentified, Draining, Gone},
		Unidentified: {Recovering, Draining, Gone},
		Draining:     {Recovering, Unidentified, Gone},
		Gone:         {},
	}
	for from := Healthy; from <= Gone; from++ {
		for to := Healthy; to <= Gone; to++ {
			if slices.Contains(allowed[from], to) {
				assert.Equal(t, to, from.transition(to))
			} else {
				assert.Panics(t, func() { from.transition(to) }, "%s to %s", from, to)
			}
		}
	}
}

func TestState_Transition(t *testing.T) {
	allowed := map[State][]State{Absent: {Initialising, Ready}, Initialising: {Ready, Absent}, Ready: {Absent}}
	for from := Absent; from <= Ready; from++ {
		for to := Absent; to <= Ready; to++ {
			if slices.Contains(allowed[from], to) {
				assert.Equal(t, to, from.transition(to))
			} else {
				assert.Panics(t, func() { from.transition(to) }, "%s to %s", from, to)
			}
		}
	}
}
