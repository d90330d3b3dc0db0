package conformance

// actionCode is what the cases for every kind send, in one kind's language.
type actionCode struct {
	echo      string // returns its argument
	niam      string // the same, the main function is called niam
	logs      string // prints "hello stdout" and "hello stderr", returns its argument
	winter    string // prints and returns under "winter" its argument's delimiter, " ☃ ", the delimiter
	give      string // returns what its argument has under "result"
	environ   string // returns SOME_VAR and EMPTY_VAR as they were when it was loaded
	context   string // returns the activation's context, see contextOf
	noisy     string // prints noise on both streams, returns {}
	openEnded string // prints "no newline" without one on both streams, returns {}
	mortal    string // echo; prints "last words" on stdout and dies if its argument has "die"
	slow      string // prints "once", takes a second, returns a unique "nonce" and its argument as "value"
	broken    string // cannot be started
	// archived is the file that an archive must have; echo is good content for it.
	archived string
	// numbers is an argument whose numbers the language keeps; empty: it keeps all.
	numbers string
}

var actions = map[string]actionCode{
	Python: pythonCode,
	Node:   nodeCode,
	Go:     goCode,
	Native: nativeCode,
}

// source is code given as text.
func source(text string) action { return action{code: text} }
