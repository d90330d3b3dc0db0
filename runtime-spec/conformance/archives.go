package conformance

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func archiveCases() []Case {
	return []Case{
		{ID: "archive-link-inside", run: linkInside,
			Behaviour: `a zip with a symbolic link to a file of its own works`},
		{ID: "archive-corrupt", run: corruptArchive, Own: true,
			Behaviour: `something that begins like a zip and is none → 502, one sentinel each`},
		{ID: "archive-empty", run: emptyArchive, Own: true,
			Behaviour: `a zip without a file → not 200, the error or the log says that it is empty`},
		{ID: "archive-climbs-out", run: climbsOut, Own: true,
			Behaviour: `a zip entry "../…" is refused by name; nothing is written outside`},
		{ID: "archive-absolute", run: absoluteName, Own: true,
			Behaviour: `a zip entry with an absolute name is not written there`},
		{ID: "archive-link-absolute", run: linkKept(zipped, "/usr/local/bin/python"),
			Behaviour: `a zip with a symbolic link to an absolute path, as a virtual environment has, works`},
		{ID: "archive-link-absolute-tar", run: linkKept(tarred, "/usr/local/bin/python"), Own: true,
			Behaviour: `so does a tar.gz`},
		{ID: "archive-link-outside", run: linkKept(zipped, toTheRoot+"etc"), Own: true,
			Behaviour: `so does a zip with a relative link that leads out of it`},
		{ID: "archive-through-link", run: throughLink(toTheRoot), Own: true,
			Behaviour: `an entry that goes through a link out of the archive is refused; nothing is written outside`},
		{ID: "archive-through-absolute-link", run: throughLink("/"), Own: true,
			Behaviour: `the same with a link to an absolute path`},
		{ID: "archive-bomb", run: archiveBomb(600 << 20), Own: true,
			Behaviour: `a small zip that unpacks to 600 MiB is refused`},
		{ID: "archive-bomb-lying", run: archiveBomb(10), Own: true,
			Behaviour: `the same, if its directory says that it is 10 bytes`},
	}
}

func (s *session) main() file { return file{s.code.archived, s.code.echo, 0o755} }

func linkInside(ctx context.Context, s *session) error {
	if err := s.init(ctx, zipped(s.main(), link("alias", s.code.archived))); err != nil {
		return err
	}
	return s.echoes(ctx, `{"linked":true}`)
}

func corruptArchive(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, archived([]byte("PK\x03\x04 but no archive")))
	if err != nil {
		return err
	}
	return a.refuses(http.StatusBadGateway)
}

func emptyArchive(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, zipped())
	if err != nil {
		return err
	}
	return a.refuses(0, "empty")
}

// outside is a file name that no container should be able to have made,
// as seen from the root, without the leading slash.
func outside() string {
	name := "conformance-evil-" + randomID()
	return strings.TrimPrefix(filepath.ToSlash(filepath.Join(os.TempDir(), name)), "/")
}

// notWritten fails if the file is on this machine, where the container may be.
func notWritten(name string) error {
	err := os.Remove("/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(fmt.Errorf("/%s was written from within an archive", name), err)
}

const toTheRoot = "../../../../../../../../../../../../../../../../"

func (s *session) refusesEntry(ctx context.Context, code action, name string) error {
	a, err := s.failInit(ctx, code)
	if err != nil {
		return err
	}
	return a.refuses(0, name)
}

func climbsOut(ctx context.Context, s *session) error {
	name := outside()
	err := s.refusesEntry(ctx, zipped(s.main(), file{name: toTheRoot + name, body: "evil"}), filepath.Base(name))
	return errors.Join(err, notWritten(name))
}

func absoluteName(ctx context.Context, s *session) error {
	name := outside()
	a, err := s.post(ctx, "/init", initBody(zipped(s.main(), file{name: "/" + name, body: "evil"})))
	if err == nil && a.status != http.StatusOK {
		_, err = s.withLogs(ctx, a, 1)
	}
	return errors.Join(err, notWritten(name))
}

func linkKept(archive func(...file) action, target string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		if err := s.init(ctx, archive(s.main(), link("way-out", target))); err != nil {
			return err
		}
		return s.echoes(ctx, `{"linked":true}`)
	}
}

func throughLink(up string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		name := outside()
		code := zipped(s.main(), link("way-out", up+filepath.Dir(name)),
			file{name: "way-out/" + filepath.Base(name), body: "evil"})
		return errors.Join(s.refusesEntry(ctx, code, "way-out"), notWritten(name))
	}
}

func archiveBomb(claimed uint64) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, bomb(600, claimed, s.main()))
		if err != nil {
			return err
		}
		return a.refuses(0)
	}
}

// deflatedRepeatedly is a deflate stream of n times the block. The block is
// compressed once: flushed, its stream ends on a byte and can be repeated.
func deflatedRepeatedly(block []byte, n int) []byte {
	var stream bytes.Buffer
	w, err := flate.NewWriter(&stream, flate.BestCompression)
	must(err)
	_, err = w.Write(block)
	must(err)
	must(w.Flush())
	packed := bytes.Repeat(stream.Bytes(), n)
	stream.Reset()
	must(w.Close())
	return append(packed, stream.Bytes()...)
}
