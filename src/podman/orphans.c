/* What a killed service leaves behind.  To map a container's user ids Podman's storage forks a
 * helper without executing anything (containers/storage, pkg/idmap: a bare clone that waits to be
 * killed). When the service dies first, the helper stays, a copy of it with every descriptor:
 * requests that were under way and idle connections stay open, and whoever waits on one waits for
 * ever.
 *
 * And what is left of containers that are gone: the conmon of an exec session outlives it by
 * exit_command_delay, and then calls Podman, which mounts its storage once more, for ever. */
#include "internal.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include "log.h"

enum { ARGUMENTS_MAX = 8192 };

/* A process's arguments, each with its NUL; 0 when there are none. */
static size_t read_arguments(const char *number, char ret_args[ARGUMENTS_MAX])
{
	auto_str path = mem_format("/proc/%s/cmdline", number);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, ret_args, ARGUMENTS_MAX - 1) : -1;

	if (len <= 0)
		return 0;
	ret_args[len] = '\0';
	return (size_t)len;
}

typedef bool is_it_fn(const char *args, size_t len, const char *what);

/* Whether it is `podman … system service … unix://SOCKET`, by its whole arguments. */
static bool is_copy(const char *args, size_t len, const char *uri)
{
	if (strcmp(args, "podman") != 0)
		return false;
	for (const char *arg = args; arg < args + len; arg += strlen(arg) + 1)
		if (strcmp(arg, uri) == 0)
			return true;
	return false;
}

/* Whether it is the conmon of something in that storage, or the `podman container cleanup` that
 * this calls at its end. */
static bool is_janitor(const char *args, size_t len, const char *storage)
{
	const char *slash = strrchr(args, '/');
	const char *name = slash ? slash + 1 : args;
	size_t prefix = strlen(storage);

	if (strcmp(name, "conmon") != 0 && strcmp(name, "podman") != 0)
		return false;
	for (const char *arg = args; arg < args + len; arg += strlen(arg) + 1)
		if (strncmp(arg, storage, prefix) == 0 &&
		    (arg[prefix] == '/' || arg[prefix] == '\0'))
			return true;
	return false;
}

/* First the descriptor, then the look: after it the number cannot change its owner. */
static bool kill_if(const char *number, is_it_fn *is_it, const char *what)
{
	auto_fd pidfd = pidfd_open((pid_t)strtol(number, NULL, 10), 0);
	char args[ARGUMENTS_MAX];
	size_t len = pidfd >= 0 ? read_arguments(number, args) : 0;

	return len > 0 && is_it(args, len, what) && pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0;
}

static int kill_all(is_it_fn *is_it, const char *what)
{
	DIR *dir = opendir("/proc");
	int killed = 0;

	if (!dir)
		return 0;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (isdigit((unsigned char)entry->d_name[0]))
			killed += kill_if(entry->d_name, is_it, what);
	closedir(dir);
	return killed;
}

void service_orphans_kill(const char *socket)
{
	auto_str uri = mem_format("unix://%s", socket);
	int killed = kill_all(is_copy, uri);

	if (killed > 0)
		log_warn("podman", "killed %d copies of the dead service", killed);
}

void service_janitors_kill(const char *storage)
{
	(void)kill_all(is_janitor, storage);
}
