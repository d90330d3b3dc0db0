package actionloop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// isCompiled reports whether code is a program, or a zip of one.
func (r *Kind) isCompiled(code kind.Code) bool {
	if artifact.IsZip(code) && !r.isJar(code) {
		code = artifact.Head(code, "exec", 4)
	}
	return code.IsELF() || code.IsScript()
}

// isJar reports whether the compiler is to get an archive whole.
func (r *Kind) isJar(code kind.Code) bool {
	return r.saveJar != "" && artifact.IsZip(code) && slices.Contains(artifact.Names(code), "META-INF/MANIFEST.MF")
}

// compile calls the compile script as the platform's proxy does, with main, the
// folder of the sources and the folder for the program. Any output means that it
// failed.
func (r *Kind) compile(ctx context.Context, j *build.Job, code kind.Code, limits artifact.Limits, main string) error {
	src, bin := filepath.Join(j.Dir, "src"), filepath.Join(j.Dir, "bin")
	if err := errors.Join(os.Mkdir(src, 0o755), os.Mkdir(bin, 0o755), r.layOut(src, code, limits)); err != nil {
		return err
	}
	if compiled(filepath.Join(src, "exec")) { // it was in a tar.gz, which isCompiled does not look into
		return errors.Join(os.Remove(bin), os.Rename(src, bin), j.Own(bin), made(j.Dir))
	}
	if err := j.Own(j.Dir); err != nil {
		return err
	}
	said := j.Output()
	err := j.Run(ctx, build.Command{Path: r.compiler, Args: []string{main, src, bin}, Dir: j.Dir, Env: r.environ()})
	switch {
	case err != nil:
		return err
	case j.Output() > said:
		return &kind.ActionError{Message: kind.NoBinary, Log: "The compile script wrote something, which means that it failed."}
	}
	return made(j.Dir)
}

// layOut writes code for the compile script: as src/exec, unpacked, or as a jar.
func (r *Kind) layOut(src string, code kind.Code, limits artifact.Limits) error {
	if r.isJar(code) {
		return os.WriteFile(filepath.Join(src, r.saveJar), code, 0o644)
	}
	return kind.LayOut(src, code, limits, "exec", 0o755)
}

// compiled reports whether a file is a program.
func compiled(path string) bool {
	head, err := folder.ReadHead(path)
	return err == nil && (kind.Code(head).IsELF() || kind.Code(head).IsScript())
}

// made checks the compile script's result. The script may have run the author's
// code, so made follows no link in place of the folder or the file.
func made(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	bin, err := root.Lstat("bin")
	if err != nil || !bin.IsDir() || !folder.IsPlainFile(filepath.Join(dir, "bin", "exec")) {
		return &kind.ActionError{Message: kind.NoBinary, Log: "The compile script made no executable file exec in the folder that is its third argument."}
	}
	return root.Chmod("bin/exec", 0o755)
}
