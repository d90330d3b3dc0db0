package clientmode_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/clientmode"
)

// A client container within a program. A run before its init is refused as a runtime
// of the platform refuses it.
func Example() {
	client := clientmode.New(clientmode.Config{
		Listen: "127.0.0.1:0", Upstream: "http://127.0.0.1:9000", Kind: "python:3",
		Stdout: io.Discard, Stderr: io.Discard,
	})
	if err := client.Start(); err != nil {
		panic(err)
	}
	defer client.Stop(context.Background())
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Post("http://"+client.Addr()+"/run", "application/json", strings.NewReader(`{"value": {}}`))
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.Status, string(body))
	// Output: 500 Internal Server Error {"error":"no action defined yet"}
}
