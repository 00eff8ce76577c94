#!/bin/bash
# Starts the server, shows the main job once, and keeps serving until it is told to stop.
#
#   packaging/run.sh /path/to/sandpod
set -eu

program=$1

# What `make images` has left is offered beside the default.
if [ -z "${SANDBOX_IMAGES:-}" ]; then
	offered=
	for tar in "$(dirname "$0")"/../build/images/*.tar; do
		[ -f "$tar" ] && offered="$offered,$(basename "$tar" .tar)=$(realpath "$tar")"
	done
	[ -z "$offered" ] || export SANDBOX_IMAGES="${offered#,}"
fi

coproc SERVER { exec "$program"; }
server=$SERVER_PID
trap 'kill -TERM "$server" 2>/dev/null || true' INT TERM

url=
key=
while read -r line <&"${SERVER[0]}"; do
	echo "$line"
	case $line in
	'api key (shown'*) key=${line##* } ;;
	'listening on '*) url=${line#listening on } && break ;;
	esac
done
if [ -z "$url" ]; then
	wait "$server"
	exit $?
fi

# What listens everywhere is reached on loopback from here.
near=${url/0.0.0.0/127.0.0.1}
"$(dirname "$0")/show.sh" "$near" "$key" || echo "the main job could not be shown; the server goes on" >&2

# Keep its standard output flowing until it ends; a signal ends it gracefully.
while read -r line <&"${SERVER[0]}"; do echo "$line"; done 2>/dev/null || true
wait "$server"
