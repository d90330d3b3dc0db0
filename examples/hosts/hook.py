#!/usr/bin/env python3
"""A hook for `loadbalancer --hosts-hook`: its hosts are servers on this machine.

With a cloud, `up` would rent a machine whose servermode joins when it has
booted, and `down` would give it back. What the balancer says comes as JSON on
stdin; ending with 0 means that it was done.
"""

import argparse
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time
import urllib.parse


def up(args, limit):
    """Start one more server, and return when it serves."""
    if len(alive(args.dir)) >= limit:
        sys.exit(f"{limit} servers are there: no more may be")
    folder = args.dir / f"server-{time.time_ns()}"
    folder.mkdir(parents=True)
    with open(folder / "log", "wb") as log:
        # A session of its own: the hook ends, and its process group with it.
        server = subprocess.Popen(
            [args.servermode, "--listen=127.0.0.1:0", f"--state-dir={folder}/state", f"--join={args.join}",
             f"--join-token-file={args.join_token_file}", *args.more],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    (folder / "pid").write_text(str(server.pid))
    while server.poll() is None:
        for line in (folder / "log").read_text().splitlines():
            if '"msg":"serving"' in line:
                print(json.loads(line)["address"], "serves as process", server.pid)
                return
        time.sleep(0.02)
    sys.exit("the server did not start: " + (folder / "log").read_text())


def down(args, url):
    """End a server, and return when it is gone. It has no runs any more."""
    address = urllib.parse.urlsplit(url).netloc
    for folder, pid in alive(args.dir).items():
        if f'"address":"{address}"' in (folder / "log").read_text():
            gone = os.pidfd_open(pid)
            os.kill(pid, signal.SIGTERM)  # it says goodbye to the balancer
            select.select([gone], [], [])
            print(address, "has ended")
            return
    sys.exit(f"no server of ours is at {address}")


def alive(folder):
    """The servers that run, by folder. A process's number may be another's by now."""
    found = {}
    for file in folder.glob("server-*/pid"):
        pid = int(file.read_text())
        try:
            if str(file.parent).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                found[file.parent] = pid
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="folder for the servers' state and logs")
    parser.add_argument("--join", required=True, help="URL of the balancer")
    parser.add_argument("--join-token-file", required=True)
    parser.add_argument("--servermode", default="bin/servermode")
    parser.add_argument("more", nargs="*", help="after --, more flags of servermode")
    args = parser.parse_args()
    order = json.load(sys.stdin)
    if order["action"] == "up":
        up(args, order["max"])
    else:
        down(args, order["url"])


if __name__ == "__main__":
    main()
