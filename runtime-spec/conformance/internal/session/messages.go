package session

// Messages of the platform's runtimes.
const (
	ErrNoCode       = "Missing main/no code to execute."
	ErrNoBinary     = "The action failed to generate or locate a binary. See logs for details."
	ErrNotAnObject  = "The action did not return a dictionary or array."
	ErrInitTwice    = "Cannot initialize the action more than once."
	ErrNotInit      = "no action defined yet"
	ErrNotReady     = "System not ready, status is running."
	ErrRunExited    = "command exited"
	ErrCannotStart  = "cannot start action"
	ErrAbruptly     = "Command exited abruptly during initialization."
	ErrNoMainModule = "Zip file does not include"
)
