package launch

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// These init parameters say how a function is to be kept. They are part of its
// identity, like all others.
const (
	hintInstances = "WHISKAWAY_MAX_INSTANCES"
	hintKeepAlive = "WHISKAWAY_KEEP_ALIVE"
	hintGPU       = "WHISKAWAY_GPU"
)

// Bounds are the most that an author may ask for.
type Bounds struct {
	MaxInstances int
	MaxKeepAlive time.Duration // 0: forever
}

// Wish reads an author's hints. It refuses a malformed hint, and one that asks for
// more than the owner allows: to run otherwise than asked would surprise later.
func (b Bounds) Wish(env map[string]string) (w function.Wish, err error) {
	if text := env[hintInstances]; text != "" {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		switch {
		case err != nil || n < 1:
			return w, badHint(hintInstances, text, "it must be a whole number, at least 1")
		case n > b.MaxInstances:
			return w, badHint(hintInstances, text, fmt.Sprintf("this server's owner allows %d (--max-instances)", b.MaxInstances))
		}
		w.Instances = n
	} else if gpu, _ := strconv.ParseBool(env[hintGPU]); gpu {
		w.Instances = 1 // each instance holds its model in the GPU's memory
	}
	if text := env[hintKeepAlive]; text != "" {
		keep, err := parseKeepAlive(text)
		switch {
		case err != nil:
			return w, badHint(hintKeepAlive, text, "it must be a duration such as 90s or 1h, seconds, 0 or forever")
		case b.MaxKeepAlive > 0 && keep > b.MaxKeepAlive:
			return w, badHint(hintKeepAlive, text, fmt.Sprintf("this server's owner allows %s (--max-keep-alive)", b.MaxKeepAlive))
		}
		w.KeepAlive = &keep
	}
	return w, nil
}

// parseKeepAlive reads a duration, or seconds. Forever may also be written as -1.
func parseKeepAlive(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if text == "forever" || text == "-1" {
		return function.Forever, nil
	}
	keep, err := time.ParseDuration(text)
	if seconds, e := strconv.ParseUint(text, 10, 31); e == nil {
		keep, err = time.Duration(seconds)*time.Second, nil
	}
	if err == nil && keep < 0 {
		err = fmt.Errorf("%s is negative", text)
	}
	return keep, err
}

func badHint(name, value, problem string) error {
	return refusal.New(runtimespec.BadRequest, "init parameter %s=%.40q: %s", name, value, problem)
}
