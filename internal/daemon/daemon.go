package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// Exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
	ExitConfig = 78 // EX_CONFIG: do not restart before the configuration is mended
)

// Service is one of ours.
type Service interface {
	Start() error
	Addr() string
	Stop(ctx context.Context) error
}

// Reloader is a Service that can read its configuration again while it serves.
// A Reload that fails changes nothing.
type Reloader interface {
	Reload() error
	CanReload() bool // whether there is a file to read again
}

// ErrConfig is wrapped by the errors of Start that only another configuration
// mends.
var ErrConfig = errors.New("configuration")

// Run starts a service, waits for SIGTERM or SIGINT, drains it for up to grace
// and returns the exit code. A second signal ends it at once.
//
// SIGHUP reloads a Reloader. It ends the process instead if the terminal that
// the process was started from is gone, or if there was one and there is no
// file to read again.
//
// An error that keeps a service from starting is also written to stderr if the
// log goes elsewhere.
func Run(service Service, grace time.Duration, log *zap.Logger, logPath string) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	from := startedFrom()
	hangups := make(chan os.Signal, 1) // a pending one stands for all that came
	reloader, reloads := service.(Reloader)
	if reloads {
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
	}
	if err := service.Start(); err != nil {
		if errors.Is(err, ErrConfig) {
			Complain(err)
			return ExitConfig
		}
		log.Error("cannot start", zap.Error(err))
		if logPath != Stderr {
			Complain(fmt.Errorf("cannot start: %w", err))
		}
		return ExitFailed
	}
	log.Info("serving", zap.String("address", service.Addr()))
	log.Info("draining", zap.Stringer("signal", serve(signals, hangups, from, reloader, log)), zap.Duration("grace", grace))
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	go func() {
		select {
		case s := <-signals:
			log.Warn("ending at once", zap.Stringer("signal", s))
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := service.Stop(ctx); err != nil {
		log.Error("ended before everything had finished", zap.Error(err))
		return ExitFailed
	}
	log.Info("ended")
	return ExitOK
}

// Complain writes to stderr, in one line for a reader, what is wrong with the
// command line or the configuration. The format of the log makes no difference.
func Complain(err error) {
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	fmt.Fprintf(os.Stderr, "%s: %s\n", filepath.Base(os.Args[0]), text)
}

// serve reloads at each hang-up. It returns the first signal that ends the
// process.
func serve(end, hangups <-chan os.Signal, from terminal, reloader Reloader, log *zap.Logger) os.Signal {
	for {
		select {
		case s := <-end:
			return s
		case s := <-hangups:
			if from.ends(reloader.CanReload()) {
				return s
			}
			if err := reloader.Reload(); err != nil {
				log.Error("not reloaded, everything stays as it was", zap.Error(err))
			} else {
				log.Info("reloaded")
			}
		}
	}
}
