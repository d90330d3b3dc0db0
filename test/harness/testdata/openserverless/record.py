"""Records what a client and a server proxy of Apache OpenServerless say.

    record.py SERVER CLIENT RELAY

are ports on this host: of a server, of a client, and of a relay that this script
opens between them. It writes server.json (answers) and client.json (requests).
"""
import hashlib, http.client, http.server, json, os, sys, threading

here = os.path.dirname(os.path.abspath(__file__))
server, client, relay = map(int, sys.argv[1:])
code = open(os.path.join(here, "action.py")).read()
digest = hashlib.md5(code.encode()).hexdigest()
answers, requests = {}, {}
name = None  # of the exchange under way at the relay


def post(port, path, body):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        conn.request("POST", path, body, {"Content-Type": "application/json", "X-Of-The-Invoker": "yes"})
        got = conn.getresponse()
        return {"status": got.status, "type": got.getheader("Content-Type"), "body": plain(got.read().decode())}
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return {"status": 0, "type": None, "body": ""}  # closed without an answer
    finally:
        conn.close()


def plain(text):
    return text.replace(digest, "HASH")


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        header = {k: v for k, v in self.headers.items() if k not in ("Host", "Content-Length")}
        sent = plain(body.decode()).replace(json.dumps(code, ensure_ascii=False), '"CODE"')
        requests[name] = {"path": self.path, "header": header, "body": sent}
        conn = http.client.HTTPConnection("127.0.0.1", server, timeout=10)
        conn.request("POST", self.path, body, dict(self.headers.items()))
        got = conn.getresponse()
        text = got.read()
        answers[name] = {"status": got.status, "type": got.getheader("Content-Type"), "body": plain(text.decode())}
        self.send_response(got.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def init(**value):
    env = {"__OW_NAMESPACE": "guest", "SECRET": "one", "NUMBER": 7}
    return json.dumps({"value": {"name": "hello", "binary": False, "code": code, "env": env, **value}})


H = digest
for name, path, body in [
    ("fresh-stop", "/stop", '{"actionCodeHash":"%s","proxiedActionID":"x"}' % H),
    ("fresh-run", "/run", '{"actionCodeHash":"%s","value":{}}' % H),
    ("run-no-hash", "/run", '{"value":{}}'),
    ("init-no-json", "/init", "{"),
    ("init-no-hash", "/init", '{"proxiedActionID":"x","value":{"code":"x"}}'),
    ("init-no-id", "/init", '{"value":{"code":"x","env":{"__OW_CODE_HASH":"aa"}}}'),
    ("init-no-code", "/init", '{"proxiedActionID":"x","value":{"env":{"__OW_CODE_HASH":"aa"}}}'),
    ("init-failed", "/init", '{"proxiedActionID":"x","value":{"code":"#!/bin/false","env":{"__OW_CODE_HASH":"ab"}}}'),
]:
    answers[name] = post(server, path, body)

threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", relay), Relay).serve_forever, daemon=True).start()
name = "init"
post(client, "/init", init(main="niam@http://127.0.0.1:%d" % relay))
for name, body in [
    ("run", '{"value":{"big":9007199254740993,"one":1.0,"lt":"<&>"},"activation_id":"a","namespace":"guest","deadline":"1"}'),
    ("run-error", '{"value":{"do":"error"}}'),
    ("run-list", '{"value":{"do":"list"}}'),
    ("run-scalar", '{"value":{"do":"scalar"}}'),
    ("run-after-scalar", '{"value":{}}'),
]:
    post(client, "/run", body)
for name, path, body in [
    ("run-array", "/run", '{"actionCodeHash":"%s","value":[1]}' % H),
    ("run-unknown", "/run", '{"actionCodeHash":"00","value":{}}'),
    ("run-no-json", "/run", "{"),
    ("stop-unknown", "/stop", '{"actionCodeHash":"%s","proxiedActionID":"x"}' % H),
]:
    answers[name] = post(server, path, body)
for name, body in [("run-exit", '{"value":{"do":"exit"}}'), ("run-dead", '{"value":{}}')]:
    post(client, "/run", body)
for what, into in ("server", answers), ("client", requests):
    with open(os.path.join(here, what + ".json"), "w") as f:
        json.dump(into, f, indent=1, ensure_ascii=False, sort_keys=True)
        f.write("\n")
