/* Our own cgroup, as far as it can be seen from inside: where its folders are (version 1, version 2
 * or both, with a cgroup namespace or without), the limits in force, the counters and the usage.
 *
 * The path of a process (/proc/self/cgroup) and the root of a mount (/proc/self/mountinfo) are told
 * from the same place; what the first has beyond the second is the way from the mount point down.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version 1 writes "no limit" as a number near the largest. */
static const uint64_t no_limit = 1ull << 62;

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

/* The folder that a controller's name belongs to; "" is version 2's. */
static char *folder_of(struct cgroup *cgroup, const char *controllers, int index)
{
	static const char *const names[] = { "memory", "cpu", "cpuacct", "pids" };
	char *const folders[] = { cgroup->memory, cgroup->cpu, cgroup->cpuacct, cgroup->pids };

	return has_word(controllers, names[index]) ? folders[index] : NULL;
}

/* "5:memory:/some/path": keeps the path until the mount is known. */
static void on_own_path(void *ctx, char *line)
{
	struct cgroup *cgroup = ctx;
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path || strlen(path + 1) >= CGROUP_PATH_MAX / 2)
		return;
	controllers++;
	*path++ = '\0';
	if (*controllers == '\0')
		strncpy(cgroup->unified, path, CGROUP_PATH_MAX - 1);
	for (int i = 0; i < 4; i++) {
		char *folder = folder_of(cgroup, controllers, i);

		if (folder)
			strncpy(folder, path, CGROUP_PATH_MAX - 1);
	}
}

enum { FOLDERS = 4 };

/* Each folder is settled by the first mount that shows it. */
struct mounts {
	struct cgroup *cgroup;
	bool seen[FOLDERS];
	bool seen_unified;
};

/* Replaces the path in folder by the place where it can be seen. */
static void settle_folder(char *folder, bool *seen, const char *root, const char *mount)
{
	char own[CGROUP_PATH_MAX];
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	const char *below;

	if (*seen)
		return;
	*seen = true;
	memcpy(own, folder, sizeof(own));
	below = strncmp(own, root, len) == 0 ? own + len : "";
	if (strcmp(below, "/") == 0)
		below = "";
	snprintf(folder, CGROUP_PATH_MAX, "%.*s%s", CGROUP_PATH_MAX / 2, mount, below);
}

/* "31 23 0:28 /root /mount rw - cgroup cgroup rw,memory" */
static void on_mount(void *ctx, char *line)
{
	struct mounts *mounts = ctx;
	struct cgroup *cgroup = mounts->cgroup;
	char *tail = strstr(line, " - cgroup");
	const char *fields[5] = { "", "", "", "", "" };
	const char *kind;
	const char *options;

	if (!tail)
		return;
	*tail = '\0';
	tail += 3;
	for (int i = 0; i < 5 && line; i++)
		fields[i] = strsep(&line, " ");
	kind = strsep(&tail, " ");
	(void)strsep(&tail, " ");
	options = tail ? tail : "";
	if (strcmp(kind, "cgroup2") == 0) {
		settle_folder(cgroup->unified, &mounts->seen_unified, fields[3], fields[4]);
		return;
	}
	for (int i = 0; i < FOLDERS; i++) {
		char *folder = folder_of(cgroup, options, i);

		if (folder)
			settle_folder(folder, &mounts->seen[i], fields[3], fields[4]);
	}
}

/* What no mount shows cannot be read. */
static void find_folders(struct cgroup *cgroup)
{
	struct mounts mounts = { .cgroup = cgroup };
	char *const folders[FOLDERS] = { cgroup->memory, cgroup->cpu, cgroup->cpuacct,
					 cgroup->pids };

	kernel_lines("/proc/self/cgroup", on_own_path, cgroup);
	kernel_lines("/proc/self/mountinfo", on_mount, &mounts);
	for (int i = 0; i < FOLDERS; i++)
		if (!mounts.seen[i])
			folders[i][0] = '\0';
	if (!mounts.seen_unified)
		cgroup->unified[0] = '\0';
}

static int open_in(const char *dir, const char *name)
{
	char path[CGROUP_PATH_MAX + 64];

	if (!dir[0])
		return -1;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void cgroup_find(struct cgroup *cgroup)
{
	find_folders(cgroup);
	cgroup->oom_fd = open_in(cgroup->memory, "memory.oom_control");
	if (cgroup->oom_fd < 0)
		cgroup->oom_fd = open_in(cgroup->unified, "memory.events");
	cgroup->pids_fd = open_in(cgroup->pids, "pids.events");
	if (cgroup->pids_fd < 0)
		cgroup->pids_fd = open_in(cgroup->unified, "pids.events");
}

static uint64_t counter(int fd, const char *key)
{
	char text[512];

	return kernel_reread(fd, text, sizeof(text)) ? text_number(text, key, 10) : UINT64_MAX;
}

uint64_t cgroup_oom_count(const struct cgroup *cgroup)
{
	return counter(cgroup->oom_fd, "oom_kill ");
}

uint64_t cgroup_pids_count(const struct cgroup *cgroup)
{
	return counter(cgroup->pids_fd, "max ");
}

/* From the folder of version 1, else from version 2's. */
static uint64_t either(const struct cgroup *cgroup, const char *dir, const char *name,
		       const char *unified_name)
{
	uint64_t value = dir[0] ? kernel_number(dir, name) : UINT64_MAX;

	if (value == UINT64_MAX && unified_name)
		value = kernel_number(cgroup->unified, unified_name);
	return value >= no_limit ? UINT64_MAX : value;
}

static uint64_t cpu_milli(const struct cgroup *cgroup)
{
	char path[CGROUP_PATH_MAX + 64];
	char text[64];
	uint64_t quota = kernel_number(cgroup->cpu, "cpu.cfs_quota_us");
	uint64_t period = kernel_number(cgroup->cpu, "cpu.cfs_period_us");

	snprintf(path, sizeof(path), "%s/cpu.max", cgroup->unified);
	if (period == UINT64_MAX && kernel_read(path, text, sizeof(text))) {
		const char *blank = strchr(text, ' ');

		quota = text_number(text, "", 10);
		period = blank ? text_number(blank, "", 10) : UINT64_MAX;
	}
	if (quota >= no_limit || period == UINT64_MAX || period == 0)
		return UINT64_MAX;
	return quota * 1000 / period;
}

void cgroup_limits(const struct cgroup *cgroup, struct wire_hello *hello)
{
	hello->memory_limit = either(cgroup, cgroup->memory, "memory.limit_in_bytes", "memory.max");
	hello->swap_limit =
		either(cgroup, cgroup->memory, "memory.memsw.limit_in_bytes", "memory.swap.max");
	if (!cgroup->memory[0] && hello->swap_limit != UINT64_MAX)
		hello->swap_limit = hello->memory_limit == UINT64_MAX
					    ? UINT64_MAX
					    : hello->swap_limit + hello->memory_limit;
	hello->cpu_milli = cpu_milli(cgroup);
	hello->pids_limit = either(cgroup, cgroup->pids, "pids.max", "pids.max");
}

static uint64_t cpu_used_us(const struct cgroup *cgroup)
{
	char path[CGROUP_PATH_MAX + 64];
	char text[512];
	uint64_t ns = kernel_number(cgroup->cpuacct, "cpuacct.usage");

	if (ns != UINT64_MAX)
		return ns / 1000;
	snprintf(path, sizeof(path), "%s/cpu.stat", cgroup->unified);
	if (!kernel_read(path, text, sizeof(text)))
		return UINT64_MAX;
	return text_number(text, "usage_usec ", 10);
}

void cgroup_usage(const struct cgroup *cgroup, struct wire_used *used)
{
	used->memory = either(cgroup, cgroup->memory, "memory.usage_in_bytes", "memory.current");
	used->memory_peak =
		either(cgroup, cgroup->memory, "memory.max_usage_in_bytes", "memory.peak");
	used->cpu_us = cpu_used_us(cgroup);
	used->pids = either(cgroup, cgroup->pids, "pids.current", "pids.current");
	used->disk = UINT64_MAX;
}
