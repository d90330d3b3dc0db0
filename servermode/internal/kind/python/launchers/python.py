"""Runs a Python action over ActionLoop: python.py FOLDER MAIN, or in forks: see zygote.py.

A JSON line comes in on stdin, the result's line goes out on descriptor 3, what
the action prints goes to stdout and stderr. The first line out is the ack.
"""
import glob
import importlib.util
import json
import os
import select
import signal
import sys
import traceback

# The launcher keeps its own, because an action may replace json's functions.
decode, encode, getpid = json.JSONDecoder().decode, json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode, os.getpid


def own_channels():
    """Takes stdin and descriptor 3 for the protocol, away from the action."""
    requests = os.fdopen(os.dup(0), "rb")  # dup's copies are not inherited by children
    answers = os.fdopen(os.dup(3), "wb")
    os.close(3)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests, answers


def shield(requests):
    """Ignores SIGTERM until the server has hung up: only then is it meant for this process.

    A service manager may send it to everything that the server has started, while the
    server lets runs finish. The action may set a handler of its own.
    """
    look = select.poll()
    look.register(requests, 0)  # a hang-up is always reported

    def spare(number, frame):
        if getpid() != PID or look.poll(0):
            signal.signal(number, signal.SIG_DFL)
            os.kill(getpid(), number)

    def unshield():
        if signal.getsignal(signal.SIGTERM) is spare:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, spare)
    # What the action forks ends by SIGTERM at once: a handler waits for Python code to
    # run, and a pool's worker that is about to wait for work runs none any more.
    os.register_at_fork(after_in_child=unshield)


def prepare_logs():
    """Sends each line at once, so that a killed run leaves what it printed."""
    sys.stdout.reconfigure(line_buffering=True)


def flush():
    for stream in sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__:
        try:
            stream.flush()
        except Exception:  # the action closed or replaced it
            pass


def reply(answers, message):
    flush()
    if getpid() != PID:  # a child that the action forked and let return
        os._exit(0)
    answers.write(message + b"\n")
    answers.flush()


def print_traceback():
    """Prints a traceback of the action's frames. Ours and the import system's mean nothing to its author."""
    error = sys.exc_info()[1]
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename in (__file__, *MACHINERY):
        frames = frames.tb_next
    try:
        traceback.print_exception(type(error), error, frames)
    except Exception:  # the action took stderr away
        pass


def use_virtualenv(folder):
    """Makes the packages of a virtualenv/ in the action's zip importable."""
    env = os.path.join(folder, "virtualenv")
    if not os.path.isdir(env):
        return
    version = "python%d.%d" % sys.version_info[:2]
    lib = os.path.join(glob.escape(env), "lib")
    found = glob.glob(os.path.join(lib, version, "site-packages"))
    found = found or glob.glob(os.path.join(lib, "python3*", "site-packages"))
    activate = os.path.join(env, "bin", "activate_this.py")
    if os.path.isfile(activate):
        with open(activate) as source:
            exec(compile(source.read(), activate, "exec"), {"__file__": activate, "__name__": "__main__"})
    elif not found:
        sys.exit("Invalid virtualenv. Zip file does not include virtualenv/bin/activate_this.py "
                 "or virtualenv/lib/python3.*/site-packages.")
    import site
    for packages in found[:1]:
        before = list(sys.path)
        site.addsitedir(packages)
        sys.path[:] = [p for p in sys.path if p not in before] + before


def name_it_main(folder, path):
    """Lets the action's processes import it: those that multiprocessing spawns look for the module main__."""
    try:
        os.symlink(os.path.basename(path), os.path.join(folder, "main__.py"))
    except OSError:  # the link exists, or the folder is not writable
        pass


def load(folder, main):
    sys.path[0] = folder
    use_virtualenv(folder)
    sys.path.insert(0, sys.path.pop(sys.path.index(folder)))
    path = os.path.join(folder, "__main__.py")
    name_it_main(folder, path)
    spec = importlib.util.spec_from_file_location("main__", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["main__"] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, main, None)):
        raise NameError("the action has no function '%s'" % main)
    return getattr(module, main)


def clean(text):
    """Replaces lone surrogates, which JSON cannot hold, by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def cause(error):
    text = traceback.format_exception_only(type(error), error)[-1].strip()
    return clean(text)[:1000]


def message(error):
    try:
        return clean(str(error)) or cause(error)
    except Exception:  # its __str__ fails
        return cause(error)


def failure(text):
    return encode({"error": text}).encode("utf-8")


def start(answers, folder, main):
    try:
        return load(folder, main)
    except Exception as error:
        print_traceback()
        reply(answers, failure(cause(error)))
        sys.exit(1)


class Context:
    """The __OW_ variables: those that the process started with, and over them each run's own."""

    def __init__(self):
        self.initial = dict(os.environ)
        self.names = set()

    def change(self, fields):
        for name in self.names:
            os.environ.pop(name, None)
            if name in self.initial:
                os.environ[name] = self.initial[name]
        self.names.clear()
        for name, value in fields.items():
            name = "__OW_" + name.upper()
            value = value if isinstance(value, str) else encode(value)
            try:
                os.environ[name] = value
                self.names.add(name)
            except ValueError:  # a NUL, or a lone surrogate
                pass


def activate(request, context):
    """Puts the activation's fields into the environment; returns the arguments."""
    fields = decode(request.decode("utf-8")) or {}
    arguments = fields.pop("value", None)
    context.change(fields)
    return {} if arguments is None else arguments


def run(action, request, context):
    try:
        result = action(activate(request, context))
        return encode(result).encode("utf-8")
    except Exception as error:
        print_traceback()
        return failure(message(error))


def loop():
    folder, main = sys.argv[1:3]
    del sys.argv[1:]
    requests, answers = own_channels()
    shield(requests)
    prepare_logs()
    context = Context()
    action = start(answers, folder, main)
    reply(answers, b'{"ok":true}')
    for step in WHEN_READY:
        step()
    for request in iter(requests.readline, b""):
        reply(answers, run(action, request, context))


MACHINERY = "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"
WHEN_READY = []  # what a forked process does after its start

if __name__ == "__main__":
    if sys.argv[1] == "--fork":
        __import__("zygote").serve()  # returns in each function's process
    PID = os.getpid()
    loop()
