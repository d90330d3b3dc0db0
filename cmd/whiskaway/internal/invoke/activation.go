package invoke

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/invoker"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
)

// Statuses of an activation, in the platform's words.
const (
	statusSuccess     = "success"
	statusApplication = "application error"
	statusFailed      = "action developer error"
)

// statusOf returns an activation's status as the platform would record it.
func statusOf(r invoker.Reply) string {
	var object struct{ Error json.RawMessage }
	switch {
	case r.Failed():
		return statusFailed
	case json.Unmarshal(r.Body, &object) == nil && object.Error != nil:
		return statusApplication
	}
	return statusSuccess
}

// activationRecord is an activation in the platform's JSON.
type activationRecord struct {
	ActivationID string   `json:"activationId"`
	Name         string   `json:"name"`
	Start        int64    `json:"start"`    // milliseconds since 1970
	Duration     int64    `json:"duration"` // milliseconds
	Logs         []string `json:"logs"`
	Response     struct {
		Status  string          `json:"status"`
		Success bool            `json:"success"`
		Result  json.RawMessage `json:"result"`
	} `json:"response"`
}

// activationView shows the activations of an action: logs on stderr as they
// come, results on stdout.
type activationView struct {
	term *output.Terminal
	name string
	json bool
	*output.LogView

	mu   sync.Mutex // guards what follows
	logs []string   // of the current activation
}

func newActivationView(name string, json bool) *activationView {
	term := output.NewTerminal(os.Stderr)
	return &activationView{term: term, name: name, json: json, LogView: output.NewLogView(term, "")}
}

// begin labels the logs that follow.
func (v *activationView) begin(label string) {
	v.SetLabel(label)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.logs = nil
}

// stream returns the writer for one of the container's streams. It keeps the
// lines if they are to be printed with the result.
func (v *activationView) stream(name string) io.Writer {
	shown := v.LogView.Stream(name)
	if !v.json {
		return shown
	}
	kept := &output.LineWriter{Show: func(line []byte) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.logs = append(v.logs, fmt.Sprintf("%s %s: %s", time.Now().UTC().Format(time.RFC3339Nano), name, line))
	}}
	return io.MultiWriter(kept, shown)
}

// record prints an activation on stdout.
func (v *activationView) record(r invoker.Reply) error {
	if !v.json {
		return v.print(r)
	}
	v.mu.Lock()
	out := activationRecord{
		ActivationID: r.Activation, Name: v.name, Start: time.Now().Add(-r.Took).UnixMilli(), Duration: r.Took.Milliseconds(),
		Logs: append([]string{}, v.logs...),
	}
	v.mu.Unlock()
	out.Response.Status = statusOf(r)
	out.Response.Success = out.Response.Status == statusSuccess
	if out.Response.Result = r.Body; !json.Valid(r.Body) {
		out.Response.Result, _ = json.Marshal(string(r.Body))
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// print prints the result alone. A failed init has none.
func (v *activationView) print(r invoker.Reply) error {
	if r.OfInit {
		return nil
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, r.Body, "", "  ") != nil {
		pretty.Reset()
		pretty.Write(r.Body)
	}
	_, err := fmt.Println(pretty.String())
	return err
}
