/* What a killed service leaves behind.  To map a container's user ids Podman's storage forks a
 * helper without executing anything (containers/storage, pkg/idmap: a bare clone that waits to be
 * killed). When the service dies first, the helper stays, a copy of it with every descriptor:
 * requests that were under way and idle connections stay open, and whoever waits on one waits for
 * ever. */
#include "internal.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include "log.h"

/* Whether it is `podman … system service … unix://SOCKET`, by its whole arguments. */
static bool is_copy(const char *number, const char *uri)
{
	auto_str path = mem_format("/proc/%s/cmdline", number);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[8192];
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (strcmp(text, "podman") != 0)
		return false;
	for (const char *arg = text; arg < text + len; arg += strlen(arg) + 1)
		if (strcmp(arg, uri) == 0)
			return true;
	return false;
}

/* First the descriptor, then the look: after it the number cannot change its owner. */
static void kill_copy(const char *number, const char *uri)
{
	auto_fd pidfd = pidfd_open((pid_t)strtol(number, NULL, 10), 0);

	if (pidfd < 0 || !is_copy(number, uri))
		return;
	log_warn("podman", "killing a copy of the dead service, process %s", number);
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
}

void service_orphans_kill(const char *socket)
{
	auto_str uri = mem_format("unix://%s", socket);
	DIR *dir = opendir("/proc");

	if (!dir)
		return;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (isdigit((unsigned char)entry->d_name[0]))
			kill_copy(entry->d_name, uri);
	closedir(dir);
}
