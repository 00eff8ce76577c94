/* The standalone event stream of a session (GET).  We send nothing on it yet but comments, which
 * keep proxies from closing it and show us that the client is gone.
 *
 * A session and its feed are two objects; whichever ends first clears the other's pointer. */
#include "internal.h"
#include <string.h>

struct feed {
	struct session *session; /* NULL once that has let go */
	struct http_stream *stream;
	struct timer *keepalive;
};

static void detach(struct feed *feed)
{
	if (feed->session)
		feed->session->feed = NULL;
	feed->session = NULL;
	timer_stop(feed->keepalive);
	feed->keepalive = NULL;
}

static void on_over(void *ctx, bool whole)
{
	struct feed *feed = ctx;

	(void)whole;
	detach(feed);
	free(feed);
}

static void write_comment(struct feed *feed, const char *comment)
{
	/* Whoever has not read 256 KiB of comments reads no more. */
	if (http_stream_write(feed->stream, comment, strlen(comment)) == 0)
		http_stream_abort(feed->stream);
}

static void on_keepalive(void *ctx)
{
	write_comment(ctx, ": keepalive\n\n");
}

void feed_open(struct mcp *mcp, struct session *session, struct http_request *req)
{
	struct feed *feed = mem_new(struct feed);
	struct http_stream_options options = { .status = 200,
					       .content_type = "text/event-stream",
					       .length = -1,
					       .on_over = on_over,
					       .ctx = feed };

	http_add_header(req, "Cache-Control", "no-cache, no-transform");
	http_add_header(req, "X-Accel-Buffering", "no");
	session->feed = feed;
	feed->session = session;
	feed->stream = http_stream_open(req, &options);
	feed->keepalive = timer_start(mcp->loop, STREAM_KEEPALIVE_MS, STREAM_KEEPALIVE_MS,
				      on_keepalive, feed);
	write_comment(feed, ": open\n\n");
}

void feed_end(struct feed *feed)
{
	detach(feed);
	http_stream_finish(feed->stream);
}
