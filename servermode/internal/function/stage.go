package function

// Stage is what a run or an init is at. Each lasts until the next one, or the
// end; a run that finds an idle instance is at StageExecute only.
type Stage string

// Stages. A Program enters StagePrepare and StageStart itself.
const (
	StageWait    Stage = "wait"    // in the queue, for a place on the host, or for another caller's start
	StagePrepare Stage = "prepare" // its code is laid out, what it needs besides is built
	StageStart   Stage = "start"   // a process, until it is ready
	StageExecute Stage = "execute" // a process has the run
)

// Watcher is a Sink that is told of each stage as it begins, by the caller of
// Init or Run: never by two at once.
type Watcher interface{ Enter(Stage) }

// Enter tells a sink of a stage, if it is a Watcher.
func Enter(sink Sink, stage Stage) {
	if w, ok := sink.(Watcher); ok {
		w.Enter(stage)
	}
}
