/* Links by a Unix socket, where Podman is on this machine: process 1 comes to us.  Podman has no
 * part in it, so such a link outlives a restart of its service, and costs the container no process.
 *
 *	waiting ──process 1 came──> joined ──> over
 *
 * Everybody inside has the same user id; what makes process 1 known is its number: it is the first
 * of a process namespace right below ours, and nothing that is started inside can be that. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "internal.h"

enum {
	ACCEPTS_IN_A_TURN = 8,
	REFUSED_MAX = 64, /* then the next attempt, which waits a little */
	READ_MAX = 64 << 10,
	READS_IN_A_TURN = 4,   /* then the others have their turn */
	QUEUE_KEPT = 64 << 10, /* memory kept when the queue is empty */
	QUEUE_LIMIT = 16 << 20,
	UID_RANGE = 65536,
};

struct socket_link {
	struct sandbox *sb;
	const struct podman_link_events *events;
	void *ctx;
	int listener; /* -1 once process 1 has come */
	int fd;       /* -1 before */
	int life;     /* of process 1, while it is waited for; -1 when it is not known */
	struct watch *watch;
	struct watch *life_watch;
	struct buf queue;  /* to be written … */
	size_t queue_sent; /* … but for this much */
	int refused;
	bool is_over;
	bool is_closed;
	int busy; /* depth of our functions that go on after a callback */
	struct deferred *ending;
	struct error ending_err;
};

/* One thread, and reading is never nested: all links share it. */
static char scratch[READ_MAX];

static void leave(struct socket_link *link)
{
	if (--link->busy > 0 || !link->is_closed)
		return;
	buf_release(&link->queue);
	free(link);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void stop_listening(struct socket_link *link)
{
	if (link->listener >= 0)
		link_place_withdraw(link->sb);
	close_fd(&link->listener);
	watch_close(take(link->life_watch));
	close_fd(&link->life);
}

/* Lets go of everything outside of the program. */
static void shut(struct socket_link *link)
{
	link->is_over = true;
	deferred_cancel(take(link->ending));
	watch_close(take(link->watch));
	stop_listening(link);
	close_fd(&link->fd);
}

static void end(struct socket_link *link, const struct error *err)
{
	if (link->is_over)
		return;
	shut(link);
	link->busy++;
	link->events->on_over(link->ctx, err);
	leave(link);
}

static void end_now(void *ctx)
{
	struct socket_link *link = ctx;
	struct error err = link->ending_err;

	link->ending = NULL;
	end(link, &err);
}

/* For what is found out inside a function that the owner called. */
static void end_soon(struct socket_link *link)
{
	if (!link->ending && !link->is_over)
		link->ending = loop_defer(link->sb->all->loop, end_now, link);
}

static void end_of_stream(struct socket_link *link)
{
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE, "process 1 of container %s closed its connection",
		  link->sb->row.id);
	end(link, &err);
}

/* --- who comes ----------------------------------------------------------------------------- */

/* The numbers of a process, from our namespace down to its own; returns how many. */
static int read_numbers(const char *status, int64_t ret_numbers[], int most)
{
	const char *at = strstr(status, "\nNSpid:");
	int count = 0;

	if (!at)
		return 0;
	at += strlen("\nNSpid:");
	while (*at == '\t' && count < most) {
		char *end;

		ret_numbers[count++] = strtoll(at + 1, &end, 10);
		at = end;
	}
	return *at == '\n' ? count : 0;
}

static bool read_status(const char *of, char *ret_text, size_t size)
{
	auto_str path = mem_format("/proc/%s/status", of);
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(ret_text, 1, size - 1, file) : 0;

	if (file)
		(void)fclose(file);
	ret_text[len] = '\0';
	return len > 0;
}

/* Is it the first of a namespace right below ours, and of this container's root?  The user id is
 * looked at here too: since it connected, its number may have gone to somebody else. */
static bool is_process_1(int64_t pid, uint32_t uid)
{
	auto_str of = mem_format("%lld", (long long)pid);
	int64_t own[2], numbers[3];
	char text[4096];
	unsigned user;
	const char *at;

	if (!read_status("self", text, sizeof(text)) || read_numbers(text, own, 2) != 1)
		return false;
	if (!read_status(of, text, sizeof(text)))
		return false;
	at = strstr(text, "\nUid:\t");
	if (!at || sscanf(at + strlen("\nUid:\t"), "%u", &user) != 1 || user != uid)
		return false;
	return read_numbers(text, numbers, 3) == 2 && numbers[0] == pid && numbers[1] == 1;
}

static bool may_link(struct socket_link *link, int fd)
{
	struct sandbox *sb = link->sb;
	uint32_t uid = (uint32_t)sb->row.uid_slot * UID_RANGE;
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	if (peer.uid != uid || !is_process_1(peer.pid, uid)) {
		log_debug(sb->row.id, "process %d, user %u, is not process 1: refused",
			  (int)peer.pid, peer.uid);
		return false;
	}
	sb->pid = peer.pid;
	return true;
}

/* --- bytes --------------------------------------------------------------------------------- */

static void watch_anew(struct socket_link *link)
{
	bool has_queue = link->queue.len > link->queue_sent;

	watch_set(link->watch, LOOP_READ | (has_queue ? LOOP_WRITE : 0));
}

/* How much the kernel took; -1: the connection is broken. */
static ssize_t give(struct socket_link *link, const void *data, size_t len)
{
	ssize_t n;

	do
		n = send(link->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/* Gives the kernel what it takes.  False when the connection is broken. */
static bool flush(struct socket_link *link)
{
	size_t left = link->queue.len - link->queue_sent;
	ssize_t n = left > 0 ? give(link, link->queue.data + link->queue_sent, left) : 0;

	if (n < 0)
		return false;
	link->queue_sent += (size_t)n;
	if (link->queue_sent == link->queue.len && link->queue.room > QUEUE_KEPT) {
		buf_release(&link->queue);
		link->queue_sent = 0;
	} else if (link->queue_sent > link->queue.len / 2) {
		/* Moving the rest costs less than what was sent, so sending is linear. */
		buf_drop(&link->queue, link->queue_sent);
		link->queue_sent = 0;
	}
	watch_anew(link);
	return true;
}

static void read_some(struct socket_link *link)
{
	for (int i = 0; i < READS_IN_A_TURN && !link->is_over; i++) {
		ssize_t got = recv(link->fd, scratch, sizeof(scratch), MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			end_of_stream(link);
			return;
		}
		link->events->on_data(link->ctx, scratch, (size_t)got);
		if ((size_t)got < sizeof(scratch))
			return;
	}
}

static void on_ready(void *ctx, unsigned events)
{
	struct socket_link *link = ctx;

	link->busy++;
	if (events & LOOP_WRITE && !flush(link))
		end_of_stream(link);
	if (events & LOOP_READ && !link->is_over)
		read_some(link);
	leave(link);
}

/* --- waiting for process 1 ----------------------------------------------------------------- */

static void join(struct socket_link *link, int fd)
{
	struct error err;

	watch_close(take(link->watch));
	stop_listening(link);
	link->fd = fd;
	link->watch = watch_open(link->sb->all->loop, fd, LOOP_READ, on_ready, link, &err);
	if (!link->watch) {
		end(link, &err);
		return;
	}
	link->events->on_open(link->ctx);
	if (!link->is_over)
		on_ready(link, LOOP_READ); /* it says its first words at once */
}

static void refuse(struct socket_link *link, int fd)
{
	struct error err;

	close(fd);
	if (++link->refused < REFUSED_MAX)
		return;
	error_set(&err, ERROR_UNAVAILABLE,
		  "others than process 1 of container %s come to its socket", link->sb->row.id);
	end(link, &err);
}

static void on_visit(void *ctx, unsigned events)
{
	struct socket_link *link = ctx;

	(void)events;
	link->busy++;
	for (int i = 0; i < ACCEPTS_IN_A_TURN && link->listener >= 0; i++) {
		int fd = accept4(link->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			break;
		if (may_link(link, fd))
			join(link, fd);
		else
			refuse(link, fd);
	}
	leave(link);
}

static void on_life_over(void *ctx, unsigned events)
{
	struct socket_link *link = ctx;
	struct error err;

	(void)events;
	error_set(&err, ERROR_CONFLICT, "process 1 of container %s has ended", link->sb->row.id);
	end(link, &err);
}

/* Somebody who is dead need not be waited for. */
static bool watch_life(struct socket_link *link, struct error *err)
{
	struct sandbox *sb = link->sb;

	if (sb->pid == 0)
		return true;
	link->life = direct_life(sb);
	if (link->life < 0)
		return error_set(err, ERROR_CONFLICT, "process 1 of container %s has ended",
				 sb->row.id);
	link->life_watch =
		watch_open(sb->all->loop, link->life, LOOP_READ, on_life_over, link, err);
	return link->life_watch != NULL;
}

static void socket_close(void *stream)
{
	struct socket_link *link = stream;

	link->busy++;
	if (!link->is_over)
		shut(link);
	link->is_closed = true;
	leave(link);
}

static void *socket_open(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
			 struct error *err)
{
	struct socket_link *link = mem_new(struct socket_link);

	link->sb = sb;
	link->events = events;
	link->ctx = ctx;
	link->fd = link->life = link->listener = -1;
	link->queue = BUF_INIT(QUEUE_LIMIT);
	if (watch_life(link, err))
		link->listener = link_place_listen(sb, err);
	if (link->listener >= 0)
		link->watch =
			watch_open(sb->all->loop, link->listener, LOOP_READ, on_visit, link, err);
	if (link->watch)
		return link;
	socket_close(link);
	return NULL;
}

static size_t socket_write(void *stream, const void *data, size_t len)
{
	struct socket_link *link = stream;
	bool was_empty = link->queue.len == link->queue_sent;
	ssize_t n = 0;

	if (link->is_over || link->ending)
		return 0;
	if (was_empty)
		n = give(link, data, len);
	if (n < 0) {
		error_set(&link->ending_err, ERROR_UNAVAILABLE,
			  "the connection to container %s has ended", link->sb->row.id);
		end_soon(link);
		return 0;
	}
	if ((size_t)n == len)
		return 0;
	if (!buf_add(&link->queue, (const char *)data + n, len - (size_t)n)) {
		error_set(&link->ending_err, ERROR_LIMIT,
			  "more than %d MiB wait to be sent to container %s", QUEUE_LIMIT >> 20,
			  link->sb->row.id);
		end_soon(link);
		return 0;
	}
	if (was_empty)
		watch_anew(link);
	return link->queue.len - link->queue_sent;
}

const struct link_carrier socket_carrier = {
	.open = socket_open,
	.write = socket_write,
	.close = socket_close,
	.is_local = true,
};
