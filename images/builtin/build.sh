#!/bin/sh
# Makes the built-in root file system: the distribution's static busybox and a few files, as a tar
# that Podman imports.  For machines that cannot reach a container registry; `make run` falls back to
# it by itself.
#
#   images/builtin/build.sh OUTPUT.tar
set -eu

output=$1
busybox=${BUSYBOX:-/bin/busybox}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

if [ ! -x "$busybox" ]; then
	echo "builtin: $busybox is missing (package busybox-static)" >&2
	exit 1
fi

cd "$root"
mkdir -p bin sbin usr/bin usr/sbin usr/local/bin usr/local/sbin etc dev proc sys run var/log var/tmp \
	root tmp workspace home lib
chmod 1777 tmp var/tmp
chmod 0700 root

cp "$busybox" bin/busybox
chmod 0755 bin/busybox
# A static program says so; a dynamic one would not run in here.
if ! chroot . /bin/busybox true 2>/dev/null; then
	echo "builtin: $busybox is not static (package busybox-static)" >&2
	exit 1
fi
for applet in $(bin/busybox --list); do
	[ "$applet" = busybox ] || ln -s /bin/busybox "bin/$applet"
done
ln -s /bin/busybox usr/bin/env

cat >etc/passwd <<-'END'
	root:x:0:0:root:/root:/bin/sh
	nobody:x:65534:65534:nobody:/nonexistent:/bin/false
END
cat >etc/group <<-'END'
	root:x:0:
	nogroup:x:65534:
END
cat >etc/os-release <<-'END'
	ID=sandpod-builtin
	NAME="Sandpod built-in"
	PRETTY_NAME="Sandpod built-in (busybox)"
END
echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' >etc/profile
: >etc/hosts
: >etc/resolv.conf

tar --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -cf "$output.tmp" .
mv "$output.tmp" "$output"
