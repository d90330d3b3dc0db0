package loadbalancer_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/whiskaway/whiskaway/loadbalancer"
)

// A balancer before two servers, which need not be there yet.
func Example() {
	state, err := os.MkdirTemp("", "whiskaway-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(state)
	balancer := loadbalancer.New(loadbalancer.Config{
		Listen: "127.0.0.1:0", StateDir: state,
		Servers: []string{"http://127.0.0.1:1", "http://127.0.0.1:2"},
	})
	if err := balancer.Start(); err != nil {
		panic(err)
	}
	defer balancer.Stop(context.Background())
	fmt.Println("clients' upstream: http://" + balancer.Addr()[:len("127.0.0.1:")] + "…")
	// Output: clients' upstream: http://127.0.0.1:…
}

// What only another configuration mends is told apart from what a restart may mend.
func ExampleErrConfig() {
	err := loadbalancer.New(loadbalancer.Config{Listen: "0.0.0.0:0", Servers: []string{"http://gpu-1:9000"}, StateDir: "state"}).Start()
	fmt.Println(errors.Is(err, loadbalancer.ErrConfig))
	fmt.Println(err)
	// Output:
	// true
	// configuration: listening on 0.0.0.0:0 lets others run code on the servers; set --token-file, or listen on 127.0.0.1
}
