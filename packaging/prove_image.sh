#!/bin/bash
# Proves the container image without a registry: bootstraps a Debian 13, builds the Dockerfile on it,
# runs it privileged and drives the main job against the Podman 5 inside, then runs it unprivileged
# and demands that it says what is missing.  Everything stays below one temporary directory.
#
#   packaging/prove_image.sh            (as root; about five minutes)
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
port=${PROVE_PORT:-3950}
name=sandpod-prove-$$

for program in podman runc mmdebstrap jq curl; do
	command -v "$program" >/dev/null || { echo "prove_image needs $program" >&2; exit 1; }
done

# A Podman of its own: private storage, and ulimits that a machine without CAP_SYS_RESOURCE allows.
cat >"$work/containers.conf" <<-'END'
	[engine]
	runtime = "runc"
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	lock_type = "file"
	[containers]
	default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
	default_sysctls = []
END

outer() {
	CONTAINERS_CONF="$work/containers.conf" timeout 900 podman --root "$work/root" \
		--runroot "$work/runroot" --tmpdir "$work/tmp" "$@"
}

clean_up() {
	set +e
	outer rm -f -t 5 "$name" >/dev/null 2>&1
	grep -o " $work[^ ]*" /proc/self/mounts | sort -r | while read -r place; do umount "$place"; done
	rm -rf "$work"
}
trap clean_up EXIT

limits=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)

echo "--- a Debian 13 root file system"
mmdebstrap --quiet --variant=minbase trixie "$work/trixie.tar"
outer import "$work/trixie.tar" localhost/trixie >/dev/null

echo "--- the image"
mapfile -t hosts < <(awk '$1 ~ /^[0-9.]+$/ && $1 !~ /^127\./ { for (i = 2; i <= NF; i++) print "--add-host=" $i ":" $1 }' /etc/hosts)
outer build --quiet --network=host "${limits[@]}" "${hosts[@]}" --build-arg BASE=localhost/trixie \
	-t localhost/sandpod "$here" >/dev/null

echo "--- privileged: the main job on the Podman inside"
mkdir "$work/volume"
outer run -d --privileged --name "$name" "${limits[@]}" --network=host -e HOST=127.0.0.1 \
	-e PORT="$port" -v "$work/volume:/var/lib/containers" localhost/sandpod >/dev/null
curl -sS -o /dev/null --fail --retry 120 --retry-delay 1 --retry-all-errors "http://127.0.0.1:$port/ready" \
	2>/dev/null || { outer logs "$name" >&2; exit 1; }
outer logs "$name" 2>&1 | grep 'Podman 5' | head -1
"$here/packaging/show.sh" "http://127.0.0.1:$port"
outer stop -t 20 "$name" >/dev/null

echo "--- unprivileged: it must end at once and say what is missing"
status=0
outer run --rm --network=none "${limits[@]}" localhost/sandpod >"$work/refusal" 2>&1 || status=$?
sed -n '/cannot start/,$p' "$work/refusal"
[ "$status" = 1 ] || { echo "it ended with $status" >&2; exit 1; }
grep -q 'cannot start' "$work/refusal" && grep -q 'privileged' "$work/refusal"
echo "--- proved"
