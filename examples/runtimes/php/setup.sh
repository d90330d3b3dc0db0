#!/bin/sh
# Makes a PHP runtime for servermode in a folder of its own:
#
#   setup.sh FOLDER
#   servermode --runtime php:8.2=FOLDER/php.env
#
# It needs PHP 8.1 or later, and installs none. Every user must be able to read
# the folder: functions run as users of their own. Packages for all actions can be
# put into FOLDER/vendor by Composer; an action with a vendor/ has its own instead.
set -eu
[ $# = 1 ] || { echo "usage: setup.sh FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
php=$(command -v php) || { echo "php: Debian's php-cli is missing" >&2; exit 1; }
version=$("$php" -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
[ "$("$php" -r 'echo PHP_VERSION_ID >= 80100 ? "new" : "old";')" = new ] || { echo "php: PHP $version is too old, 8.1 is needed" >&2; exit 1; }

umask 022
mkdir -p "$1"
dest=$(cd "$1" && pwd)
case $dest in *[\'\"\\]*) echo "php: no quotes or backslashes in the folder's name, please" >&2; exit 1 ;; esac
cp "$here/compile" "$here/start" "$here/launcher.php" "$dest/"
chmod 755 "$dest/compile" "$dest/start"
chmod 644 "$dest/launcher.php"
cat >"$dest/php.env" <<END
OW_COMPILER=$dest/compile
OW_WAIT_FOR_ACK=1
PHP=$php
END
echo "php: servermode --runtime php:$version=$dest/php.env"
