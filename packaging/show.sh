#!/bin/bash
# Shows the main job on a running server: a container made, a command run, its output, a file fetched
# by its link, how long each took, and the container destroyed.
#
#   packaging/show.sh http://127.0.0.1:3000 [KEY]      (or KEY in the environment)
set -eu

url=$1
key=${2:-${KEY:-}}
auth=()
[ -z "$key" ] || auth=(-H "Authorization: Bearer $key")
heads=$(mktemp)
trap 'rm -f "$heads" "$heads.body"' EXIT
session=()

# post METHOD PARAMS_JSON: one MCP message; the answer goes to a file, the seconds to standard output.
# What takes long is answered by an event stream, of which the last message counts.
post() {
	jq -cn --arg method "$1" --argjson params "$2" \
		'{jsonrpc: "2.0", id: 1, method: $method, params: $params}' |
		curl -sS --max-time 60 -D "$heads" -o "$heads.body" -w '%{time_total}' -H 'Content-Type: application/json' \
			-H 'Accept: application/json, text/event-stream' "${auth[@]}" "${session[@]}" \
			--data-binary @- "$url/mcp"
	if grep -qi '^content-type: text/event-stream' "$heads"; then
		sed -n 's/^data: \(.\)/\1/p' "$heads.body" | tail -n 1 >"$heads.last"
		mv "$heads.last" "$heads.body"
	fi
}

# tool NAME ARGUMENTS_JSON: the result of a tool goes to answer, the time it took to took.
tool() {
	local params seconds
	params=$(jq -cn --arg name "$1" --argjson arguments "$2" '{name: $name, arguments: $arguments}')
	seconds=$(post tools/call "$params")
	took=$(jq -nr --argjson s "$seconds" '$s * 10000 | round / 10')
	answer=$(jq -c '.result // empty' "$heads.body" 2>/dev/null || true)
	[ -n "$answer" ] || fail "$1: $(head -c 500 "$heads.body")"
	[ "$(jq -r '.isError // false' <<<"$answer")" = false ] || fail "$(jq -r '.content[0].text' <<<"$answer")"
}

fail() {
	echo "$*" >&2
	exit 1
}

field() {
	jq -r ".structuredContent.$1" <<<"$answer"
}

post initialize '{"protocolVersion": "2025-11-25", "capabilities": {},
	"clientInfo": {"name": "show", "version": "1"}}' >/dev/null
if grep -q '^HTTP/[0-9.]* 401' "$heads"; then
	fail "the server asks for its key, which was shown at its first start: KEY=sp_… $0 $url"
fi
id=$(sed -n 's/^[Mm]cp-[Ss]ession-[Ii]d: *\([!-~]*\).*$/\1/p' "$heads")
[ -n "$id" ] || fail "no session: $(head -c 500 "$heads.body")"
session=(-H "Mcp-Session-Id: $id" -H 'MCP-Protocol-Version: 2025-11-25')

echo
echo "--- the main job ---"
tool create_container '{"name": "first-look"}'
container=$(field container_id)
echo "create_container        $took ms   $container, expires $(field expires_at)"

args=$(jq -cn --arg c "$container" \
	'{container_id: $c, command: "uname -sr; id; echo hello from a container > /workspace/hello.txt"}')
tool execute_command "$args"
echo "execute_command         $took ms   exit $(field exit_code)"
field stdout | sed -e '/^$/d' -e 's/^/    /'

args=$(jq -cn --arg c "$container" '{container_id: $c, file_path: "hello.txt"}')
tool get_file_url "$args"
link=$(field url)
echo "get_file_url            $took ms   $link"
curl -sS --max-time 30 -w '    (%{http_code}, fetched in %{time_total} s)\n' "$link" | sed 's/^\([^ ]\)/    \1/'

tool check_container "$(jq -cn --arg c "$container" '{container_id: $c}')"
echo "check_container         $took ms   $(field usage.memory_bytes) bytes of memory, $(field usage.pids) processes"

tool destroy_container "$(jq -cn --arg c "$container" '{container_id: $c}')"
echo "destroy_container       $took ms   $(field status)"

curl -sS --max-time 30 -o /dev/null -X DELETE "${auth[@]}" "${session[@]}" "$url/mcp"

echo
echo "--- paste this into your client's configuration ---"
if [ -n "$key" ]; then
	jq -n --arg url "${BASE_URL:-$url}/mcp" --arg key "Bearer $key" \
		'{mcpServers: {sandpod: {type: "http", url: $url, headers: {Authorization: $key}}}}'
else
	jq -n --arg url "${BASE_URL:-$url}/mcp" '{mcpServers: {sandpod: {type: "http", url: $url}}}'
fi
echo "serving on $url; stop it with Ctrl-C"
