/* A page about a file, for a person whose browser opened its link.
 *
 *	opening ──on_open──> reading ──on_read──> making (in a helper thread) ──> streaming ──>
 *freed └────────────────────┴──(failed, late, left)──> answered
 *
 * Only the first PREVIEW_MAX bytes of the file are read.  The page is held until the browser has
 * taken it, so they are counted: beyond PAGES_MAX a page says less, and needs nothing of the
 * container. */
#include <string.h>
#include "clock.h"
#include "internal.h"
#include "preview.h"

enum { PAGES_MAX = 24, READ_WAIT_MS = 10000 };

struct preview {
	struct web *web;
	struct http_request *req;   /* NULL once it is answered */
	struct http_stream *stream; /* NULL unless it is streaming */
	struct file_reader *reader;
	struct timer *timer; /* until the bytes are there */
	bool making;
	bool left; /* the client, while the page was made */
	struct buf data;
	char *name;
	struct preview_file file;
	struct preview_page page;
	size_t sent;
};

static void preview_free(struct preview *preview)
{
	preview->web->previews--;
	timer_stop(preview->timer);
	file_reader_close(preview->reader);
	buf_release(&preview->data);
	preview_page_release(&preview->page);
	free(preview->name);
	free(preview);
}

static void fail(struct preview *preview, const struct error *err)
{
	struct http_request *req = take(preview->req);

	preview_free(preview);
	failure_reply(req, failure_status(err->kind), err, NULL);
}

static void on_gone(void *ctx)
{
	struct preview *preview = ctx;
	struct error err;

	/* The helper thread still has it. */
	if (preview->making) {
		preview->left = true;
		return;
	}
	error_set(&err, ERROR_CANCELLED, "the client left");
	fail(preview, &err);
}

static void on_late(void *ctx)
{
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE, "the container does not give the file at the moment");
	fail(ctx, &err);
}

/* --- the answer --------------------------------------------------------------------------- */

static void send_more(void *ctx)
{
	struct preview *preview = ctx;
	const struct buf *page = &preview->page.html.buf;
	size_t room = HTTP_STREAM_ROOM;

	while (preview->sent < page->len && room > 0) {
		size_t len = page->len - preview->sent;

		if (len > room)
			len = room;
		room = http_stream_write(preview->stream, page->data + preview->sent, len);
		preview->sent += len;
	}
	if (preview->sent == page->len)
		http_stream_finish(preview->stream);
}

static void on_stream_over(void *ctx, bool whole)
{
	(void)whole;
	preview_free(ctx);
}

/* It depends on the clock, so nothing may keep it, and it has no validators. */
static void add_headers(struct http_request *req, const char *policy)
{
	http_add_header(req, "Content-Security-Policy", policy);
	http_add_header(req, "X-Content-Type-Options", "nosniff");
	http_add_header(req, "X-Frame-Options", "DENY");
	http_add_header(req, "Cross-Origin-Resource-Policy", "same-origin");
	http_add_header(req, "Cross-Origin-Opener-Policy", "same-origin");
	http_add_header(req, "Referrer-Policy", "no-referrer");
	http_add_header(req, "Cache-Control", "private, no-store");
	http_add_header(req, "Vary", FILE_VARY);
}

static void answer(struct preview *preview)
{
	struct http_stream_options options = { .status = 200,
					       .content_type = "text/html; charset=utf-8",
					       .length = (int64_t)preview->page.html.buf.len,
					       .on_room = send_more,
					       .on_over = on_stream_over,
					       .ctx = preview };
	struct http_request *req = take(preview->req);
	bool has_body = strcmp(http_method(req), "HEAD") != 0;

	add_headers(req, preview->page.policy);
	preview->stream = http_stream_open(req, &options);
	if (has_body)
		send_more(preview);
}

/* --- making it ---------------------------------------------------------------------------- */

static void make(void *ctx)
{
	struct preview *preview = ctx;

	preview_page_make(&preview->file, &preview->page);
}

static void on_made(void *ctx)
{
	struct preview *preview = ctx;
	struct error err;

	preview->making = false;
	if (preview->left) {
		error_set(&err, ERROR_CANCELLED, "the client left");
		fail(preview, &err);
		return;
	}
	answer(preview);
}

static void begin_making(struct preview *preview)
{
	preview->making = true;
	loop_work(preview->web->loop, make, on_made, preview);
}

/* --- the file ----------------------------------------------------------------------------- */

static void on_data(void *ctx, const void *data, size_t len)
{
	struct preview *preview = ctx;

	(void)buf_add(&preview->data, data, len);
	file_reader_taken(preview->reader, len);
}

static void on_read(void *ctx, const struct error *err)
{
	struct preview *preview = ctx;

	timer_stop(take(preview->timer));
	if (err) {
		fail(preview, err);
		return;
	}
	file_reader_close(take(preview->reader));
	preview->file.data = buf_text(&preview->data);
	preview->file.len = preview->data.len;
	begin_making(preview);
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct preview *preview = ctx;
	uint64_t len;

	if (err) {
		fail(preview, err);
		return;
	}
	preview->name = mem_strdup(file->name);
	preview->file = (struct preview_file){ .name = preview->name,
					       .size = file->size,
					       .expires_at = file->expires_at,
					       .now_ms = clock_wall_ms() };
	len = file->size < PREVIEW_MAX ? file->size : PREVIEW_MAX;
	if (preview->web->previews > PAGES_MAX) {
		timer_stop(take(preview->timer));
		begin_making(preview);
	} else if (len == 0) {
		on_read(preview, NULL);
	} else {
		file_reader_read(preview->reader, 0, len);
	}
}

void preview_handle(struct web *web, struct http_request *req, const char *file_id)
{
	static const struct file_events events = { .on_open = on_open,
						   .on_data = on_data,
						   .on_over = on_read };
	struct preview *preview = mem_new(struct preview);
	struct error err;

	preview->web = web;
	preview->req = req;
	preview->data = BUF_INIT(PREVIEW_MAX);
	web->previews++;
	preview->reader = file_reader_open(web->sandboxes, file_id, &events, preview, &err);
	if (!preview->reader) {
		fail(preview, &err);
		return;
	}
	preview->timer = timer_start(web->loop, READ_WAIT_MS, 0, on_late, preview);
	http_on_gone(req, on_gone, preview);
}
