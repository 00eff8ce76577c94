/* A blocking HTTP/1.1 client on one keep-alive connection, over loopback or a Unix socket: little
 * work per request, because it shares the processors with what it measures.  It talks to servers
 * of ours and checks no more than it needs. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "buf.h"
#include "error.h"

enum { CLIENT_IN = 65536, SESSION_SIZE = 80 };

struct client {
	struct sockaddr_storage address;
	socklen_t address_len;
	int fd;         /* -1: not connected */
	char *in;       /* CLIENT_IN bytes, of which … */
	size_t at, len; /* … these wait to be taken */
};

/* Neither connects: the first request does. */
void client_init_port(struct client *client, int port);
void client_init_path(struct client *client, const char *path);
void client_release(struct client *client);
void client_disconnect(struct client *client);

/* Gets parts of an answer's body as they come; false ends the exchange as a failure. */
typedef bool client_sink(void *ctx, const char *data, size_t len);

struct exchange {
	const char *method, *path;
	const char *headers; /* further lines, each with its CRLF; may be NULL */
	const char *body;
	size_t body_len;
	int64_t deadline_ns;
	client_sink *sink; /* NULL: the body is collected in answer */
	void *ctx;

	int status;
	char session[SESSION_SIZE]; /* of Mcp-Session-Id; "" */
	struct buf answer;          /* the caller releases it */
};

/* One request and its whole answer, whatever its status. */
bool client_call(struct client *client, struct exchange *exchange, struct error *err) must_check;

/* The parts of it, for a request that was made up beforehand or whose body is streamed. */
bool client_connect(struct client *client, struct error *err) must_check;
bool client_send(struct client *client, const char *data, size_t len, int64_t deadline_ns,
		 struct error *err) must_check;
bool client_receive(struct client *client, struct exchange *exchange, struct error *err) must_check;

/* The bytes of a request; content_length is announced, body is not added. */
void request_head(struct buf *ret_bytes, const struct exchange *exchange, int64_t content_length);

#endif
