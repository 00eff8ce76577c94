#!/bin/sh
# Installs what is missing, from the distribution's packages, and says what for.
#
#   packaging/install.sh build run test     (any of them, or images, prove)
set -eu

missing=""

# want PACKAGE REASON…: notes the package unless it is installed.
want() {
	package=$1
	shift
	if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
		missing="$missing $package"
		printf 'missing: %-26s %s\n' "$package" "$*"
	fi
}

# want_program PROGRAM PACKAGE REASON…: likewise, where the program may come from elsewhere (a Node.js
# of its own makers brings npm, and forbids the distribution's).
want_program() {
	program=$1
	shift
	command -v "$program" >/dev/null || want "$@"
}

if ! command -v dpkg-query >/dev/null; then
	echo "install.sh knows Debian's packages only; install the libraries of the Makefile's" \
		"'packages' line, podman and musl by hand" >&2
	exit 0
fi

for purpose in "$@"; do
	case $purpose in
	build)
		want gcc "compiles the server"
		want libc6-dev "its C library"
		want pkg-config "finds the libraries"
		want libuv1-dev "the event loop"
		want libmicrohttpd-dev "the HTTP server"
		want libcurl4-openssl-dev "talks to Podman"
		want libcjson-dev "JSON"
		want libsqlite3-dev "the database"
		want uthash-dev "hash tables"
		want libpcre2-dev "searches in output"
		want libssl-dev "SHA-256 for keys"
		want libmd4c-dev "Markdown in previews"
		want musl-tools "compiles the static agent"
		;;
	run)
		want podman "makes the containers"
		want runc "the OCI runtime where crun refuses mixed cgroups"
		want conmon "holds a container's streams"
		want netavark "container networks"
		want iptables "netavark calls it"
		want nftables "fences the container network in"
		want iproute2 "looks at bridges"
		want uidmap "user namespaces"
		want busybox-static "the built-in image"
		want ca-certificates "pulling images"
		want curl "shows the main job"
		want jq "shows the main job"
		want util-linux "ends the private Podman with the server"
		;;
	test)
		want clang "fuzzing"
		want libclang-rt-dev "fuzzing"
		want clang-format "make check"
		want clang-tidy "make check"
		want llvm "readable fuzzing reports"
		want universal-ctags "function lengths"
		want libcmocka-dev "unit tests"
		want_program node nodejs "runs the official MCP clients"
		want_program npm npm "brings the official MCP clients"
		want_program python3 python3 "the tests of its interpreter"
		want_program git git "which files to check"
		want strace "faults made on purpose"
		want chromium "what a browser makes of previews"
		;;
	images)
		want mmdebstrap "bootstraps the Debian that the images are built on"
		want podman "holds the images"
		want runc "which Podman wants to know"
		want netavark "likewise"
		want_program npm npm "brings the library of the web image's driver"
		;;
	prove)
		want mmdebstrap "bootstraps the Debian that the image is built on"
		;;
	*)
		echo "install.sh: '$purpose' is none of build, run, test, images, prove" >&2
		exit 2
		;;
	esac
done

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "run as root, or install them first: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of package names
apt-get install -y -qq --no-install-recommends $missing >/dev/null
echo "installed:$missing"
