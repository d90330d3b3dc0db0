#!/bin/sh
# Runs the suites, one after the other, and says how long each took. What is not
# here is said and its tests are skipped; with WHISKAWAY_TEST_STRICT it is a
# failure. It installs nothing: make deps does.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go} strict=${WHISKAWAY_TEST_STRICT:-}

# without says what the tests do without.
without() {
	if [ -n "$strict" ]; then echo "tests: $1: make deps installs it" >&2; exit 1; fi
	echo "tests: $1; make deps installs it" >&2
}

# suite runs a command under a name, and says how long it took.
times=
suite() {
	name=$1
	shift
	began=$(date +%s)
	"$@" || { echo "tests: $name failed after $(($(date +%s) - began)) s" >&2; exit 1; }
	times="$times$name $(($(date +%s) - began)) s, "
}

missing=$(test/needs.sh | tr '\n' ' ')
[ -z "$missing" ] || without "without Debian's ${missing% }, whose tests are skipped"
race=-race
if ! command -v "${CC:-gcc}" >/dev/null || ! [ -e /usr/include/stdlib.h ]; then race=; fi
export GORACE=atexit_sleep_ms=0

if python=$(examples/plates/setup.sh --find); then
	export WHISKAWAY_PLATES_PYTHON="$python"
	suite plates sh -c 'cd examples/plates && "$WHISKAWAY_PLATES_PYTHON" -B -m unittest -v'
else
	without "without a Python that has the plates action's libraries"
fi
if modules=$(test/openwhisk.sh --find); then export WHISKAWAY_NODE_MODULES="$modules"; else without "without the JavaScript package openwhisk"; fi
if uv=$(test/uv.sh --find); then PATH="$PATH:$uv"; else without "without uv: pip is tested"; fi

# shellcheck disable=SC2086 # race may be nothing
suite whiskaway "$GO" test $race -shuffle=on -timeout 30m ./...
# shellcheck disable=SC2086
suite bench sh -c 'cd bench && "$@"' sh "$GO" test $race -shuffle=on -timeout 30m ./...
suite fuzzers make --no-print-directory GO="$GO" fuzz
echo "tests: all passed; ${times%, }"
