package daemon

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// Exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
	ExitConfig = 78 // EX_CONFIG: do not restart until somebody has mended it
)

// Service is one of ours.
type Service interface {
	Start() error
	Addr() string
	Stop(ctx context.Context) error
}

// ErrConfig is wrapped by a Start that fails for its configuration.
var ErrConfig = errors.New("configuration")

// Run starts a service, waits for SIGTERM or SIGINT and drains it for up to
// grace; a second signal ends it at once. It returns the exit code.
func Run(service Service, grace time.Duration, log *zap.Logger) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	if err := service.Start(); err != nil {
		log.Error("cannot start", zap.Error(err))
		if errors.Is(err, ErrConfig) {
			return ExitConfig
		}
		return ExitFailed
	}
	log.Info("serving", zap.String("address", service.Addr()))
	log.Info("draining", zap.Stringer("signal", <-signals), zap.Duration("grace", grace))
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
