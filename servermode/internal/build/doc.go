// Package build makes what functions need beyond their code, once, and keeps it:
// environments with their dependencies, and compiled programs.
//
// An order names a tenant and everything that the result depends on. Equal orders
// are one build. A build runs as a user of its own, because dependencies run code
// when they are installed. Then the result becomes the server's and read-only,
// through descriptors that cannot be led out of its folder.
//
// A build outlives the init that ordered it. An init that runs out of time says so,
// and the next one attaches and gets the output from its start. A failure while no
// init waited is reported to the next init that asks.
//
// A build's folder is a gate. Its own user passes while it works. Later a group
// passes that the tenant's functions are in, and no user passes while no function
// uses the build. A tenant may hold all slots but one. A build's time starts when it
// has its slot.
package build
