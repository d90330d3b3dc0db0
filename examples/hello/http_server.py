#!/usr/bin/env python3
"""Greets: the smallest action of kind http, a web server."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_POST(self):
        args = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = args.get("name", "stranger")
        print("greeting", name)  # the activation's log
        answer = json.dumps({"greeting": f"Hello, {name}!"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass  # a line for each request would be in the activation's log too


if __name__ == "__main__":
    # What takes long, a model to load, comes before: the server is ready when it listens.
    ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Hello).serve_forever()
