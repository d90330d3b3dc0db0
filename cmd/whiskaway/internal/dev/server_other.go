//go:build !linux

package dev

import (
	"context"
	"errors"
	"time"
)

// localServer is what there is on Linux only.
type localServer struct{}

func startServer(string, time.Duration) (*localServer, error) {
	return nil, errors.New("a server of functions runs on Linux only; --server names one elsewhere")
}

func (*localServer) url() string { return "" }

func (*localServer) stop(context.Context) error { return nil }
