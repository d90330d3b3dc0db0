// Package servermode is the daemon on an external host that runs functions for
// client containers elsewhere. It keeps the functions' processes warm, gives them
// their runs, and frees each function when no lease is left. It is for Linux, whose
// namespaces, control groups and signals confine functions. This package is its HTTP
// face. The work is done in the packages below, which know no HTTP, apart from the
// dialects and the client of functions that are web servers.
//
// The configuration is what the server was started with. The settings that may
// change lie in one value, which a reload replaces whole, so that requests read them
// by one atomic load. A reload checks the new configuration together with what
// cannot change. A changed setting is applied, or the log names it.
//
// The server is ready as long as its sweep completes in time. The sweep takes every
// function's lock, so a lock that is never released shows, even where HTTP still
// answers. Once a second the server also writes a byte to the state folder, because
// nothing else notices a full disk in time.
//
// A program that holds a Server is executed again by it, as /proc/self/exe, for each
// process of a function. Between fork and exec Go can set no limits, so the program
// sets them on itself and then becomes the function's. The first argument (argv[0])
// says so: whiskaway-shim, whiskaway-probe or whiskaway-reaper. An init function of
// this package takes over there, and main is not reached. A program must therefore
// not give itself one of these names. Its own init functions may run earlier, and
// should start and open nothing.
//
// Errors of Start and Reload that only a change of the configuration mends wrap
// ErrConfig.
package servermode
