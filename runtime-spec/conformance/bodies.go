package conformance

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// action is code to initialise a container with. An empty main is "main".
type action struct {
	code   string
	binary bool
	main   string
	env    map[string]string
}

// initValue is what stands under "value" in the body of /init.
type initValue struct {
	Name   string            `json:"name"`
	Main   string            `json:"main"`
	Binary bool              `json:"binary"`
	Code   string            `json:"code,omitempty"`
	Env    map[string]string `json:"env"` // null when there is none, as the suites send it
}

func initBody(code action) []byte {
	main := code.main
	if main == "" {
		main = "main"
	}
	value := initValue{Name: "conformance", Main: main, Binary: code.binary, Env: code.env}
	if !code.binary {
		value.Code = code.code
	}
	body := encode(map[string]initValue{"value": value})
	if !code.binary {
		return body
	}
	// Base64 needs no escaping, and there may be 48 MiB of it.
	const start = `{"value":{`
	return slices.Concat([]byte(start+`"code":"`), []byte(code.code), []byte(`",`), body[len(start):])
}

// activation is the body of /run. The native actions rely on the order of
// the first two fields.
type activation struct {
	Value         json.RawMessage `json:"value"`
	Namespace     string          `json:"namespace"`
	ActionName    string          `json:"action_name"`
	ActionVersion string          `json:"action_version"`
	ActivationID  string          `json:"activation_id"`
	TransactionID string          `json:"transaction_id"`
	Deadline      string          `json:"deadline"`
	APIKey        string          `json:"api_key"`
}

func newActivation(argument string) activation {
	return activation{
		Value:         json.RawMessage(argument),
		Namespace:     "guest",
		ActionName:    "/guest/samples/conformance",
		ActionVersion: "0.0.1",
		ActivationID:  randomID(),
		TransactionID: randomID(),
		Deadline:      strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10),
		APIKey:        "23bc46b1:123zO3xZCLrMN6v2",
	}
}

func (a activation) body() []byte { return encode(a) }

// randomID is 32 hexadecimal digits, as the platform's ids are.
func randomID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// encode leaves <, > and & as they are, as the invoker does.
func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a body of our own that is no JSON is a bug of the case
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
