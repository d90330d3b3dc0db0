package build

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// standing are the users that own a cache, one each, for the shop's life.
type standing map[string]*sandbox.User

// recruit gives a job its user: one of its own, or its cache's.
func (s *Shop) recruit(j *Job, cache string) (err error) {
	if cache != "" {
		j.Cache = s.path("caches", cache)
		j.user, err = s.owner(cache)
		return err
	}
	if s.cfg.Box.Users != nil {
		j.user, err = s.cfg.Box.Users.Acquire()
	}
	return err
}

// owner returns the user of a cache, and makes the cache his at first.
func (s *Shop) owner(cache string) (*sandbox.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user, ok := s.users[cache]; ok {
		return user, nil
	}
	dir := s.path("caches", cache)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var user *sandbox.User
	if s.cfg.Box.Users != nil {
		var err error
		if user, err = s.cfg.Box.Users.Acquire(); err != nil {
			return nil, err
		}
		if err := give(dir, user); err != nil {
			s.cfg.Box.Users.Release(user)
			return nil, err
		}
	}
	if s.users == nil {
		s.users = standing{}
	}
	s.users[cache] = user
	return user, nil
}

// give makes a tree a user's: after a restart it is another's.
func give(dir string, user *sandbox.User) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(user.ID), int(user.ID))
	})
}

func (u standing) release(box *sandbox.Sandbox) {
	for _, user := range u {
		if user != nil {
			box.Users.Release(user)
		}
	}
}
