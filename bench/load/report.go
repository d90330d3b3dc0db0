package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// report is the result as JSON.
type report struct {
	Settings       settings         `json:"settings"`
	Answered       int64            `json:"answered"`
	Failed         int64            `json:"failed"`
	Dropped        int64            `json:"dropped"` // of the failed
	WarmupAnswered int64            `json:"warmup_answered"`
	WarmupFailed   int64            `json:"warmup_failed"`
	Errors         map[string]int64 `json:"errors"`
	Elapsed        float64          `json:"elapsed_s"`
	Rate           float64          `json:"answered_per_s"`
	Latency        *times           `json:"latency_us"`       // from when a run was due; the sum of what follows
	Lag            *times           `json:"lag_us,omitempty"` // open loop: how late the generator itself was
	Wait           *times           `json:"wait_us"`          // until a container was free
	Service        *times           `json:"service_us"`       // from when it was sent
}

// times is a distribution in microseconds.
type times struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
	// Distribution has the fraction of runs that took at most so long.
	Distribution []point `json:"distribution"`
	// Histogram is of nanoseconds, HdrHistogram's V2 compressed encoding in base64.
	Histogram string `json:"histogram"`
}

type point struct {
	Fraction float64 `json:"fraction"`
	Time     float64 `json:"us"`
}

func newReport(s settings, r load.Result) report {
	return report{
		Settings: s, Answered: r.Answered, Failed: r.Failed, Dropped: r.Dropped, WarmupAnswered: r.WarmupAnswered, WarmupFailed: r.WarmupFailed,
		Errors: r.Errors, Elapsed: r.Elapsed.Seconds(), Rate: r.Rate(),
		Latency: newTimes(r.Latency), Lag: newTimes(r.Lag), Wait: newTimes(r.Wait), Service: newTimes(r.Service),
	}
}

func newTimes(h *hdrhistogram.Histogram) *times {
	if h == nil {
		return nil
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	t := &times{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e3, Mean: h.Mean() / 1e3}
	for _, b := range h.CumulativeDistribution() {
		t.Distribution = append(t.Distribution, point{b.Quantile / 100, float64(b.ValueAt) / 1e3})
	}
	if encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase); err == nil {
		t.Histogram = string(encoded)
	}
	return t
}

// write writes JSON to a file, or to stdout if none is named.
func (r report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if file == "" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// print prints the result for a reader.
func (r report) print(w io.Writer) {
	fmt.Fprintf(w, "answered %d (%.1f/s in %.1f s), failed %d", r.Answered, r.Rate, r.Elapsed, r.Failed)
	if r.Dropped > 0 {
		fmt.Fprintf(w, " (%d of them not sent)", r.Dropped)
	}
	if r.WarmupFailed > 0 {
		fmt.Fprintf(w, ", failed in the warm-up %d", r.WarmupFailed)
	}
	fmt.Fprintf(w, "\n%-22s %10s %10s %10s %10s %10s %10s\n", "µs", "p50", "p90", "p99", "p99.9", "max", "mean")
	for _, row := range []struct {
		name string
		t    *times
	}{{"latency, all in all", r.Latency}, {"generator late", r.Lag}, {"waits for a container", r.Wait}, {"from when it is sent", r.Service}} {
		if t := row.t; t != nil {
			fmt.Fprintf(w, "%-22s %10.0f %10.0f %10.0f %10.0f %10.0f %10.0f\n", row.name, t.P50, t.P90, t.P99, t.P999, t.Max, t.Mean)
		}
	}
	for _, message := range slices.Sorted(maps.Keys(r.Errors)) {
		fmt.Fprintf(w, "%8d × %s\n", r.Errors[message], message)
	}
}
