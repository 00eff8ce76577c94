/* Reading /proc. */
#include "proc.h"
#include "buf.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20 };

char *proc_read(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_buf text = BUF_INIT(FILE_MAX_BYTES);
	char chunk[4096];
	ssize_t len;

	while (fd >= 0 && (len = read(fd, chunk, sizeof(chunk))) > 0)
		if (!buf_add(&text, chunk, (size_t)len))
			break;
	return buf_take(&text);
}

static char *read_of(int pid, const char *file)
{
	auto_str path = mem_format("/proc/%d/%s", pid, file);

	return proc_read(path);
}

int64_t field_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
		if (strncmp(text, name, len) == 0 && (text[len] == ':' || text[len] == ' '))
			return strtoll(text + len + 1, NULL, 10);
	}
	return 0;
}

/* The command line with blanks for its NULs. */
static bool is_named(int pid, const char *text)
{
	auto_str path = mem_format("/proc/%d/cmdline", pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char line[8192];
	ssize_t len = fd >= 0 ? read(fd, line, sizeof(line)) : -1;

	return len > 0 && memmem(line, (size_t)len, text, strlen(text)) != NULL;
}

/* The field of /proc/PID/stat with this number (as proc(5) counts), for those behind the name. */
static int64_t stat_field(int pid, int number)
{
	auto_str stat = read_of(pid, "stat");
	const char *field = strrchr(stat, ')'); /* the end of field 2 */

	for (int i = 2; field && i < number; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoll(field + 1, NULL, 10) : 0;
}

/* 0 for what is no process. */
static int pid_of(const struct dirent *entry)
{
	return isdigit((unsigned char)*entry->d_name) ? (int)strtol(entry->d_name, NULL, 10) : 0;
}

/* The first process that fits. */
static int find(int parent, const char *text)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		int pid = isdigit((unsigned char)*entry->d_name)
				  ? (int)strtol(entry->d_name, NULL, 10)
				  : 0;

		if (pid > 0 && pid != getpid() && is_named(pid, text) &&
		    (!parent || stat_field(pid, 4) == parent))
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

int proc_names(const char *text)
{
	return find(0, text);
}

int proc_child(int parent, const char *text)
{
	return find(parent, text);
}

int64_t proc_status_kib(int pid, const char *line)
{
	auto_str text = read_of(pid, "status");

	return field_of(text, line);
}

int64_t proc_rollup_kib(int pid, const char *line)
{
	auto_str text = read_of(pid, "smaps_rollup");

	return field_of(text, line);
}

void proc_reset_peak(int pid)
{
	auto_str path = mem_format("/proc/%d/clear_refs", pid);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	/* Without it the peak is that of the whole life. */
	if (fd >= 0)
		(void)!write(fd, "5", 1);
}

/* Nanoseconds, from the scheduler, over all threads; 0 where it does not say. */
static double schedstat_ms(int pid)
{
	auto_str path = mem_format("/proc/%d/task", pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	double sum_ns = 0;

	while (dir && (entry = readdir(dir))) {
		auto_str file = mem_format("%s/%s/schedstat", path, entry->d_name);
		auto_str text = *entry->d_name == '.' ? NULL : proc_read(file);

		if (text)
			sum_ns += strtod(text, NULL);
	}
	if (dir)
		closedir(dir);
	return sum_ns / 1e6;
}

double proc_cpu_ms(int pid)
{
	double precise = schedstat_ms(pid);
	int64_t ticks = stat_field(pid, 14) + stat_field(pid, 15);

	return precise > 0 ? precise : (double)ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
}

static bool belongs(int pid, const char *comm, const char *words, const char *owner)
{
	auto_str name = read_of(pid, "comm");

	if (strncmp(name, comm, strlen(comm)) != 0 || !is_named(pid, words))
		return false;
	return is_named(pid, owner) || is_named((int)stat_field(pid, 4), owner);
}

struct proc_sum proc_sum_kib(const char *comm, const char *words, const char *owner,
			     const char *line)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct proc_sum sum = { 0 };

	while (dir && (entry = readdir(dir))) {
		int pid = pid_of(entry);

		if (pid <= 0 || !belongs(pid, comm, words, owner))
			continue;
		sum.count++;
		sum.kib += proc_rollup_kib(pid, line);
	}
	if (dir)
		closedir(dir);
	return sum;
}

/* --- a server and all that works for it ---------------------------------------------------- */

static double reaped_ms(int pid)
{
	int64_t ticks = stat_field(pid, 16) + stat_field(pid, 17);

	return (double)ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
}

static void add_usage(struct proc_usage *usage, int pid)
{
	if (usage->count == PROC_USAGE_MAX)
		return;
	usage->pids[usage->count] = pid;
	usage->ms[usage->count++] = proc_cpu_ms(pid) + reaped_ms(pid);
}

void proc_usage(int server, const char *owner, struct proc_usage *ret_usage)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	ret_usage->count = 0;
	add_usage(ret_usage, server);
	while (dir && (entry = readdir(dir))) {
		int pid = pid_of(entry);

		if (pid > 0 && pid != server && belongs(pid, "", "", owner))
			add_usage(ret_usage, pid);
	}
	if (dir)
		closedir(dir);
}

static double usage_of(const struct proc_usage *usage, int pid)
{
	for (int i = 0; i < usage->count; i++)
		if (usage->pids[i] == pid)
			return usage->ms[i];
	return 0;
}

double proc_usage_since(const struct proc_usage *then, const struct proc_usage *now)
{
	double sum = 0;

	for (int i = 0; i < now->count; i++)
		sum += now->ms[i] - usage_of(then, now->pids[i]);
	return sum;
}
