package kind

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

// Site is where a function is prepared.
type Site struct {
	Dir     string            // the function's own folder, empty
	Tenant  string            // what is built is shared by its functions only
	Env     map[string]string // the function's, for kinds that take hints from it
	Builder *build.Builder    // builds programs and environments, and keeps them
	Limits  artifact.Limits   // of the code's archive; zero: artifact.DefaultLimits
	Sink    build.Sink        // the init's logs
}

// LayOut unpacks an archive into the site's folder, or writes any other code there
// as one file.
func (s Site) LayOut(code Code, file string, perm fs.FileMode) error {
	return LayOut(s.Dir, code, s.Limits, file, perm)
}

// Note writes a line for the author into the init's log.
func (s Site) Note(format string, args ...any) {
	if s.Sink != nil {
		s.Sink.Log(runtimespec.Stderr, fmt.Appendf(nil, format+"\n", args...))
	}
}

// Concurrent reports whether the action allows runs to overlap.
func (s Site) Concurrent() bool {
	allowed, _ := strconv.ParseBool(s.Env["__OW_ALLOW_CONCURRENT"])
	return allowed
}

// LayOut does so in any new folder. Later readers must use package folder, because
// an archive may have links that lead anywhere.
func LayOut(dir string, code Code, limits artifact.Limits, file string, perm fs.FileMode) error {
	if !code.IsArchive() {
		return os.WriteFile(dir+"/"+file, code, perm)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if limits == (artifact.Limits{}) {
		limits = artifact.DefaultLimits
	}
	if err := artifact.Unpack(root, code, limits); err != nil {
		if errors.Is(err, artifact.ErrArchive) {
			return &ActionError{Message: err.Error(), Log: err.Error()}
		}
		return err
	}
	return nil
}

// WriteLaunchers puts the programs that run functions into dir, where every user can
// read them.
func WriteLaunchers(from embed.FS, dir string) error {
	files, err := from.ReadDir("launchers")
	for _, file := range files {
		text, readErr := from.ReadFile("launchers/" + file.Name())
		to := filepath.Join(dir, file.Name())
		err = errors.Join(err, readErr, os.WriteFile(to, text, 0o644), os.Chmod(to, 0o644))
	}
	return err
}
