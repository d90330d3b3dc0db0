package session

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Action is code to initialise a container with. An empty Main means "main".
type Action struct {
	Code   string
	Binary bool
	Main   string
	Env    map[string]string
}

// Source returns code given as text.
func Source(text string) Action { return Action{Code: text} }

// initValue is the member "value" of /init's body.
type initValue struct {
	Name   string            `json:"name"`
	Main   string            `json:"main"`
	Binary bool              `json:"binary"`
	Code   string            `json:"code,omitempty"`
	Env    map[string]string `json:"env"` // null when there is none, as the suites send it
}

// InitBody returns the body of /init.
func InitBody(code Action) []byte {
	value := initValue{Name: "conformance", Main: cmp.Or(code.Main, "main"), Binary: code.Binary, Env: code.Env}
	if !code.Binary {
		value.Code = code.Code
	}
	body := Encode(map[string]initValue{"value": value})
	if !code.Binary {
		return body
	}
	// Base64 needs no escaping, and there may be 48 MiB of it.
	const start = `{"value":{`
	return slices.Concat([]byte(start+`"code":"`), []byte(code.Code), []byte(`",`), body[len(start):])
}

// Activation is the body of /run. The native actions depend on the order of its
// first two fields.
type Activation struct {
	Value         json.RawMessage `json:"value"`
	Namespace     string          `json:"namespace"`
	ActionName    string          `json:"action_name"`
	ActionVersion string          `json:"action_version"`
	ActivationID  string          `json:"activation_id"`
	TransactionID string          `json:"transaction_id"`
	Deadline      string          `json:"deadline"`
	APIKey        string          `json:"api_key"`
}

// NewActivation returns an activation as the platform fills it in.
func NewActivation(argument string) Activation {
	return Activation{
		Value:         json.RawMessage(argument),
		Namespace:     "guest",
		ActionName:    "/guest/samples/conformance",
		ActionVersion: "0.0.1",
		ActivationID:  RandomID(),
		TransactionID: RandomID(),
		Deadline:      strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10),
		APIKey:        "23bc46b1:123zO3xZCLrMN6v2",
	}
}

// Body returns the body of /run.
func (a Activation) Body() []byte { return Encode(a) }

// RandomID returns 32 hexadecimal digits, as in the platform's ids.
func RandomID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// Encode returns JSON that leaves <, > and & as they are, as the invoker does.
func Encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a body of ours that is no JSON is a bug of the case
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
