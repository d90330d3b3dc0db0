package main

// settings is what a result was measured with, in the report.
type settings struct {
	Targets     []string `json:"targets"`
	Functions   int      `json:"functions"`
	Concurrency int      `json:"concurrency"` // runs at once in a container
	Action      string   `json:"action"`      // file, or the kind of the built-in echo; empty: not initialised here
	Payload     int      `json:"payload_bytes"`
	Value       string   `json:"value,omitempty"`
	Check       string   `json:"check"`
	Callers     int      `json:"callers,omitempty"`
	Arrivals    string   `json:"arrivals,omitempty"`
	Rate        float64  `json:"rate_per_s,omitempty"`
	On          float64  `json:"on_s,omitempty"`
	Off         float64  `json:"off_s,omitempty"`
	Trace       string   `json:"trace,omitempty"`
	Seed        uint64   `json:"seed,omitempty"`
	InFlight    int      `json:"in_flight,omitempty"`
	For         float64  `json:"for_s,omitempty"`
	Runs        int64    `json:"runs,omitempty"`
	Warmup      float64  `json:"warmup_s"`
	Limit       float64  `json:"limit_s"`
	KeepAlive   bool     `json:"keep_alive"`
}
