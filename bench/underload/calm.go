package main

import (
	"fmt"
	"os"
	"time"
)

const (
	// calmCPUs is how much strangers may use of the host's CPUs while it is measured
	// how they are shared: more, and the phase tells of them.
	calmCPUs = 0.15
	// calmTries bounds how often a disturbed phase is measured again.
	calmTries = 10
)

// calm measures something when the host is calm, and again when it was not while
// that lasted. once says how many CPUs strangers used meanwhile.
func calm(once func() (strangers float64, err error)) (disturbed int, err error) {
	for {
		awaitCalm()
		strangers, err := once()
		if err != nil || strangers <= calmCPUs {
			return disturbed, err
		}
		if disturbed++; disturbed == calmTries {
			return disturbed, fmt.Errorf("%d times in a row other programs of this host used more than %.2f CPUs (%.2f the last time): end them and measure again", calmTries, calmCPUs, strangers)
		}
	}
}

// awaitCalm waits until a second goes by in which the machine is nearly idle.
func awaitCalm() {
	for told := false; ; told = true {
		before := hostCPU()
		time.Sleep(time.Second)
		if (hostCPU() - before).Seconds() <= calmCPUs {
			return
		}
		if !told {
			fmt.Fprintln(os.Stderr, "waiting: other programs of this host use its CPUs")
		}
	}
}
