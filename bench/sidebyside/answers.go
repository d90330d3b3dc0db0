package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// answers counts the outcomes of an arm's runs, its warm-up included. Each
// answer is compared with the value that was sent.
type answers struct {
	Right    int64            `json:"right"`
	Failed   int64            `json:"failed"`
	Messages map[string]int64 `json:"messages,omitempty"`
}

func (r *results) answersOf(arm string) *answers {
	if r.Answers[arm] == nil {
		r.Answers[arm] = &answers{Messages: map[string]int64{}}
	}
	return r.Answers[arm]
}

func (r *results) count(arm string, done load.Result) {
	a := r.answersOf(arm)
	a.Right += done.Answered + done.WarmupAnswered
	for message, n := range done.Errors {
		r.fail(arm, message, n)
	}
}

func (r *results) fail(arm, message string, n int64) {
	a := r.answersOf(arm)
	a.Failed += n
	if _, known := a.Messages[message]; known || len(a.Messages) < maxMessages {
		a.Messages[message] += n
	}
}

// ownFailures returns an error if anything failed except at OpenServerless.
func (r *results) ownFailures() error {
	var err error
	for _, arm := range slices.Sorted(maps.Keys(r.Answers)) {
		if a := r.Answers[arm]; a.Failed > 0 && !strings.HasPrefix(arm, "openserverless") {
			err = errors.Join(err, fmt.Errorf("%s: %d answers were wrong or missing: %s", arms.Label(arm), a.Failed, strings.Join(slices.Sorted(maps.Keys(a.Messages)), "; ")))
		}
	}
	return err
}
