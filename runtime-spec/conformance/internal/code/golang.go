package code

var goCode = Code{
	Echo: `package main

import "encoding/json"

func Main(args json.RawMessage) json.RawMessage { return args }
`,
	Niam: `package main

import "encoding/json"

func Niam(args json.RawMessage) json.RawMessage { return args }
`,
	Logs: `package main

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
	Winter: `package main

import "fmt"

func Main(args map[string]any) map[string]any {
	text := fmt.Sprint(args["delimiter"], " ☃ ", args["delimiter"])
	fmt.Println(text)
	return map[string]any{"winter": text}
}
`,
	Give: `package main

func Main(args map[string]any) any { return args["result"] }
`,
	Environ: `package main

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
	Context: `package main

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
	Noisy: `package main

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
	OpenEnded: `package main

import (
	"fmt"
	"os"
)

func Main() {
	fmt.Fprint(os.Stdout, "no newline")
	fmt.Fprint(os.Stderr, "no newline")
}
`,
	Mortal: `package main

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
	Slow: `package main

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
	Broken: `package main

func Main(args map[string]any) map[string]any { return
`,
	Archived: "action.go",
}
