package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/whiskaway/whiskaway/servermode"
)

// localServer is a server within this process, with a folder that ends with it.
type localServer struct {
	server *servermode.Server
	dir    string
}

func startServer(python string, limit time.Duration) (s *localServer, err error) {
	dir, err := openDir()
	if err != nil {
		return nil, err
	}
	s = &localServer{dir: dir, server: servermode.New(servermode.Config{
		Listen: "127.0.0.1:0", StateDir: filepath.Join(dir, "state"), Python: python,
		InitTimeout: limit, RunTimeout: limit, AdoptOrphans: true,
	})}
	if err := s.server.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *localServer) url() string { return "http://" + s.server.Addr() }

func (s *localServer) stop(ctx context.Context) error {
	return errors.Join(s.server.Stop(ctx), os.RemoveAll(s.dir))
}

// openDir makes a temporary folder that any user can pass through. It is not in
// a folder of the user's own: functions may run as users who could not.
func openDir() (string, error) {
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-dev-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}
