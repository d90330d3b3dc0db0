// The smallest action of kind go:1: the server compiles it. A program's own
// main is not needed.
package main

import "fmt"

// Request is the arguments.
type Request struct {
	Name string `json:"name"`
}

// Main answers one activation.
func Main(in Request) map[string]string {
	if in.Name == "" {
		in.Name = "stranger"
	}
	fmt.Println("greeting", in.Name)
	return map[string]string{"greeting": "Hello, " + in.Name + "!"}
}
