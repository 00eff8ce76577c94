/* The way to kill a container that does not pass through Podman: its process 1, by the kernel. With
 * it die all of its processes.  Podman may be hanging, and a tenant's time is over all the same;
 * and a removal is quicker when nothing is left to be killed (Podman 4.3 looks every 100 ms).
 *
 * Process numbers are used again, so the number that Podman told is only believed when the process
 * that has it now lies in the control group of that very container. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>
#include "internal.h"

enum {
	TEXT_MAX = 16384,
	ROUNDS_MAX = 8,
	ENTERING_S = 5, /* a runtime needs a tenth of a second */
};

/* Whether /proc/PID/NAME holds the container's id, which is 64 random hexadecimal digits. */
static bool proc_holds(int64_t pid, const char *name, const char *podman_id)
{
	auto_str path = mem_format("/proc/%lld/%s", (long long)pid, name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[TEXT_MAX];
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	return len > 0 && memmem(text, (size_t)len, podman_id, strlen(podman_id)) != NULL;
}

/* libpod-ID stands in the path of its control group, with every manager. */
static bool is_inside(int64_t pid, const char *podman_id)
{
	return proc_holds(pid, "cgroup", podman_id);
}

/* A process of the container, or of what is making or watching it. */
static bool is_about(int64_t pid, const char *podman_id)
{
	static const char *const names[] = { "conmon\n", "runc\n", "crun\n" };

	if (is_inside(pid, podman_id))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (proc_holds(pid, "comm", names[i]))
			return proc_holds(pid, "cmdline", podman_id);
	return false;
}

typedef bool is_fn(int64_t pid, const char *podman_id);

/* First the descriptor, then the look: after it the number cannot change its owner. */
static bool kill_if(int64_t pid, const char *podman_id, is_fn *is)
{
	auto_fd fd = pidfd_open((pid_t)pid, 0);

	return fd >= 0 && is(pid, podman_id) && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
}

static bool is_ours(const struct sandbox *sb)
{
	return sb->row.podman_id && strlen(sb->row.podman_id) == 64 &&
	       podman_is_local(sb->all->podman);
}

bool direct_kill(const struct sandbox *sb)
{
	return sb->pid > 1 && is_ours(sb) && kill_if(sb->pid, sb->row.podman_id, is_inside);
}

int direct_life(const struct sandbox *sb)
{
	auto_fd fd = pidfd_open((pid_t)sb->pid, 0);

	if (fd < 0 || !sb->row.podman_id || !is_inside(sb->pid, sb->row.podman_id))
		return -1;
	return take_fd(fd);
}

/* Seconds since the process began, field 22 of its line (proc(5)); -1 if that cannot be read. */
static int64_t age_s(int64_t pid)
{
	auto_str path = mem_format("/proc/%lld/stat", (long long)pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[1024];
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	const char *at;

	if (len <= 0)
		return -1;
	text[len] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? clock_mono_ms() / 1000 - strtoll(at, NULL, 10) / sysconf(_SC_CLK_TCK) : -1;
}

static bool is_stuck_entering(int64_t pid, const char *podman_id)
{
	bool entering = proc_holds(pid, "comm", "runc:[") || proc_holds(pid, "comm", "crun\n");

	return entering && is_inside(pid, podman_id) && age_s(pid) >= ENTERING_S;
}

static int sweep_once(const char *podman_id, is_fn *is)
{
	DIR *dir = opendir("/proc");
	int killed = 0;

	if (!dir)
		return 0;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (isdigit((unsigned char)entry->d_name[0]))
			killed += kill_if(strtol(entry->d_name, NULL, 10), podman_id, is);
	closedir(dir);
	return killed;
}

/* What was killed may have forked meanwhile, and is seen until it is reaped: a few rounds. */
void direct_sweep(const struct sandbox *sb)
{
	int killed = 0;

	if (!is_ours(sb))
		return;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		int now = sweep_once(sb->row.podman_id, is_about);

		if (now == 0)
			break;
		killed += now;
	}
	if (killed > 0)
		log_warn(sb->row.id, "killed what a start cut short had left running");
}

void direct_unblock(const struct sandbox *sb)
{
	if (is_ours(sb) && sweep_once(sb->row.podman_id, is_stuck_entering) > 0)
		log_warn(sb->row.id, "ended a runtime that was held up on its way in");
}
