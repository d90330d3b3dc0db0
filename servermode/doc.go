// Package servermode is the daemon on an external host: it holds many
// functions, keeps their processes warm, runs them, and frees each one when
// nothing needs it any more. It is for Linux, whose namespaces, control groups and
// signals hold functions.
//
// A program that holds a Server is executed again by it, as /proc/self/exe, for each
// process of a function: between fork and exec Go can set no limits, so the program
// sets them on itself and then becomes the function's. The first argument (argv[0])
// says so: whiskaway-shim, whiskaway-probe or whiskaway-reaper. An init function of
// this package takes over there, and main is not reached. A program must therefore not
// give itself one of these names, and its own init functions, which may come earlier,
// should start and open nothing.
//
// Errors of Start and Reload that only another configuration mends wrap ErrConfig.
package servermode
