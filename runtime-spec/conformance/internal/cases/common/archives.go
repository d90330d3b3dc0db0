package common

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Archives returns the cases about archives.
func Archives() []session.Spec {
	return []session.Spec{
		{ID: "archive-link-inside", Run: linkInside,
			Behaviour: `a zip with a symbolic link to a file of its own works`},
		{ID: "archive-corrupt", Run: corruptArchive, Own: true,
			Behaviour: `data that starts like a zip and is none → 502, one sentinel each`},
		{ID: "archive-empty", Run: emptyArchive, Own: true,
			Behaviour: `a zip without a file → not 200, the error or the log says that it is empty`},
		{ID: "archive-climbs-out", Run: climbsOut, Own: true,
			Behaviour: `a zip entry "../…" is refused by name; nothing is written outside`},
		{ID: "archive-absolute", Run: absoluteName, Own: true,
			Behaviour: `a zip entry with an absolute name is not written there`},
		{ID: "archive-link-absolute", Run: linkKept(archive.Zip, "/usr/local/bin/python"),
			Behaviour: `a zip with a symbolic link to an absolute path, as a virtual environment has, works`},
		{ID: "archive-link-absolute-tar", Run: linkKept(archive.Tar, "/usr/local/bin/python"), Own: true,
			Behaviour: `a tar.gz with such a link works`},
		{ID: "archive-link-outside", Run: linkKept(archive.Zip, toTheRoot+"etc"), Own: true,
			Behaviour: `a zip with a relative link that leads out of it works`},
		{ID: "archive-through-link", Run: throughLink(toTheRoot), Own: true,
			Behaviour: `an entry that goes through a link out of the archive is refused; nothing is written outside`},
		{ID: "archive-through-absolute-link", Run: throughLink("/"), Own: true,
			Behaviour: `the same with a link to an absolute path`},
		{ID: "archive-bomb", Run: archiveBomb(600 << 20), Own: true,
			Behaviour: `a small zip that unpacks to 600 MiB is refused`},
		{ID: "archive-bomb-lying", Run: archiveBomb(10), Own: true,
			Behaviour: `the same, if its directory says that it is 10 bytes`},
	}
}

func mainFile(s *session.Session) archive.File {
	return archive.File{Name: s.Code.Archived, Body: s.Code.Echo, Mode: 0o755}
}

func linkInside(ctx context.Context, s *session.Session) error {
	return s.InitEchoes(ctx, archive.Zip(mainFile(s), archive.Link("alias", s.Code.Archived)), `{"linked":true}`)
}

func corruptArchive(ctx context.Context, s *session.Session) error {
	return s.RefusesInit(ctx, archive.Of([]byte("PK\x03\x04 but no archive")), http.StatusBadGateway)
}

func emptyArchive(ctx context.Context, s *session.Session) error {
	return s.RefusesInit(ctx, archive.Zip(), 0, "empty")
}

// outside returns a file name that no container should be able to create,
// relative to the root.
func outside() string {
	name := "conformance-evil-" + session.RandomID()
	return strings.TrimPrefix(filepath.ToSlash(filepath.Join(os.TempDir(), name)), "/")
}

// notWritten fails if the file is on this machine, on which the container may
// run.
func notWritten(name string) error {
	err := os.Remove("/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(fmt.Errorf("/%s was written from within an archive", name), err)
}

const toTheRoot = "../../../../../../../../../../../../../../../../"

func refusesEntry(ctx context.Context, s *session.Session, code session.Action, name string) error {
	return s.RefusesInit(ctx, code, 0, name)
}

func climbsOut(ctx context.Context, s *session.Session) error {
	name := outside()
	err := refusesEntry(ctx, s, archive.Zip(mainFile(s), archive.File{Name: toTheRoot + name, Body: "evil"}), filepath.Base(name))
	return errors.Join(err, notWritten(name))
}

func absoluteName(ctx context.Context, s *session.Session) error {
	name := outside()
	a, err := s.Post(ctx, "/init", session.InitBody(archive.Zip(mainFile(s), archive.File{Name: "/" + name, Body: "evil"})))
	if err == nil && a.Status != http.StatusOK {
		_, err = s.WithLogs(ctx, a, 1)
	}
	return errors.Join(err, notWritten(name))
}

func linkKept(pack func(...archive.File) session.Action, target string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.InitEchoes(ctx, pack(mainFile(s), archive.Link("way-out", target)), `{"linked":true}`)
	}
}

func throughLink(up string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		name := outside()
		code := archive.Zip(mainFile(s), archive.Link("way-out", up+filepath.Dir(name)),
			archive.File{Name: "way-out/" + filepath.Base(name), Body: "evil"})
		return errors.Join(refusesEntry(ctx, s, code, "way-out"), notWritten(name))
	}
}

func archiveBomb(claimed uint64) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.RefusesInit(ctx, archive.Bomb(600, claimed, mainFile(s)), 0)
	}
}
