#!/bin/bash
# Builds the root file system of an image from the distribution's packages, without any container
# registry, as a tar that Podman imports.  `alpine` is built from nothing, the others on its tar.
#
#   images/build.sh NAME OUTPUT.tar [BASE.tar]
#
# Packages come from where this machine's own apt gets its; SUITE names another release of Debian than
# this machine's.
set -euo pipefail

name=$1
output=$(realpath -m "$2")
base=${3:+$(realpath "$3")}
images=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v mmdebstrap >/dev/null || { echo "images: mmdebstrap is missing" >&2; exit 1; }

. /etc/os-release
[ "$ID" = debian ] || VERSION_CODENAME=
suite=${SUITE:-${VERSION_CODENAME:-trixie}}

# This machine's own sources of that release; mmdebstrap knows the usual ones otherwise.
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
	'Origin: Debian' 2>/dev/null | grep -E " $suite(-updates|-security)? " | sort -u >"$work/sources" || true
sources=()
[ -s "$work/sources" ] && sources=("$work/sources")
# A proxy that this machine's apt goes through, and nothing else of its settings.
apt-config dump | grep -iE '^Acquire::(http|https)::.*Proxy' >"$work/proxy" || true

# Which program is in which package (hints; see finish.sh).
cat >"$work/contents" <<'END'
Acquire::IndexTargets::deb::Contents-deb {
	MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
	ShortDescription "Contents-$(ARCHITECTURE)";
	Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents";
	Optional "true";
	KeepCompressed "true";
};
END

packages=$(grep -v '^#' "$images/$name/packages" | paste -sd, -)
options=(--quiet --mode=root --format=tar --aptopt="$work/proxy"
	--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"'
	--dpkgopt="$images/files/etc/dpkg/dpkg.cfg.d/90sandpod")
if [ -n "$base" ]; then
	: >"$work/none" # it has its sources
	sources=("$work/none")
	options+=(--variant=custom --skip=check/empty --setup-hook="tar-in '$base' /"
		--customize-hook="'$images/add.sh' '$images/$name' \"\$1\"")
else
	options+=(--variant=apt --include="$packages" --aptopt="$work/contents")
fi
options+=(--customize-hook="'$images/finish.sh' '$images/files' \"\$1\"")

mkdir -p "$(dirname "$output")"
if ! mmdebstrap "${options[@]}" "$suite" "$work/root.tar" "${sources[@]}" >"$work/said" 2>&1; then
	cat "$work/said" >&2
	exit 1
fi
mv "$work/root.tar" "$output"
