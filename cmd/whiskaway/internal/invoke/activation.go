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

// What becomes of an activation, in the platform's words.
const (
	statusSuccess     = "success"
	statusApplication = "application error"
	statusFailed      = "action developer error"
)

// outcomeOf tells them apart as the platform does.
func outcomeOf(r invoker.Reply) string {
	var object struct{ Error json.RawMessage }
	switch {
	case r.Failed():
		return statusFailed
	case json.Unmarshal(r.Body, &object) == nil && object.Error != nil:
		return statusApplication
	}
	return statusSuccess
}

// activationRecord is an activation as the platform records it.
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

// activationView shows an action's activations: logs on stderr as they come,
// results on stdout.
type activationView struct {
	term *output.Terminal
	name string
	json bool
	*output.Marks

	mu   sync.Mutex // guards what follows
	logs []string   // of the activation that goes on
}

func newActivationView(name string, json bool) *activationView {
	term := output.NewTerminal(os.Stderr)
	return &activationView{term: term, name: name, json: json, Marks: output.NewMarks(term, "")}
}

// begin says to which activation the logs belong from now on.
func (v *activationView) begin(mark string) {
	v.Set(mark)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.logs = nil
}

// stream is one of the container's streams, whose lines are kept too if they
// are to be printed with the result.
func (v *activationView) stream(name string) io.Writer {
	shown := v.Marks.Stream(name)
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

// record prints what became of an activation on stdout.
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
	out.Response.Status = outcomeOf(r)
	out.Response.Success = out.Response.Status == statusSuccess
	if out.Response.Result = r.Body; !json.Valid(r.Body) {
		out.Response.Result, _ = json.Marshal(string(r.Body))
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// print prints the result alone; of a failed init there is none.
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
