// Command custom-policy is a load balancer with a policy of its operator's:
// hosts that are paid for anyway get the runs while one of them has a free
// slot, and rented hosts get the rest.
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:18080", "address to serve on")
	own := flag.String("own", "", "your own hosts, http://HOST:PORT, comma-separated")
	rented := flag.String("rented", "", "rented hosts, likewise")
	state := flag.String("state-dir", loadbalancer.DefaultStateDir(), "the balancer's folder")
	flag.Parse()
	log := zap.Must(zap.NewProduction())
	cfg := config(urls(*own), urls(*rented))
	cfg.Listen, cfg.StateDir, cfg.Log = *listen, *state, log
	if err := serve(cfg); err != nil {
		log.Fatal("custom-policy", zap.Error(err))
	}
}

// config returns a balancer's configuration with the policy in it. All other
// settings are fields of it.
func config(own, rented []string) loadbalancer.Config {
	return loadbalancer.Config{
		Servers: append(append([]string{}, own...), rented...),
		Policy:  "own-first", // what GET /servers and the metrics call it
		Custom:  func() policy.Policy { return newOwnFirst(rented) },
	}
}

// serve runs a balancer until this process is told to end.
func serve(cfg loadbalancer.Config) error {
	told, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := loadbalancer.New(cfg)
	if err := b.Start(); err != nil {
		return err
	}
	cfg.Log.Info("serving", zap.String("addr", b.Addr()))
	<-told.Done()
	grace, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return b.Stop(grace) // runs in flight finish
}

func urls(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
