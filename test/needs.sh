#!/bin/sh
# Prints which of Debian's packages the tests want and this host lacks, each with
# what it is for: a C compiler (for the race detector), bash, Python, Node, Java
# with Gson, and PHP. It installs nothing.
set -u
lacks() { echo "$1"; }
for need in gcc:gcc bash:bash python3:python3 node:nodejs npm:npm javac:default-jdk-headless php:php-cli curl:curl; do
	command -v "${need%%:*}" >/dev/null || lacks "${need##*:}"
done
python=/usr/bin/python3
[ -x $python ] || python=python3
"$python" -m pip --version >/dev/null 2>&1 || lacks python3-pip
"$python" -c 'import ensurepip' >/dev/null 2>&1 || lacks python3-venv
[ -e /usr/share/java/gson.jar ] || lacks libgoogle-gson-java
[ -e /usr/include/stdlib.h ] || lacks libc6-dev
