#!/bin/sh
# Installs what the tests need beside Go: a C compiler (for the race detector),
# bash and Python. It says what it does; with all there it does nothing.
set -eu
missing=
for need in gcc:gcc bash:bash python3:python3; do
	command -v "${need%%:*}" >/dev/null || missing="$missing ${need##*:}"
done
[ -e /usr/include/stdlib.h ] || missing="$missing libc6-dev"
[ -z "$missing" ] && exit 0
echo "tests: installing Debian's$missing (apt-get)"
quietly() { printed=$("$@" 2>&1) || { printf '%s\n' "$printed" >&2; return 1; }; }
sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
# shellcheck disable=SC2086 # a list of packages, and sudo may be nothing
quietly $sudo apt-get update -qq
# shellcheck disable=SC2086
quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
