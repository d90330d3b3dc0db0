package main

import (
	"fmt"
	"os"
	"time"
)

const (
	// calmCPUs is how much other processes may use of the host's CPUs during a
	// phase about shares of CPU. If they use more, the phase says so.
	calmCPUs = 0.15
	// calmTries bounds how often a disturbed phase is measured again.
	calmTries = 10
)

// calm measures something when the host is calm, and again if it was not calm
// meanwhile. once returns how many CPUs other processes used.
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

// awaitCalm waits until the machine is nearly idle for a second.
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
