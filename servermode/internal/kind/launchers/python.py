"""Runs a Python action over ActionLoop: python.py FOLDER MAIN.

A JSON line comes in on stdin, the result's line goes out on descriptor 3, what
the action prints goes to stdout and stderr. The first line out is the ack.
"""
import glob
import importlib.util
import json
import os
import sys
import traceback


def own_channels():
    """Takes stdin and descriptor 3 for the protocol, away from the action."""
    requests = os.fdopen(os.dup(0), "rb")  # dup's copies are not inherited by children
    answers = os.fdopen(os.dup(3), "wb")
    os.close(3)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests, answers


def reply(answers, message):
    sys.stdout.flush()
    sys.stderr.flush()
    answers.write(message + b"\n")
    answers.flush()


def use_virtualenv(folder):
    """Makes the packages of a virtualenv/ in the action's zip importable."""
    env = os.path.join(folder, "virtualenv")
    if not os.path.isdir(env):
        return
    version = "python%d.%d" % sys.version_info[:2]
    found = glob.glob(os.path.join(env, "lib", version, "site-packages"))
    found = found or glob.glob(os.path.join(env, "lib", "python3*", "site-packages"))
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


def load(folder, main):
    sys.path[0] = folder
    use_virtualenv(folder)
    sys.path.insert(0, sys.path.pop(sys.path.index(folder)))
    path = os.path.join(folder, "__main__.py")
    spec = importlib.util.spec_from_file_location("main__", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["main__"] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, main, None)):
        raise NameError("the action has no function '%s'" % main)
    return getattr(module, main)


def cause(error):
    text = traceback.format_exception_only(type(error), error)[-1].strip()
    return text[:1000]


def start(answers, folder, main):
    try:
        return load(folder, main)
    except Exception as error:
        traceback.print_exc()
        reply(answers, json.dumps({"error": cause(error)}).encode())
        sys.exit(1)


def activate(request, known):
    """Turns the activation's fields into __OW_ variables; returns the arguments."""
    fields = json.loads(request) or {}
    arguments = fields.pop("value", {})
    for name in known:
        os.environ.pop(name, None)
    known.clear()
    for name, value in fields.items():
        name = "__OW_" + name.upper()
        value = value if isinstance(value, str) else json.dumps(value)
        try:
            os.environ[name] = value
            known.add(name)
        except ValueError:  # a NUL, or a lone surrogate
            pass
    return arguments if arguments is not None else {}


def run(action, request, known):
    try:
        result = action(activate(request, known))
        return json.dumps(result, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except Exception as error:
        traceback.print_exc()
        return json.dumps({"error": str(error) or cause(error)}).encode()


def loop():
    folder, main = sys.argv[1:3]
    del sys.argv[1:]
    requests, answers = own_channels()
    action = start(answers, folder, main)
    reply(answers, b'{"ok":true}')
    known = set()
    for request in iter(requests.readline, b""):
        reply(answers, run(action, request, known))


if __name__ == "__main__":
    loop()
