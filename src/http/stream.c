/* Answers whose body comes piece by piece.
 *
 * What is written waits in a list of blocks until libmicrohttpd asks for it (`read_more`); when
 * there is nothing, the connection is suspended, and the next write resumes it.  So each byte is
 * copied once in and once out, and an idle stream holds no block.
 *
 * The last byte of a body of known length is held back until http_stream_finish, so that on_over
 * never comes before the writer has said that the body is right, and so that it can still be
 * aborted. */
#include "internal.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

enum {
	BLOCK_LEAST = 4 * 1024, /* small writes share a block */
	READ_WHOLE = 64 * 1024, /* libmicrohttpd's buffer for a body that is not chunked */
	ABORT_SECONDS = 2,   /* for a reader to take what is on its way, once a body is aborted */
	READ_CHUNKED = 1024, /* not used: chunks go out of its pool */
};

struct block {
	struct block *next;
	size_t at, len, room;
	char data[];
};

struct http_stream {
	struct connection *connection; /* NULL: never had one */
	struct http_stream_options options;
	struct block *first, *last;
	size_t queued;
	int64_t written, moved; /* bytes in, bytes out */
	int64_t moved_before;   /* when stream_moves was last asked */
	bool queued_full;       /* the writer was told to stop */
	bool finished, aborted;
	bool to_the_end; /* the body ends with the connection: HTTP/1.0 without a length */
	bool deaf;       /* a HEAD request: what is written goes nowhere */
};

/* --- blocks -------------------------------------------------------------------------------- */

static void drop_blocks(struct http_stream *stream)
{
	while (stream->first) {
		struct block *block = stream->first;

		stream->first = block->next;
		free(block);
	}
	stream->last = NULL;
	stream->queued = 0;
}

static void add_block(struct http_stream *stream, size_t len)
{
	size_t room = len > BLOCK_LEAST ? len : BLOCK_LEAST;
	struct block *block = mem_zeroed(1, sizeof(*block));

	block = realloc(block, sizeof(*block) + room);
	if (!block)
		abort();
	block->room = room;
	*(stream->last ? &stream->last->next : &stream->first) = block;
	stream->last = block;
}

static void queue(struct http_stream *stream, const void *data, size_t len)
{
	if (!stream->last || stream->last->room - stream->last->len < len)
		add_block(stream, len);
	memcpy(stream->last->data + stream->last->len, data, len);
	stream->last->len += len;
	stream->queued += len;
}

static size_t unqueue(struct http_stream *stream, char *to, size_t most)
{
	size_t used = 0;

	while (stream->first && used < most) {
		struct block *block = stream->first;
		size_t len = block->len - block->at;

		if (len > most - used)
			len = most - used;
		memcpy(to + used, block->data + block->at, len);
		block->at += len;
		used += len;
		if (block->at < block->len)
			continue;
		stream->first = block->next;
		if (!stream->first)
			stream->last = NULL;
		free(block);
	}
	stream->queued -= used;
	return used;
}

/* --- out ----------------------------------------------------------------------------------- */

/* How much may go out now. */
static size_t sendable(const struct http_stream *stream)
{
	bool is_last = stream->options.length >= 0 && !stream->finished &&
		       stream->moved + (int64_t)stream->queued >= stream->options.length;

	return stream->queued - (is_last && stream->queued > 0 ? 1 : 0);
}

static bool is_short(const struct http_stream *stream)
{
	return stream->options.length >= 0 && stream->written < stream->options.length;
}

static ssize_t read_more(void *ctx, uint64_t at, char *to, size_t most)
{
	struct http_stream *stream = ctx;
	size_t len = sendable(stream);

	(void)at;
	if (stream->aborted || stream->connection->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len == 0 && stream->finished)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (len == 0) {
		connection_suspend(stream->connection);
		return 0;
	}
	len = unqueue(stream, to, len < most ? len : most);
	stream->moved += (int64_t)len;
	if (stream->queued_full && stream->queued <= HTTP_STREAM_ROOM / 2) {
		stream->queued_full = false;
		if (stream->options.on_room)
			stream->options.on_room(stream->options.ctx);
	}
	return (ssize_t)len;
}

bool stream_moves(struct http_stream *stream, unsigned seconds)
{
	bool moves = stream->moved - stream->moved_before >= (int64_t)STREAM_RATE * seconds;

	stream->moved_before = stream->moved;
	return moves && !stream->aborted;
}

/* --- opening and ending -------------------------------------------------------------------- */

static void end(struct http_stream *stream, bool whole)
{
	drop_blocks(stream);
	stream->options.on_over(stream->options.ctx, whole);
	free(stream);
}

void stream_over(struct http_stream *stream, bool completed)
{
	end(stream, completed && !stream->aborted &&
			    (stream->deaf || (stream->finished && stream->queued == 0)));
}

/* The client had left before there was anything to stream. */
static void on_nobody(void *ctx)
{
	end(ctx, false);
}

struct http_stream *http_stream_open(struct http_request *req,
				     const struct http_stream_options *options)
{
	struct http_stream *stream = mem_new(struct http_stream);
	bool known = options->length >= 0;
	struct MHD_Response *response = MHD_create_response_from_callback(
		known ? (uint64_t)options->length : MHD_SIZE_UNKNOWN,
		known || req->http_1_0 ? READ_WHOLE : READ_CHUNKED, read_more, stream, NULL);

	if (!response)
		abort();
	stream->options = *options;
	stream->connection = req->connection;
	stream->to_the_end = req->http_1_0 && !known;
	stream->deaf = !strcmp(req->method, "HEAD");
	stream->finished = options->length == 0;
	if (!req->connection)
		loop_defer(req->loop, on_nobody, stream);
	else
		req->stream = stream;
	reply_give(req, options->status, response, options->content_type);
	return stream;
}

/* --- in ------------------------------------------------------------------------------------ */

/* The client of a body without length or chunks cannot tell an end from a cut, unless the cut is a
 * reset. */
static void end_by_reset(struct http_stream *stream)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(stream->connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

/* libmicrohttpd asks again. */
static void wake(struct http_stream *stream)
{
	if (stream->connection && stream->connection->suspended)
		connection_resume(stream->connection);
}

static bool is_lost(const struct http_stream *stream)
{
	return !stream->connection || stream->connection->cut || stream->aborted || stream->deaf;
}

size_t http_stream_write(struct http_stream *stream, const void *data, size_t len)
{
	if (stream->options.length >= 0 &&
	    (uint64_t)len > (uint64_t)(stream->options.length - stream->written))
		len = (size_t)(stream->options.length - stream->written);
	if (is_lost(stream) || stream->finished)
		return stream->deaf ? HTTP_STREAM_ROOM : 0;
	if (stream->queued + len > (size_t)2 * HTTP_STREAM_ROOM) {
		http_stream_abort(stream);
		return 0;
	}
	if (len > 0)
		queue(stream, data, len);
	stream->written += (int64_t)len;
	if (sendable(stream) > 0)
		wake(stream);
	if (stream->queued < HTTP_STREAM_ROOM)
		return HTTP_STREAM_ROOM - stream->queued;
	stream->queued_full = true;
	return 0;
}

void http_stream_finish(struct http_stream *stream)
{
	if (is_lost(stream) || stream->finished)
		return;
	if (is_short(stream)) {
		http_stream_abort(stream);
		return;
	}
	stream->finished = true;
	wake(stream);
}

void http_stream_abort(struct http_stream *stream)
{
	if (is_lost(stream))
		return;
	stream->aborted = true;
	drop_blocks(stream);
	if (stream->to_the_end)
		end_by_reset(stream);
	wake(stream);
	connection_set_deadline(stream->connection, ABORT_SECONDS);
}
