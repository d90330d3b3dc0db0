package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// bar shows on stderr how far the load is, on a terminal only: elsewhere it
// would fill a log. It counts runs if their number is known, and else tenths of
// seconds. Without either it only turns.
type bar struct {
	*progressbar.ProgressBar
	begin  time.Time
	length time.Duration // 0: by runs
	steps  int64
}

const barStep = 100 * time.Millisecond

func newBar(p load.Plan) *bar {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	b := &bar{begin: time.Now(), steps: -1}
	switch {
	case p.Runs > 0:
		b.steps = p.Runs
	case p.For > 0:
		b.length = p.Warmup + p.For
		b.steps = int64(b.length / barStep)
	}
	b.ProgressBar = progressbar.NewOptions64(b.steps, progressbar.OptionSetVisibility(terminal), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetWidth(40), progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
	return b
}

func (b *bar) show(ended int64) {
	b.Describe(fmt.Sprintf("%d runs", ended))
	at := ended
	if b.length > 0 {
		at = int64(time.Since(b.begin) / barStep)
	}
	if b.steps > 0 {
		at = min(at, b.steps)
	}
	_ = b.Set64(at)
}

func (b *bar) end() { _ = b.Finish() }
