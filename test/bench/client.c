/* Connecting, sending, and reading an answer in its three framings: a length, chunks, or all until
 * the connection ends (as Podman's exec streams come). */
#include "client.h"
#include "stop.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

enum { LINE_MAX_BYTES = 4096 };

static void init(struct client *client)
{
	*client = (struct client){ .fd = -1, .in = mem_array(char, CLIENT_IN) };
}

void client_init_port(struct client *client, int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	init(client);
	memcpy(&client->address, &address, sizeof(address));
	client->address_len = sizeof(address);
}

void client_init_path(struct client *client, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	init(client);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	memcpy(&client->address, &address, sizeof(address));
	client->address_len = sizeof(address);
}

void client_disconnect(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->at = client->len = 0;
}

void client_release(struct client *client)
{
	if (!client->in)
		return;
	client_disconnect(client);
	free(client->in);
	client->in = NULL;
}

/* --- connecting and sending -------------------------------------------------------------- */

/* A server may have closed an idle connection: that is no failure of the next request. */
static bool is_alive(const struct client *client)
{
	char byte;

	return client->fd >= 0 && recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

static bool reconnect(struct client *client, struct error *err)
{
	const struct sockaddr *address = (const struct sockaddr *)&client->address;
	int one = 1;

	client_disconnect(client);
	client->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, address, client->address_len) != 0) {
		error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot connect");
		client_disconnect(client);
		return false;
	}
	if (address->sa_family == AF_INET)
		(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

bool client_connect(struct client *client, struct error *err)
{
	return client->fd >= 0 || reconnect(client, err);
}

bool client_send(struct client *client, const char *data, size_t len, int64_t deadline_ns,
		 struct error *err)
{
	while (len > 0) {
		ssize_t sent = send(client->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			len -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			if (!wait_for_fd(client->fd, POLLOUT, deadline_ns, err))
				return false;
		} else if (sent < 0 && errno != EINTR) {
			return error_set_errno(err, ERROR_UNAVAILABLE, errno, "sending");
		}
	}
	return true;
}

void request_head(struct buf *ret_bytes, const struct exchange *exchange, int64_t content_length)
{
	(void)buf_addf(ret_bytes,
		       "%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %" PRId64 "\r\n\r\n",
		       exchange->method, exchange->path, exchange->headers ? exchange->headers : "",
		       content_length);
}

/* --- receiving --------------------------------------------------------------------------- */

/* More bytes behind those that wait; *ret_end at the end of the connection. */
static bool fill(struct client *client, int64_t deadline_ns, bool *ret_end, struct error *err)
{
	ssize_t len;

	if (client->at > 0) {
		memmove(client->in, client->in + client->at, client->len - client->at);
		client->len -= client->at;
		client->at = 0;
	}
	if (client->len == CLIENT_IN)
		return error_set(err, ERROR_LIMIT, "a line of the answer is too long");
	if (!wait_for_fd(client->fd, POLLIN, deadline_ns, err))
		return false;
	len = recv(client->fd, client->in + client->len, CLIENT_IN - client->len, 0);
	if (len < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "receiving");
	*ret_end = len == 0;
	client->len += (size_t)len;
	return true;
}

/* The next line without its CRLF, valid until more is read. */
static bool read_line(struct client *client, int64_t deadline_ns, char **ret_line,
		      struct error *err)
{
	bool end = false;

	for (;;) {
		char *start = client->in + client->at;
		char *newline = memchr(start, '\n', client->len - client->at);

		if (newline) {
			client->at = (size_t)(newline + 1 - client->in);
			newline[newline > start && newline[-1] == '\r' ? -1 : 0] = '\0';
			*ret_line = start;
			return true;
		}
		if (end)
			return error_set(err, ERROR_UNAVAILABLE, "the connection was closed");
		if (!fill(client, deadline_ns, &end, err))
			return false;
	}
}

static bool deliver(struct client *client, struct exchange *exchange, size_t len, struct error *err)
{
	const char *data = client->in + client->at;
	bool taken = exchange->sink ? exchange->sink(exchange->ctx, data, len)
				    : buf_add(&exchange->answer, data, len);

	client->at += len;
	return taken || error_set(err, ERROR_LIMIT, "the body of the answer was not taken");
}

/* `left` bytes of body, or (with -1) all until the end of the connection. */
static bool read_body(struct client *client, struct exchange *exchange, int64_t left,
		      struct error *err)
{
	bool end = false;

	while (left != 0 && !end) {
		size_t have = client->len - client->at;

		if (left > 0 && (int64_t)have > left)
			have = (size_t)left;
		if (have > 0) {
			if (!deliver(client, exchange, have, err))
				return false;
			if (left > 0)
				left -= (int64_t)have;
		} else if (!fill(client, exchange->deadline_ns, &end, err)) {
			return false;
		}
	}
	return left <= 0 || error_set(err, ERROR_UNAVAILABLE, "the answer was cut short");
}

static bool read_chunks(struct client *client, struct exchange *exchange, struct error *err)
{
	char *line;

	for (;;) {
		int64_t len;

		if (!read_line(client, exchange->deadline_ns, &line, err))
			return false;
		len = strtoll(line, NULL, 16);
		if (len > 0 && !read_body(client, exchange, len, err))
			return false;
		if (!read_line(client, exchange->deadline_ns, &line, err))
			return false;
		if (len == 0)
			return true;
	}
}

static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " ");
}

bool client_receive(struct client *client, struct exchange *exchange, struct error *err)
{
	int64_t length = -1;
	bool chunked = false, closes = false, done;
	char *line = NULL;

	if (!read_line(client, exchange->deadline_ns, &line, err))
		return false;
	exchange->status = strlen(line) > 9 ? (int)strtol(line + 9, NULL, 10) : 0;
	for (;;) {
		const char *value;

		if (!read_line(client, exchange->deadline_ns, &line, err))
			return false;
		if (!*line)
			break;
		if ((value = value_of(line, "Content-Length")))
			length = strtoll(value, NULL, 10);
		else if ((value = value_of(line, "Transfer-Encoding")))
			chunked = strcasecmp(value, "chunked") == 0;
		else if ((value = value_of(line, "Connection")))
			closes = strcasecmp(value, "close") == 0;
		else if ((value = value_of(line, "Mcp-Session-Id")))
			snprintf(exchange->session, SESSION_SIZE, "%s", value);
	}
	if (exchange->status == 204 || exchange->status == 304)
		length = 0;
	done = chunked ? read_chunks(client, exchange, err)
		       : read_body(client, exchange, length, err);
	if (!done || closes || (length < 0 && !chunked))
		client_disconnect(client);
	return done;
}

bool client_call(struct client *client, struct exchange *exchange, struct error *err)
{
	auto_buf request = BUF_INIT(8 << 20);

	request_head(&request, exchange, (int64_t)exchange->body_len);
	if (exchange->body_len > 0 && !buf_add(&request, exchange->body, exchange->body_len))
		return error_set(err, ERROR_LIMIT, "the request is too long");
	if (exchange->answer.max == 0)
		exchange->answer = BUF_INIT(8 << 20);
	if (!is_alive(client) && !reconnect(client, err))
		return false;
	if (client_send(client, request.data, request.len, exchange->deadline_ns, err) &&
	    client_receive(client, exchange, err))
		return true;
	client_disconnect(client);
	return error_wrap(err, "%s %s", exchange->method, exchange->path);
}
