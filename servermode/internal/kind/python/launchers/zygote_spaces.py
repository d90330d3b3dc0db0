"""Gives a forked function namespaces of its own, and the mounts in them, as the shim does."""
import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
UNSHARE, MOUNT, CAPSET = LIBC.unshare, LIBC.mount, LIBC.capset
CLONE_NEWUSER = 0x10000000
CAPABILITIES = 0x20080522  # the version of capset's arguments


def call(function, what, *arguments):
    if function(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "%s: %s" % (what, os.strerror(error)))


def text(value):
    return ctypes.c_char_p(os.fsencode(value) if value else None)


def enter(spaces, mounts):
    user, group = os.getuid(), os.getgid()
    call(UNSHARE, "unshare", ctypes.c_int(spaces))
    if spaces & CLONE_NEWUSER:
        say_who("setgroups", "deny")
        say_who("uid_map", "%d %d 1" % (user, user))
        say_who("gid_map", "%d %d 1" % (group, group))
    for m in mounts:
        call(MOUNT, "mount %s on %s" % (m["type"], m["on"]), text(m["from"]), text(m["on"]), text(m["type"]),
             ctypes.c_ulong(m["flags"]), text(m["data"]))
    if spaces & CLONE_NEWUSER:
        give_up_capabilities()


def say_who(name, line):
    with open("/proc/self/" + name, "w") as out:
        out.write(line)


def give_up_capabilities():
    head, none = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    call(CAPSET, "capset", head, none)
