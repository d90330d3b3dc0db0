"""Forks Python functions: python.py --fork MODULES, with a socket on descriptor 3.

The parent imports modules once, and each function starts as a copy of it. It is
told nothing about functions, because every later copy could read that. It may be
root, so it imports only the owner's modules, and none of a tenant.
"""
import sys
BARE = {name.partition(".")[0] for name in sys.modules}  # what the launcher alone imports

import gc
import importlib
import json
import os
import signal
import socket

import zygote_child

CONTROL = 3
OURS = {"zygote_child", "zygote_spaces", "zygote_threads", "__mp_main__"}  # the last is multiprocessing's name for the main module

# Modules that actions often import.
USUAL = """argparse array asyncio base64 binascii bisect calendar collections.abc concurrent.futures contextlib copy csv
ctypes dataclasses datetime decimal difflib email.message email.mime.multipart email.mime.text email.utils enum fnmatch
fractions functools getpass gzip hashlib heapq hmac html html.parser http.client http.cookiejar inspect io ipaddress
itertools locale logging logging.config logging.handlers math mimetypes multiprocessing numbers operator pathlib pickle
platform pprint queue random re select selectors shlex shutil signal socket ssl statistics string struct subprocess
tarfile tempfile textwrap threading time typing unicodedata urllib.parse urllib.request uuid weakref xml.etree.ElementTree
zipfile zlib zoneinfo""".split()


def import_modules(preload):
    """Imports the usual modules, as far as they exist, and the owner's, all of which must exist."""
    for name in USUAL:
        try:
            importlib.import_module(name)
        except Exception:  # a minimal Python, or a broken module: actions that import it get the error
            pass
    for name in filter(None, preload.split(",")):
        try:
            importlib.import_module(name)
        except BaseException as error:
            return {"module": name, "cause": "%s: %s" % (type(error).__name__, error)}
    return None


def imported():
    """Returns the top-level names of what is imported. An action's own modules of these names must win."""
    names = {name.partition(".")[0] for name in sys.modules} - BARE - OURS
    standard = getattr(sys, "stdlib_module_names", ())
    foreign = {name for name in names if name not in standard and not name.startswith("_sysconfigdata")}
    return {"names": sorted(names), "foreign": sorted(foreign)}


def touches_gpu():
    """Reports whether the process uses a GPU: CUDA does not survive a fork."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return True
    links = ("/proc/self/fd/" + fd for fd in os.listdir("/proc/self/fd"))
    return any(os.readlink(link).startswith("/dev/nvidia") for link in links if os.path.islink(link))


def fork(control):
    """Forks, and returns whether this is the child."""
    pid = -1
    if len(os.listdir("/proc/self/task")) > 1:
        answer = b"threads"
    else:
        try:
            pid = os.fork()
            answer = b"%d" % pid
        except OSError:
            answer = b"refused"
    if pid != 0:
        control.send(answer)
    return pid == 0


def reap(doomed):
    """Reaps those of the doomed children that have ended, and returns their exit statuses."""
    ended = {}
    for pid in list(doomed):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == pid:
            doomed.remove(pid)
            ended[pid] = status
    return ended


def serve():
    """Serves the socket. It returns only in a child, when that may run its function."""
    control, doomed = socket.socket(fileno=CONTROL), set()
    signal.signal(signal.SIGTERM, lambda *_: None)  # the process ends when the server hangs up; see python.py's shield
    failed = import_modules(sys.argv[2])
    hello = {"failed": failed} if failed else dict(imported(), pid=os.getpid(), cuda=touches_gpu())
    child = zygote_child.Child()
    gc.collect()
    gc.freeze()
    control.send(json.dumps(hello).encode())
    while True:
        request, birth, _, _ = socket.recv_fds(control, 64, 1)
        if request == b"fork":
            if fork(control):
                control.detach()
                return child.start(*birth)
            os.close(*birth)
        elif request:
            doomed.add(int(request))
            control.send(b"reaped %d" % reap(doomed).get(int(request), -1))
        else:  # the server is gone
            os._exit(0)
