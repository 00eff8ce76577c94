#!/bin/sh
# Puts a root file system's tar into a storage of Podman's as localhost/sandpod-NAME, where the one of
# before was: for servers that use the image in place (IMAGE_STORE).
#
#   images/store.sh NAME INPUT.tar STORE
set -eu

reference=localhost/sandpod-$1
tar=$(realpath "$2")
store=$(realpath -m "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$store"
exec 9>"$store.lock"
flock 9

# Nothing is run here, but Podman wants to know a runtime.
runtime=runc
command -v runc >/dev/null || runtime=crun
cat >"$work/containers.conf" <<-END
	[engine]
	runtime = "$runtime"
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	lock_type = "file"
	[network]
	network_backend = "netavark"
END

# Podman's own book-keeping names directories of the one that wrote it; the images are not in there.
in_store() {
	rm -rf "$store/libpod"
	CONTAINERS_CONF=$work/containers.conf HOME=$work TMPDIR=$work timeout 600 podman \
		--root "$store" --runroot "$work/run" --tmpdir "$work/tmp" --storage-driver overlay "$@"
}

in_store rmi "$reference" >/dev/null 2>&1 || true
in_store import "$tar" "$reference" >/dev/null 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
rm -rf "$store/libpod"
