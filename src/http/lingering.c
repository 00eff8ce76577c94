/* See internal.h: reading on, for a moment, from a connection that was answered early.  The socket
 * is kept by a second descriptor, since libmicrohttpd closes its own. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { LINGER_MS = 2000, LINGER_BYTES = 64 * 1024 * 1024 };

struct lingering {
	struct http_server *server;
	struct lingering *prev, *next;
	struct watch *watch;
	struct timer *timer;
	size_t read;
	int fd;
};

struct lingering *lingering_new(struct http_server *server, int fd)
{
	struct lingering *linger;
	int copy;

	if (server->lingering_count >= LINGER_MAX)
		return NULL;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return NULL;
	linger = mem_new(struct lingering);
	linger->server = server;
	linger->fd = copy;
	linger->next = server->lingering;
	if (linger->next)
		linger->next->prev = linger;
	server->lingering = linger;
	server->lingering_count++;
	return linger;
}

void lingering_free(struct lingering *linger)
{
	struct http_server *server = linger->server;

	*(linger->prev ? &linger->prev->next : &server->lingering) = linger->next;
	if (linger->next)
		linger->next->prev = linger->prev;
	server->lingering_count--;
	timer_stop(linger->timer);
	watch_close(linger->watch);
	close(linger->fd);
	free(linger);
}

static void on_due(void *ctx)
{
	lingering_free(ctx);
}

static void on_ready(void *ctx, unsigned events)
{
	static char waste[64 * 1024];
	struct lingering *linger = ctx;
	ssize_t len = recv(linger->fd, waste, sizeof(waste), MSG_DONTWAIT);

	(void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len > 0)
		linger->read += (size_t)len;
	if (len <= 0 || linger->read > LINGER_BYTES)
		lingering_free(linger);
}

void lingering_start(struct lingering *linger)
{
	struct error err;

	shutdown(linger->fd, SHUT_WR);
	if (!linger->server->closing)
		linger->watch = watch_open(linger->server->loop, linger->fd, LOOP_READ, on_ready,
					   linger, &err);
	if (!linger->watch) {
		lingering_free(linger);
		return;
	}
	linger->timer = timer_start(linger->server->loop, LINGER_MS, 0, on_due, linger);
}
