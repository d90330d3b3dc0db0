package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/bench/internal/proc"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// memoryCase returns the case of a server with the given number of idle
// functions.
func memoryCase(functions int) string { return strconv.Itoa(functions) + " idle functions" }

func (s *session) memoryArms() []*arms.Arm { return s.rig.Arms(arms.ServerApache, arms.ServerOurs) }

func memorySteps(s *session) int { return s.memoryRounds * len(s.memoryArms()) }

// memory measures the memory that idle native functions cost a server. It
// initialises them in the dialect of OpenServerless, which both servers speak.
func memory(s *session, ctx context.Context) error {
	for round := range s.memoryRounds {
		if err := s.inTurns(ctx, s.memoryArms(), func(arm *arms.Arm) error { return s.fill(ctx, arm, round) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) fill(ctx context.Context, arm *arms.Arm, round int) (err error) {
	chain, err := arm.Start(s.rig)
	if err != nil {
		return err
	}
	defer func() {
		if e := chain.Stop(); err == nil {
			err = e
		}
	}()
	server, err := chain.Container(arms.Action{})
	if err != nil {
		return err
	}
	defer server.Close()
	if err := s.look(ctx, chain, memoryCase(0), round); err != nil {
		return err
	}
	for i := range s.functions {
		init, run := remoteBodies(i)
		if err := server.Init(ctx, init); err != nil {
			return err
		}
		if err := server.Call(asIs(run), load.DefaultLimit); err != nil {
			return fmt.Errorf("function %d: %w", i, err)
		}
	}
	return s.look(ctx, chain, memoryCase(s.functions), round)
}

// look records a server's memory after a pause.
func (s *session) look(ctx context.Context, chain *arms.Chain, name string, round int) error {
	wait(ctx, s.settle)
	pids := chain.PIDs()
	server := pids[arms.PartContainer][0]
	kib, err := proc.Status(server, "VmRSS")
	if err != nil {
		return err
	}
	tree := 0.0
	for _, pid := range append(pids[arms.PartFunctions], server) {
		share, err := proc.PSS(pid)
		if err != nil {
			return err
		}
		tree += share
	}
	s.results.note(name, chain.Arm.Key, resident(arms.PartServer), round, kib/1024)
	s.results.note(name, chain.Arm.Key, treePSS, round, tree/1024)
	return nil
}

// remoteBodies returns the init and the run of the i-th function as OpenServerless'
// client sends them.
func remoteBodies(i int) (init, run []byte) {
	code := arms.Small(i).Code
	sum := md5.Sum([]byte(code))
	hash := hex.EncodeToString(sum[:])
	init, _ = json.Marshal(map[string]any{ // strings cannot fail
		"proxiedActionID": fmt.Sprintf("00000000-0000-4000-8000-%012d", i),
		"value": map[string]any{
			"code": code, "main": "main", "env": map[string]string{"__OW_CODE_HASH": hash},
		},
	})
	return init, fmt.Appendf(nil, `{"actionCodeHash":%q,"value":{"n":%d}}`, hash, i)
}

// asIs is a run that is sent once.
type asIs []byte

func (run asIs) Next(buf []byte, _ int) []byte { return append(buf[:0], run...) }

func (run asIs) Check(_ []byte, a *load.Answer) error {
	if a.Status != 200 || !bytes.HasPrefix(a.Body, []byte(`{"response":`)) {
		return fmt.Errorf("status %d: %.200s", a.Status, a.Body)
	}
	return nil
}

// perFunction returns the memory that one idle function adds, in KiB.
func (r *results) perFunction(arm, metric string) (out stats.Rounds) {
	with, without := r.series(memoryCase(r.functions), arm, metric), r.series(memoryCase(0), arm, metric)
	for i := range min(len(with), len(without)) {
		out = append(out, (with[i]-without[i])*1024/float64(r.functions))
	}
	return out
}
