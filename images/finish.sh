#!/bin/bash
# The last touch to a root file system: our settings, the index of programs that hints are made of,
# and nothing that can be made again.  Called by mmdebstrap.
#
#   finish.sh FILES ROOT
set -euo pipefail

files=$1
root=$2
index=$root/usr/share/sandpod/programs

# Each "PROGRAM PACKAGE", sorted.  Where several packages have a program: the one of its name, else the
# shortest name.  What packages only make when they are installed (alternatives) is not in there.
make_index() {
	local lists=("$root"/var/lib/apt/lists/*Contents*)
	[ -e "${lists[0]}" ] || return 0
	mkdir -p "$(dirname "$index")"
	{
		/usr/lib/apt/apt-helper cat-file "${lists[@]}" | LC_ALL=C awk '
			match($1, /^(usr\/)?s?bin\//) && NF == 2 {
				program = substr($1, RLENGTH + 1)
				count = split($2, found, ",")
				for (i = 1; i <= count; i++) {
					sub(/.*\//, "", found[i])
					print program, (found[i] == program ? 0 : length(found[i])), found[i]
				}
			}'
		cat <<-'END'
			awk 1 gawk
			c++ 1 g++
			cc 1 gcc
			convert 1 imagemagick
			identify 1 imagemagick
			java 1 default-jre-headless
			javac 1 default-jdk-headless
			nc 1 netcat-openbsd
			telnet 1 inetutils-telnet
			vi 1 vim-tiny
			vim 1 vim
		END
	} | LC_ALL=C sort -k1,1 -k2,2n -k3,3 | LC_ALL=C awk '$1 != last { print $1, $3; last = $1 }' >"$index"
}

[ -e "$index" ] || make_index
cp -a "$files/." "$root/"
chown -R 0:0 "$root/etc/pip.conf" "$root/etc/gitconfig" "$root/etc/apt/apt.conf.d" "$root/etc/dpkg/dpkg.cfg.d"
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED "$root"/etc/apt/apt.conf.d/99mmdebstrap \
	"$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$root"/etc/hostname "$root"/etc/resolv.conf
: >"$root/etc/resolv.conf"
rm -rf "$root"/usr/share/{doc,info,lintian,locale,man}/* "$root"/var/cache/{apt,debconf,fontconfig,ldconfig}/* \
	"$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/tmp/* "$root"/var/lib/dpkg/*-old
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/workspace"
