package dev

import (
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/servermode"
)

// codeCache bounds the saved versions that the local server keeps on disk, in
// bytes.
const codeCache = 256 << 20

// localServer is a server within this process. The next one finds what it has
// built.
type localServer struct {
	server *servermode.Server
	state  *stateDir
}

func startServer(python string, limit time.Duration) (s *localServer, err error) {
	state, err := openStateDir()
	if err != nil {
		return nil, err
	}
	s = &localServer{state: state, server: servermode.New(servermode.Config{
		Listen: "127.0.0.1:0", StateDir: state.dir, Python: python, CodeCache: codeCache,
		InitTimeout: limit, RunTimeout: limit, AdoptOrphans: true,
	})}
	if err := s.server.Start(); err != nil {
		return nil, errors.Join(err, state.close())
	}
	return s, nil
}

func (s *localServer) url() string { return "http://" + s.server.Addr() }

func (s *localServer) stop(ctx context.Context) error {
	return errors.Join(s.server.Stop(ctx), s.state.close())
}
