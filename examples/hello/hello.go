// Command hello is an action of kind native, built beforehand: it reads a line
// of JSON for each activation from stdin and answers with one on descriptor 3.
// Stdout and stderr are the activation's log.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	results := os.NewFile(3, "results")
	if os.Getenv("__OW_WAIT_FOR_ACK") != "" {
		fmt.Fprintln(results, `{"ok":true}`)
	}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = answer(results, line)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "hello:", err)
			os.Exit(1)
		}
	}
}

func answer(results io.Writer, line []byte) error {
	var activation struct {
		Value struct{ Name string }
	}
	if err := json.Unmarshal(line, &activation); err != nil {
		return json.NewEncoder(results).Encode(map[string]string{"error": err.Error()})
	}
	name := activation.Value.Name
	if name == "" {
		name = "stranger"
	}
	fmt.Println("greeting", name)
	return json.NewEncoder(results).Encode(map[string]string{"greeting": "Hello, " + name + "!"})
}
