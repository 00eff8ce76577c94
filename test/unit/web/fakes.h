/* A real connection to the routes, and everything behind them played by this file: it stands in for
 * the sandbox, protocol, database and Podman functions that web/ calls. */
#ifndef FAKES_H
#define FAKES_H

#include "../http/fixture.h"
#include <stdlib.h>
#include "internal.h"

enum { WINDOW = 256 * 1024, CHUNK = 32 * 1024 };

/* --- the container ------------------------------------------------------------------------ */

static struct {
	struct loop *loop;
	const char *name, *disposition;
	uint64_t size;
	const char *content; /* of so many bytes; NULL: byte_at */
	int64_t expires_at;
	enum error_kind open_error, later_error;
	uint64_t ends_at; /* becomes shorter: the error comes here; 0: never */
	bool silent;      /* never opens */
	bool up, database;
	/* What happened. */
	int opened, closed, stalled;
	uint64_t most_ahead;
	char asked[64];
} container;

struct file_reader {
	const struct file_events *events;
	void *ctx;
	struct deferred *soon;
	bool is_open;
	uint64_t next, end, taken;
};

static char byte_at(uint64_t offset)
{
	return (char)('a' + offset % 23);
}

static void go_on(void *ctx);

static void schedule(struct file_reader *reader)
{
	if (!reader->soon)
		reader->soon = loop_defer(container.loop, go_on, reader);
}

static void send_opened(struct file_reader *reader)
{
	struct file_opened file = { .name = container.name,
				    .path = "/workspace/x",
				    .disposition = container.disposition,
				    .size = container.size,
				    .modified_ms = 1000,
				    .version = 0xabc,
				    .expires_at = container.expires_at };
	struct error err;

	reader->is_open = true;
	if (container.later_error)
		error_set(&err, container.later_error, "it is <gone>");
	reader->events->on_open(reader->ctx, container.later_error ? NULL : &file,
				container.later_error ? &err : NULL);
}

static void go_on(void *ctx)
{
	struct file_reader *reader = ctx;
	char chunk[CHUNK];
	size_t len = 0;
	struct error err;

	reader->soon = NULL;
	if (!reader->is_open) {
		send_opened(reader);
		return;
	}
	if (container.ends_at && reader->next >= container.ends_at) {
		error_set(&err, ERROR_CONFLICT, "it became shorter");
		reader->events->on_over(reader->ctx, &err);
		return;
	}
	if (reader->next == reader->end) {
		reader->events->on_over(reader->ctx, NULL);
		return;
	}
	if (reader->next - reader->taken + CHUNK > WINDOW) {
		__atomic_add_fetch(&container.stalled, 1, __ATOMIC_SEQ_CST);
		return;
	}
	for (; len < CHUNK && reader->next < reader->end; len++, reader->next++)
		chunk[len] =
			container.content ? container.content[reader->next] : byte_at(reader->next);
	if (reader->next - reader->taken > container.most_ahead)
		container.most_ahead = reader->next - reader->taken;
	schedule(reader);
	reader->events->on_data(reader->ctx, chunk, len);
}

struct file_reader *file_reader_open(struct sandboxes *all, const char *file_id,
				     const struct file_events *events, void *ctx, struct error *err)
{
	struct file_reader *reader;

	(void)all;
	snprintf(container.asked, sizeof(container.asked), "%s", file_id);
	if (container.open_error) {
		error_set(err, container.open_error, "it is <gone>");
		return NULL;
	}
	reader = mem_new(struct file_reader);
	reader->events = events;
	reader->ctx = ctx;
	container.opened++;
	if (!container.silent)
		schedule(reader);
	return reader;
}

void file_reader_read(struct file_reader *reader, uint64_t offset, uint64_t length)
{
	reader->next = reader->taken = offset;
	reader->end = offset + length;
	schedule(reader);
}

void file_reader_taken(struct file_reader *reader, size_t len)
{
	reader->taken += len;
	schedule(reader);
}

void file_reader_close(struct file_reader *reader)
{
	if (!reader)
		return;
	__atomic_add_fetch(&container.closed, 1, __ATOMIC_SEQ_CST);
	deferred_cancel(reader->soon);
	free(reader);
}

/* --- the container, written to ------------------------------------------------------------ */

static struct {
	enum error_kind error; /* instead of opening; fault goes with it */
	enum file_fault fault;
	bool silent;        /* never opens */
	uint64_t fails_at;  /* error and fault come here; 0: never */
	bool fails_unasked; /* … and not when the next piece comes, but by itself */
	bool replaces;
	bool hold; /* takes a window and then nothing until this is false */
	/* What happened. */
	int opened, closed, finished;
	uint64_t got, most_ahead;
	unsigned in_vain; /* pieces that came while nothing could be taken */
	bool wrong;
	int64_t announced;
	char asked[64];
} sink;

struct file_writer {
	const struct file_writer_events *events;
	void *ctx;
	struct deferred *soon;
	bool is_open, full, finished;
	uint64_t ahead;
};

static void sink_go_on(void *ctx);

static void sink_schedule(struct file_writer *writer)
{
	if (!writer->soon)
		writer->soon = loop_defer(container.loop, sink_go_on, writer);
}

static void sink_end(struct file_writer *writer)
{
	struct error err;
	struct file_written written = { .path = "/workspace/x", .size = sink.got };

	written.replaced = sink.replaces;
	if (sink.error && !writer->finished) {
		error_set(&err, sink.error, "it is <gone>");
		written = (struct file_written){ .err = &err, .fault = sink.fault };
	}
	writer->events->on_over(writer->ctx, &written);
}

static bool sink_fails(void)
{
	return sink.fails_at && sink.got >= sink.fails_at;
}

static void sink_go_on(void *ctx)
{
	struct file_writer *writer = ctx;

	writer->soon = NULL;
	if (writer->finished || sink_fails() || (sink.error && !sink.fails_at)) {
		sink_end(writer);
	} else if (!writer->is_open) {
		writer->is_open = true;
		writer->events->on_open(writer->ctx, "/workspace/x", sink.replaces);
	} else if (__atomic_load_n(&sink.hold, __ATOMIC_SEQ_CST)) {
		sink_schedule(writer);
	} else {
		writer->ahead = 0;
		if (writer->full) {
			writer->full = false;
			writer->events->on_room(writer->ctx);
		}
	}
}

struct file_writer *file_writer_open(struct sandboxes *all, const char *upload_id, int64_t length,
				     const struct file_writer_events *events, void *ctx)
{
	struct file_writer *writer = mem_new(struct file_writer);

	(void)all;
	snprintf(sink.asked, sizeof(sink.asked), "%s", upload_id);
	sink.announced = length;
	sink.opened++;
	writer->events = events;
	writer->ctx = ctx;
	if (!sink.silent)
		sink_schedule(writer);
	return writer;
}

size_t file_writer_write(struct file_writer *writer, const void *data, size_t len)
{
	size_t room = (size_t)(WINDOW - writer->ahead);

	if (sink_fails()) {
		sink_schedule(writer);
		return 0;
	}
	writer->full = len > room;
	sink.in_vain += room == 0;
	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		sink.wrong |= ((const char *)data)[i] != byte_at(sink.got + i);
	__atomic_add_fetch(&sink.got, len, __ATOMIC_SEQ_CST);
	writer->ahead += len;
	if (writer->ahead > sink.most_ahead)
		sink.most_ahead = writer->ahead;
	if (!sink_fails() || sink.fails_unasked)
		sink_schedule(writer);
	return len;
}

void file_writer_finish(struct file_writer *writer)
{
	writer->finished = true;
	sink.finished++;
	sink_schedule(writer);
}

void file_writer_close(struct file_writer *writer)
{
	if (!writer)
		return;
	__atomic_add_fetch(&sink.closed, 1, __ATOMIC_SEQ_CST);
	deferred_cancel(writer->soon);
	free(writer);
}

/* --- the others --------------------------------------------------------------------------- */

bool sandboxes_podman_is_up(const struct sandboxes *all)
{
	(void)all;
	return container.up;
}

void sandboxes_pool_status(const struct sandboxes *all, int64_t *ret_warm, int64_t *ret_target)
{
	(void)all;
	*ret_warm = 3;
	*ret_target = 4;
}

bool store_probe(struct store *store, struct error *err)
{
	(void)store;
	return container.database ? true : error_set(err, ERROR_UNAVAILABLE, "the disk is full");
}

struct podman_call *podman_image_find(struct podman *podman, const char *name, podman_done_fn *done,
				      void *ctx)
{
	(void)podman;
	(void)name;
	done(ctx, NULL);
	return NULL;
}

bool mcp_guard(struct mcp *mcp, struct http_request *req)
{
	(void)mcp;
	if (!http_header(req, "Origin"))
		return true;
	http_reply(req, 403, NULL, NULL, 0);
	return false;
}

void mcp_http(struct mcp *mcp, struct http_request *req)
{
	(void)mcp;
	http_reply(req, 202, NULL, NULL, 0);
}

const char mcp_old_messages[] = "/messages/";

void mcp_old_stream(struct mcp *mcp, struct http_request *req)
{
	mcp_http(mcp, req);
}

void mcp_old_message(struct mcp *mcp, struct http_request *req)
{
	mcp_http(mcp, req);
}

/* --- asking ------------------------------------------------------------------------------- */

static struct web web;
static const char *question;

static void ask(struct fixture *fixture)
{
	client_ask(fixture, question);
}

/* The text of the answer; valid until the next one. */
static inline const char *answer_to(struct fixture *fixture, const char *text)
{
	question = text;
	buf_clear(&fixture->got);
	play(fixture, ask);
	return buf_text(&fixture->got);
}

#define ASK(method, path, headers)                                                                 \
	method " " path " HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n" headers "\r\n"

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static inline void open_fakes(struct fixture *fixture)
{
	memset(&container, 0, sizeof(container));
	memset(&sink, 0, sizeof(sink));
	container.name = "report.txt";
	container.disposition = "auto";
	container.size = 46;
	container.up = container.database = true;
	web = (struct web){ .version = "1.2.3" };
	fixture_open(fixture, web_handle);
	fixture->options.ctx = &web;
	fixture->options.stream_put_under = WEB_UPLOADS;
	container.loop = web.loop = fixture->loop;
}

#endif
