/* The libmicrohttpd daemon in the loop.
 *
 * It has no thread: its epoll descriptor is watched, and it is run when that is ready, after every
 * resume, and again as long as it says that it has more to do.  What it is told beyond the ordinary
 * switches off its leniencies; guard.c has the rest. */
#include "internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum { BACKLOG = 1024, RUNS_A_TURN = 8 };

/* --- running it ---------------------------------------------------------------------------- */

static bool has_more(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(server->daemon, &ms) == MHD_YES && ms == 0;
}

/* A few rounds, then the rest of the loop has its turn. */
static void run(struct http_server *server)
{
	int rounds = 0;

	do
		MHD_run(server->daemon);
	while (++rounds < RUNS_A_TURN && has_more(server));
	if (has_more(server))
		server_kick(server);
}

static void on_kick(void *ctx)
{
	struct http_server *server = ctx;

	server->kick = NULL;
	run(server);
}

void server_kick(struct http_server *server)
{
	if (!server->kick && !server->closing)
		server->kick = loop_defer(server->loop, on_kick, server);
}

static void on_ready(void *ctx, unsigned events)
{
	(void)events;
	run(ctx);
}

/* --- opening ------------------------------------------------------------------------------- */

static bool read_host(const char *host, uint16_t port, struct sockaddr_storage *ret_address,
		      socklen_t *ret_len, struct error *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (!strcmp(host, "localhost"))
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(ret_address, &v4, sizeof(v4));
		*ret_len = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		memcpy(ret_address, &v6, sizeof(v6));
		*ret_len = sizeof(v6);
		return true;
	}
	return error_set(err, ERROR_INVALID,
			 "\"%s\" is no address to listen on: give a numeric one or \"localhost\"",
			 host);
}

static int open_socket(const struct sockaddr_storage *address, socklen_t len)
{
	auto_fd fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	/* Accepted sockets inherit it. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -1;
	if (address->ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)address, len) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	return take_fd(fd);
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return 0;
	memcpy(&v4, &address, sizeof(v4));
	memcpy(&v6, &address, sizeof(v6));
	return ntohs(address.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}

static bool start_listening(struct http_server *server, const struct http_options *options,
			    struct error *err)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = 0;

	if (!read_host(options->host, options->port, &address, &len, err))
		return false;
	server->listen_fd = open_socket(&address, len);
	if (server->listen_fd < 0 && errno == EADDRINUSE)
		return error_set(err, ERROR_UNAVAILABLE,
				 "port %u on %s is in use: another server runs there; stop it or "
				 "set PORT to another number",
				 (unsigned)options->port, options->host);
	if (server->listen_fd < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot listen on %s port %u",
				       options->host, (unsigned)options->port);
	server->port = bound_port(server->listen_fd);
	return true;
}

/* We decode the target as it was sent. */
static size_t leave_escaped(void *ctx, struct MHD_Connection *mhd, char *text)
{
	(void)ctx;
	(void)mhd;
	return strlen(text);
}

static bool start_daemon(struct http_server *server, struct error *err)
{
	/* connection.c keeps the limit; libmicrohttpd would stop accepting at its own. */
	unsigned limit = server->connections_max + server->connections_max / 8 + 64;

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, connection_may_enter, server,
		request_on_access, server, MHD_OPTION_LISTEN_SOCKET, server->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)POOL_SIZE, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_URI_LOG_CALLBACK,
		request_on_target, server, MHD_OPTION_NOTIFY_COMPLETED, request_on_completed,
		server, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
#if MHD_VERSION >= 0x01000000
		MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#endif
		MHD_OPTION_END);
	if (!server->daemon)
		return error_set(err, ERROR_UNAVAILABLE, "the HTTP server cannot start");
	return true;
}

static bool watch_daemon(struct http_server *server, struct error *err)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	server->watch = watch_open(server->loop, info->epoll_fd, LOOP_READ, on_ready, server, err);
	return server->watch != NULL;
}

OWNED_BY_SCOPE(http_server, struct http_server *, http_close)
#define auto_http_server AUTO(http_server) struct http_server *

struct http_server *http_open(struct loop *loop, const struct http_options *options,
			      struct error *err)
{
	auto_http_server server = mem_new(struct http_server);

	server->loop = loop;
	server->listen_fd = -1;
	server->body_max = options->body_max;
	server->too_large = options->too_large;
	server->stream_put_under = options->stream_put_under;
	server->connections_max = options->connections_max;
	server->per_address_max = options->per_address_max;
	server->idle_seconds = options->idle_seconds;
	server->handler = options->handler;
	server->ctx = options->ctx;
	if (!start_listening(server, options, err) || !start_daemon(server, err) ||
	    !watch_daemon(server, err))
		return NULL;
	return take(server);
}

uint16_t http_port(const struct http_server *server)
{
	return server->port;
}

unsigned http_pending(const struct http_server *server)
{
	return server->pending;
}

/* --- ending -------------------------------------------------------------------------------- */

static void stop_listening(struct http_server *server)
{
	if (server->listen_fd < 0)
		return;
	if (server->daemon)
		MHD_quiesce_daemon(server->daemon);
	close(take_fd(server->listen_fd));
}

void http_drain(struct http_server *server)
{
	server->draining = true;
	stop_listening(server);
}

/* Stopping the daemon with a suspended connection is an error of use, so all are resumed first;
 * MHD_run then closes them, because they are cut. */
static void cut_all(struct http_server *server)
{
	for (struct connection *conn = server->connections; conn; conn = conn->next)
		connection_cut(conn);
	for (int i = 0; i < RUNS_A_TURN && server->connections; i++)
		MHD_run(server->daemon);
}

void http_close(struct http_server *server)
{
	if (!server)
		return;
	server->closing = true;
	stop_listening(server);
	if (server->daemon) {
		cut_all(server);
		watch_close(server->watch);
		MHD_stop_daemon(server->daemon);
	}
	assert(!server->connections);
	deferred_cancel(server->kick);
	while (server->lingering)
		lingering_free(server->lingering);
	request_orphan_all(server);
	free(server);
}
