// Package zygote forks Python functions from a parent: one process that has imported
// the standard library's usual modules and the owner's. It is started through the
// sandbox like any other process. One child is forked in advance.
//
// The parent is told nothing about functions. Every later child could read what it
// once held in memory, and env holds secrets. A child has a socket of its own, on
// which it receives, after the fork, its pipes, its program and its confines. It
// answers with its pid when it is confined, and only then runs the tenant's code. A
// child that is told nothing ends, so a parent that answers late runs nothing twice.
//
// A forked function equals an executed one: descriptors, user, groups, limits,
// capabilities, environment, sys.path, even the stack below the action. The mark by
// which stray processes are found lies where the kernel put the parent's first
// environment. It is overwritten in place, so all marks have one length. A virtual
// environment is entered in the child after the change of user, because its .pth
// files are the tenant's code.
//
// A function is executed instead, and counted by cause, if the parent is not up, has
// touched a GPU or has threads; if the function sets what an interpreter reads at
// its start, or brings a module that the parent has imported; or if the host refuses
// the fork. A failed fork never fails a function.
//
// A parent that dies takes its functions with it. It is replaced at once, and a
// further early death after 1 s to 1 min. A parent that hangs is replaced too, and
// lives on until its last function has ended. All forks share the parent's address
// layout and hash seed. The state of random, of numpy's legacy generator and of
// multiprocessing's key is new in each.
package zygote
