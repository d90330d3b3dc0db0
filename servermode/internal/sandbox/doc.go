// Package sandbox confines processes: it gives them users, limits and mounts, and
// ends a process with all that it started.
//
// Each process has its own namespaces for mounts and IPC; if the server is not root,
// they lie inside a user namespace. In them the process has its own folders: an
// overlay over the action's folder, a home, /tmp and other temporary folders, an
// entry in /etc/passwd. The list of mounts is plain data. The shim makes them for a
// process that is executed, the launcher for one that is forked. What has to stay
// visible of a hidden folder is mounted into the folder that hides it. The host's
// abilities are probed at the start. The shim is root until its mounts are made, so
// it gets the function's variables under names that mean nothing to a dynamic
// linker. Where a host has no namespaces, a user's last process takes along what its
// function left in shared folders.
//
// If the server is root, each function has a uid from a block that no other server
// on the host uses. The block's lock is an abstract socket and a file, which the
// kernel frees. Ending the uid's last process calls kill(-1) as that uid, which no
// fork outruns. If the server is not root, descendants and processes with the
// instance's mark are stopped until no new one shows up, then killed. The first
// process stays a zombie until the rest is dead, so that no other process gets its
// pid. At its start a server ends what a killed predecessor left running.
package sandbox
