package servermode_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/whiskaway/whiskaway/servermode"
)

// This is a server within your own program. Its functions' processes are started by
// that program: see the package's comment.
func Example() {
	state, err := os.MkdirTemp("", "whiskaway-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(state)
	if err := os.Chmod(state, 0o711); err != nil { // functions run as users of their own
		panic(err)
	}
	server := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: state})
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Stop(context.Background())
	resp, err := http.Get("http://" + server.Addr() + "/healthz")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}
