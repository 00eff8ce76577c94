/* Connections: who may enter, how long each may take, and noticing that a client left.
 *
 * libmicrohttpd's own limits are not used.  Its timeout begins anew with every byte, so a header
 * that drips never ends; its limit for an address counts loopback too; and at its limit of
 * connections it accepts nobody, while here the connection that has waited longest without a
 * request makes room.
 *
 * A suspended connection is not watched by libmicrohttpd, so the loop watches it for hang-up.  A
 * client that closes only its sending side counts as gone. */
#include "internal.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include "clock.h"

struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

enum MHD_Result connection_may_enter(void *ctx, const struct sockaddr *from, socklen_t len)
{
	struct http_server *server = ctx;
	struct address address;
	unsigned same = 0;

	(void)len;
	address_read(from, &address);
	if (address.loopback || server->per_address_max == 0)
		return MHD_YES;
	for (struct connection *conn = server->connections; conn; conn = conn->next)
		same += !memcmp(conn->address.group, address.group, sizeof(address.group));
	return same < server->per_address_max ? MHD_YES : MHD_NO;
}

void connection_set_deadline(struct connection *conn, int64_t seconds)
{
	conn->deadline_ms = clock_mono_ms() + seconds * 1000;
}

void connection_await(struct connection *conn)
{
	conn->receiving = true;
	conn->since_ms = clock_mono_ms();
	conn->deadline_ms = conn->since_ms + (int64_t)conn->server->idle_seconds * 1000;
}

void connection_cut(struct connection *conn)
{
	conn->cut = true;
	if (conn->suspended)
		connection_resume(conn);
	else
		shutdown(conn->fd, SHUT_RDWR);
}

/* When all places are taken, the longest wait for a request ends. */
static void make_room(struct http_server *server)
{
	struct connection *oldest = NULL;

	for (struct connection *conn = server->connections; conn; conn = conn->next)
		if (conn->receiving && !conn->cut && (!oldest || conn->since_ms < oldest->since_ms))
			oldest = conn;
	if (oldest)
		connection_cut(oldest);
}

static void enter(struct http_server *server, struct MHD_Connection *mhd, void **slot)
{
	struct connection *conn = mem_new(struct connection);

	if (server->count >= server->connections_max)
		make_room(server);
	conn->server = server;
	conn->mhd = mhd;
	conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	address_read(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
		     &conn->address);
	connection_await(conn);
	if (server->idle_seconds > HEAD_SECONDS)
		connection_set_deadline(conn, HEAD_SECONDS);
	conn->next = server->connections;
	if (conn->next)
		conn->next->prev = conn;
	server->connections = conn;
	server->count++;
	if (!server->sweep)
		server->sweep = timer_start(server->loop, 1000, 1000, connection_sweep, server);
	*slot = conn;
}

static void leave(struct connection *conn)
{
	struct http_server *server = conn->server;

	watch_close(conn->hangup);
	if (conn->lingering)
		lingering_start(take(conn->lingering));
	*(conn->prev ? &conn->prev->next : &server->connections) = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	server->count--;
	if (server->count == 0) {
		timer_stop(server->sweep);
		server->sweep = NULL;
	}
	free(conn);
}

void connection_notify(void *ctx, struct MHD_Connection *mhd, void **slot,
		       enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		enter(ctx, mhd, slot);
	else if (*slot)
		leave(take(*slot));
}

static void on_hangup(void *ctx, unsigned events)
{
	struct connection *conn = ctx;

	(void)events;
	if (conn->suspended)
		connection_cut(conn);
}

static void watch_hangup(struct connection *conn)
{
	struct error err;

	if (conn->hangup)
		watch_set(conn->hangup, LOOP_HANGUP);
	else
		conn->hangup = watch_open(conn->server->loop, conn->fd, LOOP_HANGUP, on_hangup,
					  conn, &err);
}

void connection_suspend(struct connection *conn)
{
	assert(!conn->suspended);
	MHD_suspend_connection(conn->mhd);
	conn->suspended = true;
	conn->deadline_ms = 0;
	watch_hangup(conn);
}

void connection_resume(struct connection *conn)
{
	assert(conn->suspended);
	conn->suspended = false;
	if (conn->hangup)
		watch_set(conn->hangup, 0);
	connection_set_deadline(conn, conn->server->idle_seconds);
	MHD_resume_connection(conn->mhd);
	server_kick(conn->server);
}

static void time_out(struct connection *conn)
{
	if (conn->req)
		body_time_out(conn->req);
	connection_cut(conn);
}

void connection_sweep(void *ctx)
{
	struct http_server *server = ctx;
	int64_t now = clock_mono_ms();

	for (struct connection *conn = server->connections; conn; conn = conn->next) {
		if (conn->cut || conn->deadline_ms == 0 || now < conn->deadline_ms)
			continue;
		if (conn->req && conn->req->stream &&
		    stream_moves(conn->req->stream, server->idle_seconds))
			connection_set_deadline(conn, server->idle_seconds);
		else
			time_out(conn);
	}
	/* libmicrohttpd notices what it does not learn from its descriptors. */
	server_kick(server);
}
