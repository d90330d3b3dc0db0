#!/bin/sh
# Installs what the tests need beside Go, and says what it does; with all there
# it does nothing. Debian's packages need root, once; the rest lies in a cache
# that root's share with everybody.
set -eu
cd "$(dirname "$0")/.."
missing=$(test/needs.sh | tr '\n' ' ')
quietly() { printed=$("$@" 2>&1) || { printf '%s\n' "$printed" >&2; return 1; }; }
sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if [ -n "$missing" ]; then
	command -v apt-get >/dev/null || { echo "deps: there is no apt-get here; install these yourself: $missing" >&2; exit 1; }
	if [ -n "$sudo" ] && ! $sudo true 2>/dev/null; then
		echo "deps: run make deps as root once; it installs Debian's $missing" >&2
		exit 1
	fi
	echo "deps: installing Debian's $missing(apt-get)"
	# shellcheck disable=SC2086 # a list of packages, and sudo may be nothing
	quietly $sudo apt-get update -qq
	# shellcheck disable=SC2086
	quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi
examples/plates/setup.sh >/dev/null
test/openwhisk.sh >/dev/null
test/uv.sh >/dev/null
