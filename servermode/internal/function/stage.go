package function

// Stage is a step of a run or an init. Each lasts until the next one, or the end. A
// run that finds an idle instance has only StageExecute.
type Stage string

// Stages. A Program enters StagePrepare and StageStart itself.
const (
	StageWait    Stage = "wait"    // in the queue, for a place on the host, or for another caller's start
	StagePrepare Stage = "prepare" // its code is laid out, what it needs besides is built
	StageStart   Stage = "start"   // a process, until it is ready
	StageExecute Stage = "execute" // a process has the run
)

// Watcher is a Sink that is also told when each stage starts. The goroutine that
// called Init or Run tells it, so calls never overlap.
type Watcher interface{ Enter(Stage) }

// Enter tells a sink that a stage starts, if it is a Watcher.
func Enter(sink Sink, stage Stage) {
	if w, ok := sink.(Watcher); ok {
		w.Enter(stage)
	}
}
