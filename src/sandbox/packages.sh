# Installs packages inside a container; packages.c runs this text and reads what it says at the end.
# For any POSIX shell, busybox's included, without capabilities.
#
# Standard input has a line for each package: what to install, a tab, the name that its manager
# lists it by ("" where only the install tells).  SANDPOD_MANAGER is pip, npm, apk or apt;
# SANDPOD_INDEX the index to use ("": the manager's own).  The report comes last on standard output,
# after a line of its own with SANDPOD_REPORT: what was said before is the managers'.

manager=$SANDPOD_MANAGER index=$SANDPOD_INDEX report=$SANDPOD_REPORT
unset SANDPOD_INSTALL SANDPOD_MANAGER SANDPOD_INDEX SANDPOD_REPORT
set -f
newline='
'
tab=$(printf '\t')
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

has() {
	command -v "$1" >/dev/null 2>&1
}

# --- each manager: whether it is here, install, what is installed, why it failed ---------------

pip_here() {
	has python3 && python3 -c 'import pip' 2>/dev/null
}
# The image's Python is the container's own to change; whatever asks would wait for ever.
pip_add() {
	PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1 \
	PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=off \
	PIP_RETRIES=2 PIP_DEFAULT_TIMEOUT=15 PYTHONUNBUFFERED=1 \
	python3 -m pip install ${index:+--index-url="$index"} ${trusted:+--trusted-host="$trusted"} -- "$@"
}
pip_list() {
	python3 -c 'import re, importlib.metadata as m
for d in m.distributions():
    print(re.sub("[-_.]+", "-", d.metadata["Name"] or "").lower(), d.version)'
}
pip_reason() {
	sed -n -e "s/.*after connection broken by '\(.*\)': .*/the index cannot be reached: \1/p" "$1" |
		tail -n 1 | grep . || grep -E '^ *(ERROR|error): ' "$1" | tail -n 1 | sed 's/^ *[A-Za-z]*: //'
}

npm_here() {
	has npm && has node
}
npm_add() {
	npm_config_fetch_retries=1 npm_config_fetch_timeout=30000 \
	npm install --no-audit --no-fund --no-update-notifier --no-progress \
		${index:+--registry="$index"} -- "$@"
}
npm_list() {
	node -e 'const fs = require("fs"), root = "node_modules/";
const inside = (dir) => fs.existsSync(dir) ? fs.readdirSync(dir) : [];
for (const name of inside(root))
	for (const at of name[0] == "@" ? inside(root + name).map((n) => name + "/" + n) : [name])
		try {
			const about = JSON.parse(fs.readFileSync(root + at + "/package.json", "utf8"));
			console.log(about.name + " " + about.version);
		} catch (none) {}'
}
npm_reason() {
	sed -n -E 's/^npm (ERR!|error) //p' "$1" |
		grep -v -E '^(code|errno|syscall|type|$)|complete log' | head -n 1
}

apt_here() {
	has apt-get && has dpkg-query
}
# The user that apt drops to needs capabilities that a container has not.
apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 \
		-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
		${index:+-o "Dir::Etc::SourceList=$work/sources.list"} \
		${index:+-o "Dir::Etc::SourceParts=/dev/null"} "$@"
}
# An index that is younger than an hour does.
apt_update() {
	fresh=/var/lib/apt/lists/.sandpod-fresh
	case $index in
	'') ;;
	'deb '*) printf '%s\n' "$index" >"$work/sources.list" ;;
	*) (
		. /etc/os-release
		printf 'deb %s %s main\n' "$index" "${VERSION_CODENAME:-stable}"
	) >"$work/sources.list" ;;
	esac
	# Debian gives these to that user, and root is nothing special to a folder here.
	for folder in /var/lib/apt/lists/partial /var/cache/apt/archives/partial; do
		[ -w "$folder" ] || { rm -rf "$folder" && mkdir -p "$folder"; }
	done
	[ -z "$(find "$fresh" -mmin -60 2>/dev/null)" ] || return 0
	apt -o APT::Update::Error-Mode=any update && : >"$fresh"
}
apt_add() {
	apt_update && apt install -y --no-install-recommends -- "$@"
}
apt_list() {
	dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\n' | sed -n 's/^ii *//p'
}
apt_reason() {
	sed -n 's/^E: //p' "$1" | head -n 1
}

apk_here() {
	has apk
}
apk_add() {
	if [ -n "$index" ]; then
		version=$(sed -n 's/^\([0-9]*\.[0-9]*\).*/v\1/p' /etc/alpine-release 2>/dev/null)
		printf '%s\n' "$index/${version:-edge}/main" "$index/${version:-edge}/community" \
			>"$work/repositories"
	fi
	apk add --no-cache --no-progress ${index:+--repositories-file "$work/repositories"} "$@"
}
apk_list() {
	apk info -v 2>/dev/null | sed 's/-\([^-]*-r[0-9]*\)$/ \1/'
}
apk_reason() {
	sed -n -e '/^ERROR: unable to select packages/{n;s/^ *\(.*\):$/\1/p;q;}' "$1" | grep . ||
		sed -n 's/^ERROR: //p' "$1" | head -n 1
}

# --- the work --------------------------------------------------------------------------------

# $@ in one go: what is said is shown, and kept for the reason.
attempt() {
	rm -f "$work/done"
	{ "${manager}_add" "$@" && : >"$work/done"; } 2>&1 9>&- </dev/null | tee "$work/log"
	[ -e "$work/done" ]
}

fail() {
	reason=$("${manager}_reason" "$work/log" | tr '\t\r' '  ' | head -n 1)
	[ -n "$reason" ] || reason=$(grep . "$work/log" | tail -n 1 | tr '\t\r' '  ')
	printf 'failed\t%s\t%s\n' "$1" "$reason" >>"$work/failed"
}

# All together, so that they fit each other; one by one when that fails, so that one bad name does
# not keep the others out.
install_all() {
	attempt "$@" && return
	if [ $# -eq 1 ]; then
		fail "$1"
		return
	fi
	for package in "$@"; do
		attempt "$package" || fail "$package"
	done
}

# Those that were asked for by name and are here, then whatever else came or changed.
report_installed() {
	while IFS=$tab read -r package name; do
		grep -q -x -F "failed$tab$package" "$work/refused" && continue
		while read -r found version; do
			[ "$found" != "$name" ] || printf 'installed\t%s\t%s\n' "$found" "$version"
		done <"$work/after"
	done <"$work/asked" >"$work/rows"
	cat "$work/rows"
	echo / >>"$work/rows" # a list of nothing is not the same to every grep
	grep -v -x -F -f "$work/before" "$work/after" |
		sed "s/^\([^ ]*\) /installed$tab\1$tab/" | grep -v -x -F -f "$work/rows"
}

if ! "${manager}_here"; then
	printf '\n%s\nmissing\t%s\nhere\t' "$report" "$manager"
	gap=
	for other in pip npm apk apt; do
		"${other}_here" || continue
		printf '%s%s' "$gap" "$other"
		gap=', '
	done
	echo
	exit 127
fi

case $index in
http://*)
	trusted=${index#http://} trusted=${trusted%%/*} trusted=${trusted##*@}
	;;
esac

# One at a time in a container; who comes second waits, and finds what the first has done.
lock=/tmp/.sandpod-packages
if has flock && (exec 9>>"$lock") 2>/dev/null; then
	exec 9>>"$lock"
	flock -n 9 || { echo 'waiting for another install in this container'; flock 9; }
fi

cat >"$work/asked"
: >"$work/failed"
IFS=$newline
set -- $(cut -f 1 "$work/asked")
unset IFS
{ echo /; "${manager}_list"; } >"$work/before"
install_all "$@"
"${manager}_list" >"$work/after"
cut -f 1,2 "$work/failed" >"$work/refused"
printf '\n%s\nmanager\t%s\n' "$report" "$manager"
report_installed
cat "$work/failed"
[ ! -s "$work/failed" ]
