#!/bin/sh
# Puts the driver of the web tools, and the library that it needs from npm, into a root file system.
# npm goes where this machine's own configuration sends it, and runs nothing of what it fetches.
#
#   finish.sh ROOT
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=$1/usr/lib/sandpod/web
rm -f "$1"/usr/lib/chromium/libVkLayer_* # 22 MB for debugging Vulkan
command -v npm >/dev/null || { echo "images: npm is missing" >&2; exit 1; }

mkdir -p "$place"
tar -C "$here/driver" --exclude=./node_modules --exclude=./test -cf - . | tar -C "$place" -xf -
(cd "$place" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
chown -R 0:0 "$place"
