/* What the files of http/ share.
 *
 * Three objects: the server, a connection (one socket, several requests one after the other) and a
 * request with its answer.  A request may outlive its connection: when the client leaves, the two
 * let go of each other, and the request waits for the answer that nobody will read.
 *
 * libmicrohttpd may be called from anywhere in a turn of the loop, but it must not be run from
 * inside itself: everything that needs it to run asks for it with server_kick. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "http.h"
#include "loop.h"
#include "own.h"

enum {
	HEAD_SECONDS = 10, /* from accept to the end of the first header block */
	BODY_SECONDS = 15, /* for a body, and one more for each BODY_RATE bytes of it */
	BODY_RATE = 8 * 1024,
	STREAM_RATE = 256, /* bytes a second that a reader must take while data waits */
	HEAD_LINES_MAX = 100,
	POOL_SIZE = 16 * 1024, /* libmicrohttpd's memory for a connection; bounds the header */
	LINGER_MAX = 64,       /* closed connections that are still read from */
	REPLIES_MAX =
		128 * 1024 * 1024, /* bytes of all answers that their readers have not taken */
	REPLY_LARGE = 64 * 1024,   /* readers of smaller ones stay */
};

/* --- server.c ------------------------------------------------------------------------------ */

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct watch *watch;   /* of libmicrohttpd's epoll descriptor */
	struct deferred *kick; /* NULL unless libmicrohttpd is to be run soon */
	struct timer *sweep;   /* NULL while there is no connection */
	int listen_fd;         /* -1 once it was closed */
	uint16_t port;
	size_t body_max;
	const char *too_large; /* NULL: a plain sentence */
	const char *stream_put_under;
	unsigned connections_max, per_address_max, idle_seconds;
	http_handler_fn *handler;
	void *ctx;
	struct connection *connections;
	unsigned count;                /* of them */
	struct http_request *detached; /* requests whose connection is gone */
	struct lingering *lingering;
	unsigned lingering_count;
	unsigned pending;
	size_t reply_bytes;  /* of all answers under way */
	uint64_t last_reply; /* the number of the last */
	bool draining, closing;
};

/* Has libmicrohttpd run soon. */
void server_kick(struct http_server *server);

/* --- connection.c -------------------------------------------------------------------------- */

struct address {
	unsigned char group[8]; /* whom a limit counts together: an IPv4 address, an IPv6 /64 */
	bool loopback;
};
void address_read(const struct sockaddr *from, struct address *ret_address);

struct connection {
	struct http_server *server;
	struct connection *prev, *next;
	struct MHD_Connection *mhd;
	int fd; /* libmicrohttpd's */
	struct address address;
	struct http_request *req;    /* being received, worked on or answered; NULL between */
	struct watch *hangup;        /* NULL until first needed; paused unless suspended */
	struct lingering *lingering; /* keeps the socket after an early answer; may be NULL */
	bool suspended;
	bool cut;            /* to be closed when libmicrohttpd next asks */
	bool receiving;      /* no whole header yet: the first to go when there are too many */
	int64_t since_ms;    /* since when it is receiving */
	int64_t deadline_ms; /* closed when it passes; 0: none */
};

/* libmicrohttpd's callbacks for connections. */
enum MHD_Result connection_may_enter(void *ctx, const struct sockaddr *from, socklen_t len);
void connection_notify(void *ctx, struct MHD_Connection *mhd, void **slot,
		       enum MHD_ConnectionNotificationCode code);
struct connection *connection_of(struct MHD_Connection *mhd);

/* Inside a callback of libmicrohttpd only. */
void connection_suspend(struct connection *conn);
void connection_resume(struct connection *conn);
/* Ends it without (further) answer. */
void connection_cut(struct connection *conn);
void connection_set_deadline(struct connection *conn, int64_t seconds);
/* A request is over: the next one has idle_seconds to arrive. */
void connection_await(struct connection *conn);
/* The timer_fn that keeps the deadlines. */
void connection_sweep(void *ctx);

/* --- guard.c, layout.c, target.c: pure ----------------------------------------------------- */

struct head_line {
	const char *name, *value;
	size_t name_len, value_len;
};

struct head {
	const char *method;
	const char *version;
	const char *target;    /* as sent */
	const char *target_at; /* where libmicrohttpd has it, changed since */
	size_t target_len;
	const struct head_line *lines;
	size_t count;
	size_t size; /* bytes of the whole header block on the wire */
};

struct refusal {
	int status;
	const char *sentence;
};

/* NULL when the header block is unambiguous. */
const struct refusal *guard_check(const struct head *head, size_t body_max);
/* The same for the target alone. */
const struct refusal *guard_check_target(const char *target, size_t len);
/* Whether the parsed lines lie where they must when each was ended by CR LF and none was folded
 * or cut at a NUL.  Only for libmicrohttpd before 1.0. */
bool layout_is_strict(const struct head *head);

/* The line of that name; NULL when there is none. */
const struct head_line *head_find(const struct head *head, const char *name);

/* Decodes %XX of len bytes into ret_text (len + 1 bytes); false when an escape is malformed. */
bool target_decode(const char *raw, size_t len, char *ret_text, size_t *ret_len);
/* The decoded path of a target that guard_check_target passed.  The caller owns it. */
char *target_path(const char *target, size_t len);

/* The same for a parameter of the query; NULL when it is absent or malformed. */
char *target_query(const char *target, size_t len, const char *name);

/* Whether an Accept header (NULL: absent) lets a media type through. */
bool accept_allows(const char *accept, const char *media_type);

/* --- request.c ----------------------------------------------------------------------------- */

enum body_state {
	BODY_COLLECTED, /* the handler gets it whole; the states below are of a streamed one */
	BODY_HELD,      /* nothing of it was asked for yet */
	BODY_READING,
	BODY_WHOLE,
	BODY_REFUSED, /* answered in the middle */
};

struct http_request {
	struct loop *loop;
	struct http_server *server;       /* NULL once the server is closed */
	struct connection *connection;    /* NULL once the client is gone */
	struct http_request *prev, *next; /* in server->detached */
	char *target;
	const char *target_at; /* where libmicrohttpd has it */
	size_t target_len;
	char *method, *path;
	char *block; /* the names and values of lines, each with a NUL behind it */
	struct head_line *lines;
	size_t count;
	struct buf body;
	enum body_state body_state;
	const struct http_body_events *body_events;
	void *body_ctx;
	int64_t body_got;   /* bytes that the handler took */
	bool body_reopened; /* libmicrohttpd asks once more before it reads the first byte */
	int64_t paused_at_ms;
	bool begun;  /* its header was read */
	bool handed; /* the handler has it */
	bool answered;
	bool close_after; /* its answer ends the connection */
	bool http_1_0;
	http_gone_fn *on_gone;
	void *gone_ctx;
	struct reply_header *headers;  /* for the answer */
	struct MHD_Response *response; /* the answer, until libmicrohttpd has it */
	int status;
	size_t reply_len;
	uint64_t reply_number;
	struct http_stream *stream; /* NULL unless it is answered by one */
};

/* libmicrohttpd's callbacks for requests. */
void *request_on_target(void *ctx, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_on_access(void *ctx, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **slot);
void request_on_completed(void *ctx, struct MHD_Connection *mhd, void **slot,
			  enum MHD_RequestTerminationCode code);
/* It is answered and its connection is gone. */
void request_free(struct http_request *req);
/* Lets go of requests that are still to be answered when the server closes. */
void request_orphan_all(struct http_server *server);

/* --- body.c -------------------------------------------------------------------------------- */

/* No limit of ours holds for a streamed body; ten times this still fits into 64 bits. */
#define BODY_STREAM_MAX ((size_t)1 << 59)

/* Whether the handler of this request takes its body piece by piece.  Sets req->path then. */
bool body_is_streamed(struct http_request *req, const char *method);
/* Its handler has it: waits until that lets the body come. */
enum MHD_Result body_hold(struct http_request *req);
/* The access handler of such a request from then on. */
enum MHD_Result body_access(struct http_request *req, const char *data, size_t *data_len);
/* Between the first byte and the last, when libmicrohttpd takes no answer. */
bool body_is_under_way(const struct http_request *req);
/* Answers then, and ends the connection. */
void body_refuse(struct http_request *req, int status, const char *content_type, const void *body,
		 size_t len);
/* Tells the client that its time is over; the connection is to be cut. */
void body_time_out(struct http_request *req);
/* An answer is about to be given: one before the body was read ends the connection. */
void body_refused_early(struct http_request *req);

/* --- reply.c ------------------------------------------------------------------------------- */

struct reply_header {
	struct reply_header *next;
	char *name, *value;
};

/* Gives the answer to libmicrohttpd, now or when it asks again. */
void reply_give(struct http_request *req, int status, struct MHD_Response *response,
		const char *content_type);
/* Hands a stored answer over. */
enum MHD_Result reply_queue(struct http_request *req);
/* Its reader has the answer, or will not get it. */
void reply_forget(struct http_request *req);
/* Answers with a sentence in plain text. */
void reply_plain(struct http_request *req, int status, const char *sentence);
/* 413, as the options want it. */
void reply_too_large(struct http_request *req);
/* Its body and type; the caller owns the body. */
char *too_large_text(const struct http_server *server, const char **ret_type);
void reply_headers_free(struct http_request *req);

/* --- stream.c ------------------------------------------------------------------------------ */

/* libmicrohttpd is done with it.  Calls on_over and frees it. */
void stream_over(struct http_stream *stream, bool completed);
/* Whether the reader took enough since it was last asked. */
bool stream_moves(struct http_stream *stream, unsigned seconds);

/* --- lingering.c ------------------------------------------------------------------------------ */

/* After an answer that came before its request was read: what the client still sends is read and
 * thrown away for a moment, because closing at once would reset the connection and the client
 * might never see the answer (RFC 9112 section 9.6). */
struct lingering *lingering_new(struct http_server *server, int fd);
/* The connection is closed. */
void lingering_start(struct lingering *linger);
void lingering_free(struct lingering *linger);

#endif
