/* The way to a server that runs on this machine: out, to a socket of its own.  While it has no link
 * to us it listens in a directory that is mounted here for us to read only, under a name that our
 * environment tells and nobody else inside can learn, and rings a bell beside it: a FIFO, which it
 * opens and closes again.  So we need not look for it, and it need not enter the container.
 *
 * Not inotify: its instances are counted for the user who made the namespace, all containers
 * together (fs.inotify.max_user_instances), so that a tenant could take them all. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char place[] = "/.sandpod/link";
static const char bell[] = "bell";
static const char variable[] = "SANDPOD_LINK"; /* the name of the socket */
enum { AGAIN_MS = 100, NO_BELL_MS = 1000 };

/* Opening it again is what silences a bell that rang. */
static bool hang_bell(struct agent *agent)
{
	struct meeting *meeting = &agent->meeting;

	unwatch_close(agent, &meeting->bell);
	meeting->bell = openat(meeting->dir, bell, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	/* No event but the end of its last writer, which always is told. */
	if (meeting->bell >= 0 && !watch(agent, meeting->bell, 0, FROM_BELL, 0, 0))
		unwatch_close(agent, &meeting->bell);
	return meeting->bell >= 0;
}

static int call(const struct meeting *meeting)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", meeting->dir,
		 meeting->name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int number = errno;

		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

/* First the bell, then the call: a server that comes between the two rings. */
static void meet(struct agent *agent)
{
	struct meeting *meeting = &agent->meeting;
	bool hangs = hang_bell(agent);
	int fd = call(meeting);
	int out = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

	meeting->again_at_ms = hangs ? 0 : now_ms() + NO_BELL_MS;
	if (fd < 0 && errno != ENOENT && errno != ECONNREFUSED)
		meeting->again_at_ms = now_ms() + AGAIN_MS;
	if (out >= 0)
		link_open(agent, fd, out, -1);
	else if (fd >= 0)
		close(fd);
}

void meeting_init(struct agent *agent)
{
	struct meeting *meeting = &agent->meeting;
	const char *name = env_take(variable);

	meeting->dir = meeting->bell = -1;
	if (!name || strlen(name) >= sizeof(meeting->name))
		return;
	meeting->dir = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	memcpy(meeting->name, name, strlen(name) + 1);
}

void meeting_seek(struct agent *agent)
{
	if (agent->meeting.dir >= 0)
		meet(agent);
}

void meeting_tick(struct agent *agent, uint64_t now)
{
	const struct meeting *meeting = &agent->meeting;

	if (meeting->again_at_ms != 0 && meeting->again_at_ms <= now)
		meet(agent);
}

uint64_t meeting_deadline(const struct agent *agent)
{
	uint64_t at = agent->meeting.again_at_ms;

	return at != 0 ? at : UINT64_MAX;
}
