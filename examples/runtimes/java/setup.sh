#!/bin/sh
# Makes a Java runtime for servermode in a folder of its own:
#
#   setup.sh FOLDER
#   servermode --runtime java:17=FOLDER/java.env
#
# It needs a JDK and Gson, and installs neither. Every user must be able to read
# the folder: functions run as users of their own.
set -eu
[ $# = 1 ] || { echo "usage: setup.sh FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
gson=${GSON:-/usr/share/java/gson.jar}

missing=
command -v javac >/dev/null || missing="$missing default-jdk-headless"
[ -r "$gson" ] || missing="$missing libgoogle-gson-java"
[ -z "$missing" ] || { echo "java: Debian's$missing is missing (or set GSON to the path of gson.jar)" >&2; exit 1; }

umask 022
mkdir -p "$1"
dest=$(cd "$1" && pwd)
case $dest in *[\'\"\\]*) echo "java: no quotes or backslashes in the folder's name, please" >&2; exit 1 ;; esac
home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
"$home/bin/javac" -encoding UTF-8 -d "$classes" -cp "$gson" "$here"/*.java
"$home/bin/jar" cf "$dest/launcher.jar" -C "$classes" .
cp "$gson" "$dest/gson.jar"
cp "$here/compile" "$here/start" "$dest/"
chmod 755 "$dest/compile" "$dest/start"
cat >"$dest/java.env" <<END
OW_COMPILER=$dest/compile
OW_SAVE_JAR=exec.jar
OW_WAIT_FOR_ACK=1
JAVA_HOME=$home
END
echo "java: servermode --runtime java:$("$home/bin/javac" -version 2>&1 | sed 's/[^0-9]*\([0-9]*\).*/\1/')=$dest/java.env"
