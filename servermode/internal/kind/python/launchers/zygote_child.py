"""Turns a forked process into a Python function: it does what the shim, an exec and python.py would do."""
import ctypes
import importlib.util
import json
import os
import resource
import site
import socket
import sys
import time

import zygote_spaces
import zygote_threads

BIRTH = 4  # the socket's descriptor in the child
MARK = b"WHISKAWAY_INSTANCE="
LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SIGKILL = 9


def prctl(option, value):
    if LIBC.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))) != 0:
        raise OSError(ctypes.get_errno(), "prctl %d" % option)


def mark_slot():
    """Returns where the mark lies in the environment that /proc shows, and its length."""
    with open("/proc/self/environ", "rb") as environ, open("/proc/self/stat") as stat:
        region, start = environ.read(), int(stat.read().rpartition(")")[2].split()[47])
    at = (b"\0" + region).index(b"\0" + MARK) + len(MARK)
    return start + at, region.index(b"\0", at) - at


class Child:
    """Made in the parent, so that it holds what every child needs."""

    def __init__(self):
        self.parent, self.slot = os.getpid(), mark_slot()
        self.coerced = os.environb.get(b"LC_CTYPE")  # Python itself sets it where the locale is C
        self.zone = os.environ.get("TZ")
        self.threads = zygote_threads.Pools()
        prctl(PR_SET_DUMPABLE, 0)  # closed to functions that run as the same user

    def start(self, birth):
        """Waits to be told what to become. None of the function's code runs before the process is confined."""
        os.dup2(birth, BIRTH)
        os.close(BIRTH - 1)  # the parent's
        os.closerange(BIRTH + 1, os.sysconf("SC_OPEN_MAX"))
        self.end_with_the_parent()
        rehearse()
        birth = socket.socket(fileno=BIRTH)
        first, files, _, _ = socket.recv_fds(birth, 1, 4)
        if not first:  # the server does not need it
            os._exit(0)
        self.be_born(birth, files)

    def be_born(self, socket, files):
        for own, given in enumerate(files):
            os.dup2(given, own)
        os.closerange(BIRTH + 1, os.sysconf("SC_OPEN_MAX"))
        try:
            birth = json.loads(b"".join(iter(lambda: socket.recv(1 << 16), b"")))
            self.confine(birth["confines"])
            os.chdir(birth["dir"])
            self.take(birth["env"], birth["confines"]["mark"])
        except BaseException as error:
            socket.sendall(("%s: %s" % (type(error).__name__, error)).encode("utf-8", "replace"))
            os._exit(1)
        socket.sendall(b"%d" % os.getpid())
        socket.close()
        become(birth)

    def confine(self, confines):
        os.setpgid(0, 0)
        self.mark(confines["mark"].encode())
        if confines["spaces"]:
            prctl(PR_SET_DUMPABLE, 1)  # otherwise it could not map its ids in a user namespace
            zygote_spaces.enter(confines["spaces"], confines["mounts"])
        limit(confines["limits"])
        user = confines["user"]
        if user >= 0:
            os.setgroups(confines["groups"])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
        prctl(PR_SET_DUMPABLE, 1)  # otherwise /proc/self and /dev/stdout would be closed to it
        os.umask(0o077)
        self.end_with_the_parent()  # again: the change of user reset it

    def end_with_the_parent(self):
        prctl(PR_SET_PDEATHSIG, SIGKILL)
        if os.getppid() != self.parent:
            os._exit(0)

    def mark(self, text):
        address, length = self.slot
        if len(text) != length:
            raise ValueError("a mark of %d bytes, not %d" % (len(text), length))
        ctypes.memmove(address, text, length)

    def take(self, env, mark):
        """Sets the function's environment, also where libraries keep parts of one."""
        wanted = dict(entry.encode().split(b"=", 1) for entry in env)
        wanted[MARK[:-1]] = mark.encode()  # its own children carry it
        if self.coerced is not None:
            wanted.setdefault(b"LC_CTYPE", self.coerced)
        for name in os.environb.keys() - wanted.keys():
            del os.environb[name]
        for name, value in wanted.items():
            if os.environb.get(name) != value:
                os.environb[name] = value
        if os.environ.get("TZ") != self.zone:
            time.tzset()
        # Later, because new threads spin for a while, on a CPU that the start needs.
        sys.modules["__main__"].WHEN_READY.append(self.threads.restore)


def rehearse():
    """Touches in advance what a start needs: the first touch after a fork copies a page."""
    for name, value in list(os.environb.items()):
        os.environb[name] = value
    birth = json.loads(json.dumps({"env": list(os.environ), "confines": {}}))
    spec = importlib.util.spec_from_file_location("main__", __file__)
    importlib.util.module_from_spec(spec)
    exec(compile("import os\ndef main(args):\n    return {**args}", spec.origin, "exec"), birth)
    with os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"), open(os.devnull, "rb"):
        sys.stdout.reconfigure(line_buffering=True)


def limit(text):
    """Sets limits as the shim does: a lower limit stays, and zero sets none."""
    files, processes, size = map(int, text.split(","))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in ("NOFILE", files), ("NPROC", processes), ("FSIZE", size):
        which = getattr(resource, "RLIMIT_" + name)
        most = resource.getrlimit(which)[1]
        if value > 0:
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(which, (value, value))


def become(birth):
    """Makes the interpreter look as if it had been started for this function."""
    renew_secrets()
    site.USER_SITE = site.USER_BASE = None  # site finds them again in the function's own home
    if birth["venv"]:
        enter(birth["venv"])
    for name in "zygote", "zygote_child", "zygote_spaces", "zygote_threads":
        sys.modules.pop(name, None)
    sys.argv = [sys.argv[0], birth["folder"], birth["main"]]
    sys.orig_argv = [sys.executable, "-B"] + sys.argv


def renew_secrets():
    """Renews random state that all children have from the parent. Module random renews its own."""
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def enter(venv):
    """Runs site again in a virtual environment, as the environment's own interpreter would have.

    Its .pth files may run the tenant's code, so the process is the function's user by now.
    """
    standard = os.path.dirname(os.__file__), os.path.join(os.path.dirname(os.__file__), "lib-dynload")
    del sys.path[1 + max(i for i, path in enumerate(sys.path) if path in standard):]  # the entries that site added
    sys.executable = os.path.join(venv, "bin", "python")
    sys.prefix = sys.exec_prefix = venv
    site.PREFIXES = [sys.base_prefix, sys.base_exec_prefix]
    site.ENABLE_USER_SITE = None
    sys.modules.pop("sysconfig", None)  # it remembers the prefix
    site.main()
