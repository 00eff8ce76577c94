#!/bin/sh
# Makes the index of programs (see README.md) of Alpine's own package indexes; finish.sh does it for
# Debian.  Run inside an Alpine, after `apk update`.
#
#   apk_index.sh [APKINDEX.tar.gz …] >/usr/share/sandpod/programs
set -eu

[ $# -gt 0 ] || set -- /var/cache/apk/APKINDEX.*.tar.gz
for archive in "$@"; do tar -xzOf "$archive" APKINDEX; done | awk -F: '
	/^P:/ { package = $2 }
	/^p:/ {
		count = split(substr($0, 3), provides, " ")
		for (i = 1; i <= count; i++)
			if (sub(/^cmd:/, "", provides[i])) {
				sub(/[=<>~].*/, "", provides[i])
				print provides[i], (provides[i] == package ? 0 : length(package)), package
			}
	}' | LC_ALL=C sort -k1,1 -k2,2n -k3,3 | awk '$1 != last { print $1, $3; last = $1 }'
