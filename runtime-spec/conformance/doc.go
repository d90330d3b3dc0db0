// Package conformance checks, from the outside, that something behaves as an
// OpenWhisk runtime container: POST /init, POST /run, and the logs and
// sentinels on the container's own stdout and stderr.
//
// Each case starts a fresh, uninitialised container through a [Target], plays
// the invoker against it and looks at the answers and the streams. The package
// does not import testing, so that a command can run the same cases and print
// the [Report]; a service's own tests run them one by one with [Check].
//
// The cases follow what the platform's invoker demands and what the suites of
// its published runtimes check. A case marked Own asks for more than those:
// published runtimes may fail it and still work.
package conformance
