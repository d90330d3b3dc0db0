// Package process is one process of a function. It speaks ActionLoop: a run is a
// JSON line on stdin, its result a line on descriptor 3, its logs what the process
// writes meanwhile. Or it speaks the framed protocol of our own launchers, which
// takes several runs at once. Or it is a web server, to which a Web speaks.
//
// When a result is there, everything that the process wrote before is in the pipes
// already. So logs are drained before the result is passed on. A process is not used
// again after a cancelled or overdue run, or after unexpected bytes on descriptor 3.
// A native process without ack is ready when the kernel shows that it waits for
// input, or else after a grace.
//
// At the end of a run's time its process group gets SIGTERM and, after a grace, its
// whole tree SIGKILL. A service manager sends SIGTERM to every process of a unit
// while the server still lets runs finish. So the Python and Node launchers react to
// it only after the server has closed their stdin. The Go launcher ignores it and is
// killed.
package process
