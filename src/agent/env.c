/* The environment of a command, built in the child: defaults, over them what the image gave process
 * 1, over that what the caller asked for. */
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

enum { ENTRIES_MAX = 2 * ENV_MAX };

/* The count stands first: a page that is written after the fork costs a copy, and few entries then
 * need only one. */
struct entries {
	size_t count;
	char *list[ENTRIES_MAX + 1];
};

static void entries_set(struct entries *entries, const char *entry)
{
	size_t name = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < entries->count; i++) {
		if (strncmp(entries->list[i], entry, name) == 0) {
			entries->list[i] = (char *)(uintptr_t)entry;
			return;
		}
	}
	if (entries->count < ENTRIES_MAX)
		entries->list[entries->count++] = (char *)(uintptr_t)entry;
}

const char *shell_path(void)
{
	if (access("/bin/bash", X_OK) == 0)
		return "/bin/bash";
	if (access("/usr/bin/bash", X_OK) == 0)
		return "/usr/bin/bash";
	return "/bin/sh";
}

const char *env_take(const char *name)
{
	size_t len = strlen(name);
	const char *value;
	char **at = environ;

	while (*at && (strncmp(*at, name, len) != 0 || (*at)[len] != '='))
		at++;
	if (!*at)
		return NULL;
	value = *at + len + 1;
	for (; *at; at++)
		at[0] = at[1];
	return value;
}

char **env_build(const struct wire_start *start, const char *shell, const char *extra)
{
	static const char *const defaults[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"USER=root",
		"LANG=C.UTF-8",
	};
	static struct entries entries;
	static char shell_entry[64];

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		entries_set(&entries, defaults[i]);
	for (char **entry = environ; *entry; entry++)
		entries_set(&entries, *entry);
	snprintf(shell_entry, sizeof(shell_entry), "SHELL=%s", shell);
	entries_set(&entries, shell_entry);
	entries_set(&entries, "TERM=dumb"); /* Podman says xterm, but there is no terminal */
	for (uint32_t i = 0; i < start->env_count; i++)
		entries_set(&entries, start->env[i]);
	if (extra)
		entries_set(&entries, extra);
	entries.list[entries.count] = NULL;
	return entries.list;
}
