#!/bin/sh
# Puts the driver of the web tools, and the library that it needs from npm, into a root file system.
# npm goes where this machine's own configuration sends it, and runs nothing of what it fetches.
#
#   finish.sh ROOT
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=$1/usr/lib/sandpod/web
# Chromium draws with what it brings: nothing of a graphics card's is there to be used.
rm -rf "$1"/usr/lib/*/dri "$1"/usr/lib/*/libLLVM-*.so* "$1"/usr/lib/*/libz3.so* \
	"$1"/usr/lib/chromium/libVkLayer_* "$1"/usr/share/icons/Adwaita
command -v npm >/dev/null || { echo "images: npm is missing" >&2; exit 1; }

mkdir -p "$place"
tar -C "$here/driver" --exclude=./node_modules --exclude=./test -cf - . | tar -C "$place" -xf -
(cd "$place" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
chown -R 0:0 "$place"
