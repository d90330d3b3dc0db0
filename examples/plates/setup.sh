#!/bin/sh
# Finds a Python that can run plates.py, installing what is missing, and prints
# its path. What it does is said on stderr.
#
#   setup.sh [--from any|pypi|debian]
#   setup.sh --find                     installs nothing
#
# A server that is root runs functions as users of their own, so as root a
# Python counts only if such a user can run it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
shared=/var/cache/whiskaway # root's, which others can read
from=any
[ "${1:-}" = --from ] && from=$2
[ "${1:-}" = --find ] && from=nowhere
if [ "$(id -u)" = 0 ]; then
	root=true cache=$shared
else
	root=false cache=${XDG_CACHE_HOME:-$HOME/.cache}/whiskaway
fi
name=plates-$(cksum <"$here/requirements.txt" | cut -d' ' -f1)
venv=$cache/$name

say() { echo "plates: $*" >&2; }

# quietly shows what a command printed only if it fails.
quietly() { printed=$("$@" 2>&1) || { printf '%s\n' "$printed" >&2; return 1; }; }

# as_function runs a command as a server's functions run.
as_function() {
	if $root; then
		setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" "$@"
	else
		"$@"
	fi
}

# engine prints which engine an interpreter would read plates with.
engine() {
	[ -x "$1" ] || return 1
	{ cat "$here/plates.py"; printf '\nimport sys\nprint(READER.name) if READER else sys.exit(1)\n'; } |
		(cd / && as_function "$1" -B -) 2>/dev/null
}

# use prints the interpreter and ends, if it can run the action.
use() {
	if found=$(engine "$1"); then
		say "using $1, which reads plates with $found"
		echo "$1"
		exit 0
	fi
}

base_pythons() {
	for p in /usr/bin/python3 /usr/local/bin/python3 "$(command -v python3 || true)"; do
		[ -n "$p" ] && [ -x "$p" ] && (cd / && as_function "$p" -c '') 2>/dev/null && echo "$p"
	done
	return 0
}

apt() {
	if ! command -v apt-get >/dev/null; then
		say "there is no apt-get here to install $*"
		return 1
	fi
	sudo=
	if ! $root; then
		command -v sudo >/dev/null || { say "installing $* needs root: run as root, or install them yourself"; return 1; }
		sudo="sudo -n"
	fi
	say "installing Debian's $* (apt-get)"
	# shellcheck disable=SC2086 # sudo may be nothing
	quietly $sudo apt-get update -qq &&
		quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

from_pypi() {
	[ -n "$(base_pythons)" ] || apt python3 python3-venv || return 1
	python=$(base_pythons | head -n 1)
	mkdir -p "$cache"
	rm -rf "$venv.new"
	if ! "$python" -m venv "$venv.new" >/dev/null 2>&1; then
		apt python3-venv || return 1
		"$python" -m venv "$venv.new" >&2 || return 1
	fi
	say "installing $(grep -v '^#' "$here/requirements.txt" | tr '\n' ' ')into $venv (pip)"
	"$venv.new/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 -r "$here/requirements.txt" >&2 || {
		say "Python's packages cannot be had here"
		rm -rf "$venv.new"
		return 1
	}
	rm -rf "$venv"
	mv "$venv.new" "$venv"
	if $root; then chmod -R go+rX "$cache"; fi
}

from_debian() { apt python3 python3-opencv python3-numpy tesseract-ocr; }

case $from in
debian) use /usr/bin/python3 ;;
*)
	[ -n "${WHISKAWAY_PYTHON:-}" ] && use "$WHISKAWAY_PYTHON"
	use "$shared/$name/bin/python"
	use "$venv/bin/python"
	;;
esac
if [ "$from" = any ] || [ "$from" = nowhere ]; then
	for p in $(base_pythons); do use "$p"; done
fi
[ "$from" != nowhere ] || exit 1
if [ "$from" != debian ] && from_pypi; then use "$venv/bin/python"; fi
if [ "$from" != pypi ] && from_debian; then use /usr/bin/python3; fi
say "no Python here can run plates.py. It needs the packages of requirements.txt,"
say "or Debian's python3-opencv, python3-numpy and tesseract-ocr."
exit 1
