package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const description = `Play OpenWhisk's invoker against client containers or other runtimes: init them, send runs, check every answer, measure.

With --callers each caller waits for its answer before it sends again (closed loop). With --rate or --trace runs are sent when they are due, whatever becomes of those before, and latency is measured from then (open loop).

A container holds one action. N targets hold N distinct actions, or fewer with --functions: then several hold the same.`

type flags struct {
	Target      []string          `short:"t" required:"" sep:"none" placeholder:"http://HOST:PORT" help:"A container; again for each further one."`
	Action      string            `type:"existingfile" placeholder:"FILE" help:"The action: source, script, program or archive. [an echo, by --kind]"`
	Kind        string            `enum:"python:3,nodejs:default,native" default:"python:3" help:"What the built-in echo is made for: ${enum}."`
	Main        string            `default:"main" help:"The function to call."`
	Env         map[string]string `short:"e" placeholder:"NAME=VALUE" mapsep:"none" help:"An init parameter."`
	Init        bool              `default:"true" negatable:"" help:"Init the containers first; --no-init: they were already."`
	Concurrency int               `default:"1" placeholder:"N" help:"Runs at once in one container, as the action's limit of that name; more than 1 needs __OW_ALLOW_CONCURRENT=true in the container. Further runs wait."`
	Functions   int               `placeholder:"N" help:"So many distinct actions, the targets get them in turn; at most one for each target. [one for each]"`

	Payload size   `default:"12B" help:"Size of the value that each run sends, from 12B on: such as 100KB (1000 bytes each) or 1MiB (1024²)."`
	Value   string `placeholder:"JSON" help:"The object that all runs send, in place of --payload."`
	Check   string `enum:"echo,ok" default:"echo" help:"The right answer: echo, the value that was sent; ok, any object with the status 200."`

	Callers  int           `placeholder:"N" help:"Closed loop: so many runs at any time. [1]"`
	Rate     float64       `placeholder:"N" help:"Open loop: runs per second, on average."`
	Arrivals string        `enum:",constant,poisson,bursty,trace" default:"" placeholder:"HOW" help:"Open loop: constant, poisson, bursty or trace. [poisson with --rate, trace with --trace]"`
	On       time.Duration `default:"100ms" help:"How long a burst lasts."`
	Off      time.Duration `default:"900ms" help:"How long there is none."`
	Trace    string        `type:"existingfile" placeholder:"FILE" help:"When runs are due, one a line: in seconds or with a unit (1250ms), then perhaps a comma and the number of a function, from 0."`
	InFlight int           `default:"1024" help:"Open loop: at most so many runs at once, with those that wait for a container; further ones are not sent and have failed."`

	For    time.Duration  `help:"How long to measure. [10s; with --runs or --trace until they end]"`
	Runs   int64          `placeholder:"N" help:"How many runs to measure."`
	Warmup *time.Duration `help:"How long to send before anything is measured. [1s; 0s with --trace]"`
	Limit  time.Duration  `default:"60s" help:"Time for each run."`
	Seed   uint64         `default:"1" help:"The same seed gives the same arrivals."`

	KeepAlive bool `default:"true" negatable:"" help:"Keep connections; --no-keep-alive: a new one for each run, as from OpenWhisk's invoker."`

	Out           string `type:"path" placeholder:"FILE" help:"File for the result, JSON. [stdout]"`
	AllowFailures bool   `help:"Exit with 0 even if runs failed."`
}

// size is a number of bytes.
type size int

var units = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"KB", 1e3}, {"MB", 1e6}, {"B", 1}}

// UnmarshalText reads a size with its unit.
func (s *size) UnmarshalText(text []byte) error {
	for _, unit := range units {
		if number, ok := strings.CutSuffix(string(text), unit.name); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err == nil && n >= 0 && n*unit.bytes <= maxPayload {
				*s = size(n * unit.bytes)
				return nil
			}
		}
	}
	return fmt.Errorf("%q is no size such as 12B, 100KB or 1MiB, up to 48MiB", text)
}

// maxPayload is more than any runtime takes, in bytes.
const maxPayload = 48 << 20
