/* An HTTP/1.1 server on the loop.  libmicrohttpd is inside and visible nowhere else.
 *
 * Strict before lenient: libmicrohttpd 0.9.75 accepts ambiguous framing, so a guard refuses (400)
 * and closes on: two Content-Length, Content-Length with Transfer-Encoding, any Transfer-Encoding
 * but "chunked", no Host or two, control bytes or NUL in a header, a header name that is no token,
 * a target that is not origin-form or holds %00, dot segments or an encoded slash, another version
 * than 1.0 and 1.1.  Header, body and idle deadlines and a limit of connections for each address
 * are always set.
 *
 * Every request reaches the one handler after its body has arrived whole (capped), except where the
 * options say that bodies are streamed: there it comes with its header.  It must be
 * answered exactly once, now or later, by http_reply or http_stream_open; until then it stays
 * valid, even if its client went away (on_gone says so; answering is still needed, and harmless).
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "loop.h"
#include "own.h"

struct http_server;
struct http_request;
struct http_stream;

typedef void http_handler_fn(void *ctx, struct http_request *req);

struct http_options {
	const char *host;      /* a numeric address or "localhost" */
	uint16_t port;         /* 0 picks a free one */
	size_t body_max;       /* bytes; more gives 413 … */
	const char *too_large; /* … with this JSON text; NULL: a plain sentence.  Borrowed */
	/* A PUT to a path that begins so has its body streamed, without body_max.  NULL: none. */
	const char *stream_put_under;
	unsigned connections_max;
	unsigned per_address_max; /* 0: any; not applied to loopback addresses; IPv6 by /64 */
	unsigned idle_seconds;    /* a connection without progress is closed after this */
	http_handler_fn *handler;
	void *ctx;
};

/* The port is in use: ERROR_UNAVAILABLE. */
struct http_server *http_open(struct loop *loop, const struct http_options *options,
			      struct error *err) must_check;
uint16_t http_port(const struct http_server *server);
/* Takes no new connection from now on and answers 503 with `Connection: close` to new requests. */
void http_drain(struct http_server *server);
/* Requests and streams not yet over. */
unsigned http_pending(const struct http_server *server);
/* Ends what is still open without an answer.  NULL is allowed. */
void http_close(struct http_server *server);

/* --- a request --------------------------------------------------------------------------- */

const char *http_method(const struct http_request *req); /* "GET", "POST", … */
/* Decoded, checked, starting with a slash, without the query. */
const char *http_path(const struct http_request *req);
/* The decoded value of a parameter in the query, the first of that name; NULL when absent or
 * malformed.  The caller owns it. */
char *http_query(const struct http_request *req, const char *name);
/* NULL when absent.  A header sent twice is refused by the guard where that matters (Host,
 * Content-Length, Authorization, Origin, Content-Type, and all that start with Mcp-). */
const char *http_header(const struct http_request *req, const char *name);
/* NUL-terminated for convenience; may hold NULs itself. */
const char *http_body(const struct http_request *req, size_t *ret_len);
/* Whether an Accept header (or its absence) lets us send this type: "text/event-stream". */
bool http_accepts(const struct http_request *req, const char *media_type);

typedef void http_gone_fn(void *ctx);
/* Called at most once, when the client closed the connection before the answer. */
void http_on_gone(struct http_request *req, http_gone_fn *on_gone, void *ctx);

/* --- a body that is streamed --------------------------------------------------------------- */

struct http_body_events {
	/* A piece of it.  Returns how many bytes were taken: if not all, the client is held back
	 * until http_body_resume. */
	size_t (*on_data)(void *ctx, const void *data, size_t len);
	/* It is whole.  A client that leaves before that is told by http_on_gone only. */
	void (*on_end)(void *ctx);
};

/* False when the request has no body at all; *ret_length is -1 when it is not known. */
bool http_body_announced(const struct http_request *req, int64_t *ret_length);
/* Lets it come, once; a client that asked ("Expect: 100-continue") is told to send.  The request
 * can be answered before this, at any time after it, or when the body is whole; an answer before
 * that (by http_reply) ends the connection. */
void http_body_read(struct http_request *req, const struct http_body_events *events, void *ctx);
void http_body_resume(struct http_request *req);

/* --- an answer --------------------------------------------------------------------------- */

/* Before the answer is given; name and value are copied.  A value with control bytes is dropped. */
void http_add_header(struct http_request *req, const char *name, const char *value);
/* content_type NULL: no body and no type.  The body is copied.  req is dead afterwards. */
void http_reply(struct http_request *req, int status, const char *content_type, const void *body,
		size_t len);

struct http_stream_options {
	int status;
	const char *content_type;
	int64_t length; /* of the body; -1: not known, sent in chunks */
	/* There is room again after http_stream_write had filled the buffer.  May be NULL. */
	void (*on_room)(void *ctx);
	/* The stream is over: all was delivered (whole) or the client left or was cut off.  Called
	 * exactly once, always from the loop; the pointer is dead when it returns. */
	void (*on_over)(void *ctx, bool whole);
	void *ctx;
};

enum { HTTP_STREAM_ROOM = 256 * 1024 };

/* Answers with a body that comes piece by piece; req is dead afterwards.  A HEAD request gets the
 * headers only: on_over follows by itself, as it does for a body of length 0.  Otherwise on_over
 * comes after http_stream_finish or http_stream_abort, or when the client left. */
struct http_stream *http_stream_open(struct http_request *req,
				     const struct http_stream_options *options);
/* Queues a copy.  Returns the room left in the buffer (0: stop until on_room).  It takes all of
 * data even when that passes the room, up to HTTP_STREAM_ROOM too much; past that the stream is
 * cut. */
size_t http_stream_write(struct http_stream *stream, const void *data, size_t len);
/* The body is complete; on_over(whole) follows when it is delivered. */
void http_stream_finish(struct http_stream *stream);
/* The body cannot be completed: the connection is cut so that the client sees it. */
void http_stream_abort(struct http_stream *stream);

/* --- helpers for headers, pure ------------------------------------------------------------ */

enum http_range_result {
	HTTP_RANGE_NONE,  /* no (usable) Range header: send it all with 200 */
	HTTP_RANGE_PART,  /* one range: 206 */
	HTTP_RANGE_WRONG, /* 416 */
};
/* RFC 9110 section 14: one byte range of a representation of `size` bytes.  Several ranges, another
 * unit or a malformed header count as none. */
enum http_range_result http_range_parse(const char *header, uint64_t size, uint64_t *ret_first,
					uint64_t *ret_length);

/* A Content-Disposition value (RFC 6266, RFC 8187): an ASCII fallback and filename*.  name is any
 * bytes; what is not a safe UTF-8 file name is replaced.  The caller owns it. */
char *http_disposition(const char *type, const char *name);

/* The media type for a file name by its ending; "application/octet-stream" when unknown. */
const char *http_media_type(const char *name);
/* Whether a browser may show this type inline without it being able to run anything: plain text,
 * pictures (not SVG), audio, video. */
bool http_media_is_inert(const char *media_type);

#endif
