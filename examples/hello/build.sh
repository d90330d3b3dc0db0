#!/bin/sh
# Builds the actions that are not one source file, into bin/ or a given folder:
# hello.zip (kind native, a zip with exec), hello-requirements.zip (kind python:3)
# and hello (kind native, an ELF).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../bin}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here/zip" && python3 -m zipfile -c "$out/hello.zip" exec greeting.txt
cd "$here/requirements" && python3 -m zipfile -c "$out/hello-requirements.zip" __main__.py requirements.txt
# Static, so that it runs on any Linux of the server's architecture.
cd "$here" && CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags="-s -w" -o "$out/hello" .
