package conformance

var goCode = actionCode{
	echo: `package main

import "encoding/json"

func Main(args json.RawMessage) json.RawMessage { return args }
`,
	niam: `package main

import "encoding/json"

func Niam(args json.RawMessage) json.RawMessage { return args }
`,
	logs: `package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func Main(args json.RawMessage) json.RawMessage {
	fmt.Println("hello stdout")
	fmt.Fprintln(os.Stderr, "hello stderr")
	return args
}
`,
	winter: `package main

import "fmt"

func Main(args map[string]any) map[string]any {
	text := fmt.Sprint(args["delimiter"], " ☃ ", args["delimiter"])
	fmt.Println(text)
	return map[string]any{"winter": text}
}
`,
	give: `package main

func Main(args map[string]any) any { return args["result"] }
`,
	environ: `package main

import "os"

var some, empty = variable("SOME_VAR"), variable("EMPTY_VAR")

func variable(name string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return "unset"
}

func Main() map[string]any { return map[string]any{"SOME_VAR": some, "EMPTY_VAR": empty} }
`,
	context: `package main

import (
	"os"
	"strings"
)

var names = []string{"api_host", "operator", "namespace", "action_name", "action_version",
	"activation_id", "transaction_id", "deadline", "api_key"}

func Main() map[string]any {
	out := map[string]any{}
	for _, name := range names {
		out[name] = nil
		if value, ok := os.LookupEnv("__OW_" + strings.ToUpper(name)); ok {
			out[name] = value
		}
	}
	return out
}
`,
	noisy: `package main

import (
	"fmt"
	"os"
	"strings"
)

func Main() {
	for name, stream := range map[string]*os.File{"stdout": os.Stdout, "stderr": os.Stderr} {
		for range 2500 {
			fmt.Fprintln(stream, strings.Repeat("o", 79))
		}
		fmt.Fprintln(stream, "end of "+name)
	}
}
`,
	openEnded: `package main

import (
	"fmt"
	"os"
)

func Main() {
	fmt.Fprint(os.Stdout, "no newline")
	fmt.Fprint(os.Stderr, "no newline")
}
`,
	mortal: `package main

import (
	"fmt"
	"os"
)

func Main(args map[string]any) map[string]any {
	if _, ok := args["die"]; ok {
		fmt.Println("last words")
		os.Exit(3)
	}
	return args
}
`,
	slow: `package main

import (
	"crypto/rand"
	"fmt"
	"time"
)

func Main(args map[string]any) map[string]any {
	fmt.Println("once")
	time.Sleep(time.Second)
	return map[string]any{"nonce": rand.Text(), "value": args}
}
`,
	broken: `package main

func Main(args map[string]any) map[string]any { return
`,
	archived: "action.go",
}
