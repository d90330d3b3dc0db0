package conformance_test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

var errBase64 = errors.New("cannot decode the code")

// child is the fake's action: its files, and its process.
type child struct {
	fault, dir string
	env        []string
	logs       []*log // of stdout and stderr

	mu    sync.Mutex // held during an interaction
	cmd   *exec.Cmd
	stdin io.Writer
	lines *bufio.Reader
}

func startChild(fault, code string, binary bool, env map[string]string) (*child, error) {
	content := []byte(code)
	if binary {
		decoded, err := base64.StdEncoding.DecodeString(code)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBase64, err)
		}
		content = decoded
	}
	if kind := os.Getenv("WHISKAWAY_KIND"); kind != "" && fault != "any kind" {
		return nil, fmt.Errorf("unknown kind %q", kind)
	}
	dir, err := os.MkdirTemp(".", "action")
	if err != nil {
		return nil, err
	}
	c := &child{fault: fault, dir: dir}
	if err := errors.Join(c.unpack(content), c.checkEnv(), c.openLogs()); err != nil {
		return nil, err
	}
	for name, value := range env {
		c.env = append(c.env, name+"="+value)
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "__OW_") && fault != "container env lost" {
			c.env = append(c.env, variable)
		}
	}
	c.env = append(c.env, "__OW_WAIT_FOR_ACK=1")
	err = c.start()
	if err != nil {
		c.passLogs()
	}
	return c, err
}

// log is a file that the process writes to and the fake copies from.
type log struct {
	file, to *os.File
	fault    string
	passed   int64 // bytes copied
}

func (c *child) openLogs() error {
	for _, to := range []*os.File{os.Stdout, os.Stderr} {
		path := filepath.Join(c.dir, fmt.Sprintf("log%d-%p", to.Fd(), c))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		c.logs = append(c.logs, &log{file: file, to: to, fault: c.fault})
	}
	return nil
}

// passLogs copies what the process has written since the last time. What it
// wrote before its result is in the files by then.
func (c *child) passLogs() {
	for _, l := range c.logs {
		text, err := io.ReadAll(io.NewSectionReader(l.file, l.passed, 1<<30))
		if err != nil {
			panic(err)
		}
		l.passed += int64(len(text))
		switch {
		case l.fault == "log lost":
			continue
		case l.fault == "log cut" && len(text) > 64000:
			text = text[:64000] // whole lines
		case len(text) > 0 && text[len(text)-1] != '\n':
			text = append(text, '\n')
		}
		_, _ = l.to.Write(text)
	}
}

// checkEnv compares the archive's environment with the fake's.
func (c *child) checkEnv() error {
	want := os.Getenv("OW_EXECUTION_ENV")
	if want == "" || c.fault == "any exec.env" {
		return nil
	}
	got, err := os.ReadFile(filepath.Join(c.dir, "exec.env"))
	if err == nil && strings.TrimSpace(string(got)) != want {
		err = errors.New("execution environment version mismatch")
	}
	return err
}

func (c *child) start() error {
	path, err := filepath.Abs(filepath.Join(c.dir, "exec"))
	if err != nil {
		return err
	}
	_ = os.Chmod(path, 0o755) // if it is not there, the start says so
	results, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	c.cmd = exec.Command(path)
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = c.env, c.logs[0].file, c.logs[1].file
	c.cmd.ExtraFiles = []*os.File{theirs}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return errors.Join(err, theirs.Close())
	}
	err = c.cmd.Start()
	_ = theirs.Close() // so that there is an end when the process has ended
	if err != nil {
		return fmt.Errorf("command exited: %w", err)
	}
	c.lines = bufio.NewReader(results)
	line, err := c.lines.ReadBytes('\n')
	if err != nil {
		return errors.New("command exited")
	}
	var ack struct{ OK bool }
	if err := json.Unmarshal(line, &ack); c.fault != "any ack" && (err != nil || !ack.OK) {
		return errors.New("the action did not initialize properly")
	}
	return nil
}

// interact runs one activation, in a process of its own if there may be others.
func (c *child) interact(parallel bool, line []byte) ([]byte, error) {
	if parallel {
		another := &child{fault: c.fault, dir: c.dir, env: c.env}
		if err := errors.Join(another.openLogs(), another.start()); err != nil {
			return nil, err
		}
		return another.interact(false, line)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault != "log with the next run" {
		defer c.passLogs()
	} else {
		c.passLogs()
	}
	_, _ = c.stdin.Write(append(line, '\n')) // if it fails, so does reading
	result, err := c.lines.ReadBytes('\n')
	if err != nil && c.fault != "never started again" {
		_ = c.cmd.Wait()
		return nil, errors.Join(err, c.start())
	}
	if c.lines.Buffered() > 0 && c.fault != "second result kept" {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		return []byte("two lines"), c.start()
	}
	return result, err
}

func (c *child) unpack(content []byte) error {
	switch {
	case bytes.HasPrefix(content, []byte("PK\x05\x06")) && c.fault != "empty unnoticed":
		return errors.New("the zip is empty")
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return c.unzip(content)
	case bytes.HasPrefix(content, []byte{0x1f, 0x8b}):
		return c.untar(content)
	default:
		return os.WriteFile(filepath.Join(c.dir, "exec"), content, 0o755)
	}
}

const unpackedLimit = 64 << 20

func (c *child) unzip(content []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, entry := range archive.File {
		if err := c.unzipEntry(root, entry); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
	return nil
}

func (c *child) unzipEntry(root *os.Root, entry *zip.File) error {
	if c.fault == "bomb unnoticed" && entry.Name == "zeros" {
		return nil
	}
	body, err := entry.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	content, err := io.ReadAll(io.LimitReader(body, unpackedLimit))
	if err != nil {
		return err
	}
	if len(content) == unpackedLimit {
		return errors.New("too large")
	}
	anywhere := filepath.Join(c.dir, entry.Name)
	switch {
	case entry.Mode()&fs.ModeSymlink != 0 && c.fault == "links anywhere":
		return os.Symlink(string(content), anywhere)
	case entry.Mode()&fs.ModeSymlink != 0:
		if c.fault == "no links out" && !filepath.IsLocal(string(content)) {
			return errors.New("links out of the archive")
		}
		return root.Symlink(string(content), entry.Name)
	case c.fault == "names anywhere" || c.fault == "links anywhere":
		return os.WriteFile(anywhere, content, 0o644)
	case c.fault == "absolute names" && filepath.IsAbs(entry.Name):
		return os.WriteFile(entry.Name, content, 0o644)
	default:
		return root.WriteFile(entry.Name, content, 0o644)
	}
}

func (c *child) untar(content []byte) error {
	unpacked, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return err
	}
	for archive := tar.NewReader(unpacked); ; {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		path := filepath.Join(c.dir, filepath.Base(entry.Name))
		if entry.Typeflag == tar.TypeSymlink {
			err = os.Symlink(entry.Linkname, path)
		} else {
			err = os.WriteFile(path, body, 0o644)
		}
		if err != nil {
			return err
		}
	}
}
