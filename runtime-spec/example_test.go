package runtimespec_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Two containers of one action arrive at the same identity, whatever the platform
// has told each: processes are shared by it.
func ExampleFunction_Identity() {
	code := runtimespec.Digest(sha256.Sum256([]byte("def main(args): return args")))
	identity := func(activation string) runtimespec.Identity {
		env := map[string]string{"MODEL": "small", "__OW_ACTIVATION_ID": activation}
		return runtimespec.Function{Kind: "python:3", Main: "main", Code: code, Env: runtimespec.MergeEnv(env, nil, nil)}.Identity()
	}
	fmt.Println(identity("1") == identity("2"))
	// Output: true
}

// An answer is frames: logs as they are written, and the result last.
func ExampleFrameReader() {
	answer := runtimespec.AppendLog(nil, runtimespec.Stdout, []byte("hello\n"))
	answer = runtimespec.AppendFrame(answer, runtimespec.Result, 200, []byte(`{"ok":true}`))
	reader := runtimespec.NewFrameReader(bytes.NewReader(answer), 1<<20)
	for {
		frame, err := reader.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			panic(err)
		}
		fmt.Println(frame.Status, string(bytes.TrimSpace(frame.Payload)))
	}
	// Output:
	// 0 hello
	// 200 {"ok":true}
}
