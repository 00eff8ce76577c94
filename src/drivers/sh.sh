# The lasting shell: bash where there is one, else sh (dash, busybox ash).  Process 1 starts it with
# requests on descriptor 3 ("run LENGTH", then so many bytes of code) and outcomes on 4 ("done
# STATUS"); code.h has the whole.  Code runs in this very shell, so that cd, export and functions
# last.
#
# A redirection of eval is undone behind it, whatever the code did to the descriptor, and meanwhile
# the shell keeps the original where neither the code nor its programs find it.  `exit`, and a
# failure under `set -e`, end the shell, and with it the context.

# The first time this only chooses the shell.  Its loop is one line, so that the lines that the shell
# names in its errors are those of the code.
if [ -z "${SANDPOD_LOOP-}" ]; then
	export SANDPOD_LOOP
	SANDPOD_LOOP='eval "$SANDPOD_DRIVER"; while __sandpod_next; do eval "$__sandpod_code" </dev/null 1>&8 2>&9 3<&- 4>&- 8>&- 9>&-; { __sandpod_end; } 2>/dev/null; done'
	command -v bash >/dev/null 2>&1 && exec bash -c "$SANDPOD_LOOP" bash
	SANDPOD_LOOP='eval "$SANDPOD_DRIVER"; __sandpod_try() { eval "$__sandpod_code" </dev/null 1>&8 2>&9 3<&- 4>&- 8>&- 9>&-; }; while __sandpod_next; do __sandpod_try; { __sandpod_end; } 2>/dev/null; done'
	exec sh -c "$SANDPOD_LOOP" sh
fi
unset SANDPOD_DRIVER SANDPOD_LOOP
exec 8>&1 9>&2
__sandpod_head=$(command -v head)
__sandpod_sh=$(command -v sh)
__sandpod_status=
__sandpod_hit= # there was an interrupt: dash forgets the status that the trap returns

__sandpod_end() {
	__sandpod_status=$?
	[ -z "$__sandpod_hit" ] || __sandpod_status=130
	__sandpod_hit=
	set +euxvn
	trap '' INT
}

# The code of a request, byte by byte as it came; a command substitution would cut newlines off.
__sandpod_take() {
	if [ -n "$BASH_VERSION" ]; then
		LC_ALL=C IFS= read -r -d '' -N "$1" __sandpod_code <&3
	else
		__sandpod_code=$("$__sandpod_head" -c "$1" <&3; echo x)
		__sandpod_code=${__sandpod_code%x}
		# A syntax error inside of eval would end the shell.
		if ! printf '%s' "$__sandpod_code" | "$__sandpod_sh" -n 1>&8 2>&9; then
			__sandpod_code='(exit 2)'
		fi
	fi
	return 0
}

# An interrupt ends the code, not the shell: bash goes on with the loop, others leave the function that
# the loop calls.  Where the code is in functions of its own only the innermost is left; process 1 ends
# a shell that goes on for too long.
if [ -n "$BASH_VERSION" ]; then
	__sandpod_trap='if [ -n "${FUNCNAME-}" ]; then __sandpod_hit=1; return 130; fi; __sandpod_status=130; continue 99'
else
	__sandpod_trap='__sandpod_hit=1; return 130'
fi

# Tells how the code before ended, and waits for more.
__sandpod_next() {
	{ set +euxvn; trap '' INT; } 2>/dev/null
	[ -z "$__sandpod_status" ] || printf 'done %d\n' "$__sandpod_status" >&4
	IFS=' ' read -r __sandpod_word __sandpod_length <&3 || exit 0
	__sandpod_take "$__sandpod_length"
	trap "$__sandpod_trap" INT
}
