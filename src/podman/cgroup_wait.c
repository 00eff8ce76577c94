/* The kernel's wait before a process changes its cgroup, brought forward.  Whoever writes to a
 * cgroup.procs first after a quiet time waits until every processor has passed a quiescent state
 * (percpu_down_write on cgroup_threadgroup_rwsem), 8 to 19 ms of doing nothing; those who write
 * soon afterwards do not.  Podman's start of a container is such a first.  So when a creation is on
 * its way, a helper thread of ours waits in its stead, while Podman is still busy with the
 * creation: it moves us into the cgroup in which we are. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Where one line of /proc/self/cgroup ("4:memory:/a/b") is mounted, usually. */
static char *procs_path(char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return NULL;
	*path++ = '\0';
	controllers++;
	path[strcspn(path, "\n")] = '\0';
	if (strncmp(controllers, "name=", 5) == 0)
		controllers += 5;
	return mem_format("/sys/fs/cgroup/%s%s/cgroup.procs", controllers, path);
}

/* A mount of some part of the hierarchy may show another cgroup under our path. */
static bool is_ours(const char *procs)
{
	FILE *file = fopen(procs, "re");
	long own = (long)getpid();
	long pid = 0;

	if (!file)
		return false;
	while (pid != own && fscanf(file, "%ld", &pid) == 1)
		;
	(void)fclose(file);
	return pid == own;
}

static bool move_to_ourselves(const char *procs)
{
	auto_fd fd = is_ours(procs) ? open(procs, O_WRONLY | O_CLOEXEC) : -1;

	return fd >= 0 && write(fd, "0", 1) == 1;
}

/* One hierarchy is enough: the lock is the same for all.  Where it cannot be done Podman waits. */
static void wait_now(void *ctx)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[1024];
	bool done = false;

	(void)ctx;
	while (file && !done && fgets(line, sizeof(line), file)) {
		auto_str procs = procs_path(line);

		done = procs && move_to_ourselves(procs);
	}
	if (file)
		(void)fclose(file);
}

static void on_waited(void *ctx)
{
	(void)ctx;
}

void podman_start_is_near(const struct podman *podman)
{
	if (podman_is_local(podman))
		loop_work(podman->loop, wait_now, on_waited, NULL);
}
