#!/bin/sh
# Installs what the tests need beside Go: a C compiler (for the race detector),
# bash, Python, Node, Java with Gson, and PHP. It says what it does; with all
# there it does nothing.
set -eu
missing=
for need in gcc:gcc bash:bash python3:python3 node:nodejs npm:npm javac:default-jdk-headless php:php-cli; do
	command -v "${need%%:*}" >/dev/null || missing="$missing ${need##*:}"
done
python=/usr/bin/python3
[ -x $python ] || python=python3
$python -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"
[ -e /usr/share/java/gson.jar ] || missing="$missing libgoogle-gson-java"
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
