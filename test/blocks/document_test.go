package blocks_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/test/harness"
)

// runDocument runs the blocks of a document, in order, and returns the exit code.
func runDocument() int {
	err := prepare()
	if err == nil {
		err = runBlocks(os.Getenv(documentVariable))
	}
	endAll()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func prepare() error {
	// What a block leaves behind becomes this process's child, and is ended.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	if os.Getenv(apartVariable) == "" {
		return nil
	}
	return setApart()
}

func runBlocks(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	blocks, err := blocksOf(string(text))
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if !b.shell() || b.suite != "" {
			continue
		}
		for _, s := range b.steps() {
			if err := s.run(); err != nil {
				return fmt.Errorf("%s, the block of line %d: %w", name, b.line, err)
			}
		}
	}
	return nil
}

func (s step) run() error {
	if s.stays {
		return s.start()
	}
	out, err := bash(s.text).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, s.text, out)
	}
	return nil
}

func bash(text string) *exec.Cmd {
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", text)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "WHISKAWAY_BLOCKS_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}

// start starts a command that stays, and returns when it serves.
func (s step) start() error {
	says := &harness.Buffer{}
	cmd := bash("exec " + s.text)
	cmd.Stdout, cmd.Stderr = says, says
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	serves := "serving" // what a service logs
	if strings.Contains(s.text, "whiskaway dev ") {
		serves = " serves" // a version of the action does
	}
	for end := time.Now().Add(harness.Patience); ; {
		select {
		case err := <-ended:
			return fmt.Errorf("it ended (%v), and should stay: %s\n%s", err, s.text, says)
		case <-time.After(5 * time.Millisecond):
		}
		if strings.Contains(says.String(), serves) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("it does not serve: %s\n%s", s.text, says)
		}
	}
}

// endAll ends what the blocks have started: by SIGTERM, again and again, then
// by force.
func endAll() {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for end := time.Now().Add(harness.Patience / 10); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			left := harness.Descendants(os.Getpid())
			if len(left) == 0 {
				return
			}
			for pid := range left {
				if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
					fmt.Println(err)
				}
			}
		}
	}
}
