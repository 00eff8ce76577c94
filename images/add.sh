#!/bin/bash
# Adds an image's own packages to a root file system that is there already, and what else belongs to
# it.  Called by mmdebstrap, whose apt is of this machine and whose dpkg runs inside.
#
#   add.sh IMAGE_DIRECTORY ROOT
set -euo pipefail

image=$1
root=$2
export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG DEBIAN_FRONTEND=noninteractive
mapfile -t packages < <(grep -v '^#' "$image/packages")
debs=$root/var/cache/sandpod
mkdir -p "$debs"

# without PACKAGE DEPENDENCY…: the package, less these dependencies (and what may stand in for them).
without() {
	local package=$1 control=$debs/$1/DEBIAN/control
	shift
	(cd "$debs" && apt-get -qq download "$package" >/dev/null)
	dpkg-deb -R "$debs/$package"_*.deb "$debs/$package"
	rm "$debs/$package"_*.deb
	awk -v unwanted=" $* " '
		/^Depends:/ {
			count = split(substr($0, 10), wants, /, */)
			line = ""
			for (i = 1; i <= count; i++) {
				split(wants[i], words, " ")
				if (index(unwanted, " " words[1] " ") == 0)
					line = line (line == "" ? "" : ", ") wants[i]
			}
			$0 = "Depends: " line
		}
		{ print }' "$control" >"$control.less"
	mv "$control.less" "$control"
	dpkg-deb -b -Znone "$debs/$package" "$debs/$package.deb" >/dev/null
	packages+=("$debs/$package.deb")
}

if [ -f "$image/without" ]; then
	while read -r line; do
		# shellcheck disable=SC2086
		without $line
	done < <(grep -v '^#' "$image/without")
fi
apt-get -qq -y -o DPkg::Chroot-Directory="$root" install "${packages[@]}" >/dev/null
rm -rf "$debs"
[ ! -x "$image/finish.sh" ] || "$image/finish.sh" "$root"
