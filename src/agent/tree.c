/* Finding the processes of a command by walking /proc along the parents.  Needs no memory but its
 * own table and no fork, and so works when everything else is exhausted. */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TABLE_MAX = 8192 };

struct process {
	pid_t pid;
	pid_t parent;
	bool alive;
	bool marked;
};

/* In the order of pids, as /proc lists them. */
static struct process table[TABLE_MAX];
static pid_t found[TABLE_MAX];

struct stat_fields {
	char state;
	pid_t parent;
	pid_t session;
	uint64_t cpu_ticks;
};

/* utime, stime, cutime and cstime, which are the 14th to 17th field; the 7th is the next. */
static uint64_t cpu_ticks(char *at)
{
	uint64_t sum = 0;

	for (int field = 7; field <= 17; field++) {
		uint64_t value = strtoull(at, &at, 10);

		sum += field >= 14 ? value : 0;
	}
	return sum;
}

static bool stat_read(pid_t pid, struct stat_fields *ret_fields)
{
	char path[32];
	char text[512];
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!kernel_read(path, text, sizeof(text)))
		return false;
	/* The name in parentheses may hold anything, more parentheses included. */
	at = strrchr(text, ')');
	if (!at || strlen(at) < 4)
		return false;
	ret_fields->state = at[2];
	ret_fields->parent = (pid_t)strtol(at + 3, &at, 10);
	(void)strtol(at, &at, 10);
	ret_fields->session = (pid_t)strtol(at, &at, 10);
	ret_fields->cpu_ticks = cpu_ticks(at);
	return true;
}

uint64_t process_cpu_us(pid_t pid)
{
	struct stat_fields fields;

	/* The kernel gives these in hundredths of a second on every machine (USER_HZ). */
	return stat_read(pid, &fields) ? fields.cpu_ticks * 10000 : 0;
}

uint64_t process_memory_peak(pid_t pid)
{
	char path[32];
	char text[4096];
	uint64_t kilobytes = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (kernel_read(path, text, sizeof(text)))
		kilobytes = text_number(text, "VmHWM:", 10);
	return kilobytes == UINT64_MAX ? 0 : kilobytes * 1024;
}

pid_t process_parent(pid_t pid)
{
	struct stat_fields fields;

	if (!stat_read(pid, &fields))
		return -1;
	if (fields.parent != 0)
		return fields.parent;
	/* So looks a process from outside, and for a moment also one that is being reaped
	 * (do_task_stat in fs/proc/array.c).  The number of that one leads nowhere by now. */
	return stat_read(pid, &fields) ? fields.parent : -1;
}

struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* Adds the processes that a piece of the listing names. */
static size_t table_add(size_t count, const char *listing, long len, pid_t session)
{
	for (long at = 0; at < len && count < TABLE_MAX;) {
		const struct entry *entry = (const void *)(listing + at);
		pid_t pid = (pid_t)strtol(entry->name, NULL, 10);
		struct stat_fields fields;

		at += entry->length;
		if (pid <= 0 || !stat_read(pid, &fields))
			continue;
		table[count++] = (struct process){
			.pid = pid,
			.parent = fields.parent,
			.alive = fields.state != 'Z' && fields.state != 'X',
			.marked = session > 0 && fields.session == session,
		};
	}
	return count;
}

static size_t table_fill(pid_t session)
{
	static char listing[8192] __attribute__((aligned(8)));
	size_t count = 0;
	long len;
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while ((len = syscall(SYS_getdents64, fd, listing, sizeof(listing))) > 0)
		count = table_add(count, listing, len, session);
	close(fd);
	return count;
}

static int by_pid(const void *key, const void *entry)
{
	pid_t pid = *(const pid_t *)key;
	pid_t other = ((const struct process *)entry)->pid;

	return pid < other ? -1 : pid > other;
}

static bool parent_is_marked(const struct process *process, size_t count, pid_t supervisor)
{
	const struct process *parent;

	if (supervisor > 0 && process->parent == supervisor)
		return true;
	parent = bsearch(&process->parent, table, count, sizeof(table[0]), by_pid);
	return parent && parent->marked;
}

size_t tree_find(pid_t supervisor, pid_t session, const pid_t **ret_pids)
{
	size_t count = table_fill(supervisor > 0 ? 0 : session);
	size_t living = 0;
	bool changed = true;

	/* Parents mostly come before their children; after a wrap of the numbers they may not. */
	while (changed) {
		changed = false;
		for (size_t i = 0; i < count; i++) {
			if (table[i].marked || !parent_is_marked(&table[i], count, supervisor))
				continue;
			table[i].marked = changed = true;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (table[i].marked && table[i].alive)
			found[living++] = table[i].pid;
	*ret_pids = found;
	return living;
}
