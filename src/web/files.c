/* A download: somebody has a link, and the file is streamed out of its container.  A person whose
 * browser opens the link gets a page instead (preview.c), whose button and pictures come here.
 *
 *	opening ──on_open──> answered (error, 304, HEAD …)
 *	    │
 *	    └──on_open──> streaming ──on_stream_over──> freed
 *
 * The link's id is all that is needed, so nothing here asks who comes, from which page or by which
 * name of ours.  While the stream's buffer is full the container is told nothing, and stops sending
 * at the end of its window.  A file that changes under the download cuts the connection: a body
 *that is complete is right. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>
#include "clock.h"
#include "preview.h"

static const char prefix[] = "/files/";

struct download {
	struct http_request *req;   /* NULL once it is answered */
	struct http_stream *stream; /* NULL unless it is streaming */
	struct file_reader *reader;
	enum file_form form;
	const struct media *media; /* with FILE_RAW */
	size_t untaken;            /* bytes that wait for room before the container hears of them */
};

static void download_free(struct download *download)
{
	file_reader_close(download->reader);
	free(download);
}

static void fail(struct download *download, const struct error *err)
{
	struct http_request *req = take(download->req);

	download_free(download);
	failure_reply(req, failure_status(err->kind), err, NULL);
}

static void on_gone(void *ctx)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the client left");
	fail(ctx, &err);
}

/* --- streaming ---------------------------------------------------------------------------- */

static void on_data(void *ctx, const void *data, size_t len)
{
	struct download *download = ctx;

	download->untaken += len;
	if (http_stream_write(download->stream, data, len) == 0)
		return;
	file_reader_taken(download->reader, download->untaken);
	download->untaken = 0;
}

static void on_room(void *ctx)
{
	struct download *download = ctx;
	size_t len = download->untaken;

	download->untaken = 0;
	file_reader_taken(download->reader, len);
}

static void on_read(void *ctx, const struct error *err)
{
	struct download *download = ctx;

	if (err)
		http_stream_abort(download->stream);
	else
		http_stream_finish(download->stream);
}

static void on_stream_over(void *ctx, bool whole)
{
	(void)whole;
	download_free(ctx);
}

static void start_stream(struct download *download, const struct file_plan *plan, const char *type)
{
	struct http_stream_options options = { .status = plan->status,
					       .content_type = type,
					       .length = (int64_t)plan->length,
					       .on_room = on_room,
					       .on_over = on_stream_over,
					       .ctx = download };
	struct http_request *req = take(download->req);
	bool has_body = strcmp(http_method(req), "HEAD") != 0 && plan->length > 0;

	download->stream = http_stream_open(req, &options);
	if (has_body)
		file_reader_read(download->reader, plan->first, plan->length);
}

/* --- the answer's header ------------------------------------------------------------------ */

/* No viewer of PDF works in a sandbox; the types of media are none that a browser runs as a page.
 */
static const char *policy_of(const struct download *download)
{
	if (download->form != FILE_RAW)
		return "sandbox; default-src 'none'";
	return strcmp(download->media->word, "pdf") == 0
		       ? "default-src 'none'; frame-ancestors 'self'"
		       : "sandbox; default-src 'none'; frame-ancestors 'self'";
}

/* Whatever the file contains, it must not act in our name. */
static void add_safety(struct http_request *req, const struct download *download)
{
	http_add_header(req, "X-Content-Type-Options", "nosniff");
	http_add_header(req, "Content-Security-Policy", policy_of(download));
	http_add_header(req, "Cross-Origin-Resource-Policy", "same-origin");
	http_add_header(req, "Referrer-Policy", "no-referrer");
	http_add_header(req, "Cache-Control", "private, no-store");
	http_add_header(req, "Vary", FILE_VARY);
}

static void add_validators(struct http_request *req, const struct file_opened *file,
			   const char *etag)
{
	char modified[CLOCK_TEXT_SIZE];

	clock_format_http(file->modified_ms, modified);
	http_add_header(req, "ETag", etag);
	http_add_header(req, "Last-Modified", modified);
	http_add_header(req, "Accept-Ranges", "bytes");
}

/* What could run is shown as a part of our page only, never in a window of its own. */
static const char *disposition_of(struct http_request *req, const struct download *download,
				  const struct file_opened *file)
{
	const char *dest = http_header(req, "Sec-Fetch-Dest");

	if (download->form == FILE_BYTES)
		return file_disposition(file->name, file->disposition);
	if (download->form == FILE_SAVED ||
	    (!download->media->inert && dest && strcmp(dest, "document") == 0))
		return "attachment";
	return "inline";
}

static void add_name(struct http_request *req, const struct download *download,
		     const struct file_opened *file)
{
	auto_str value = http_disposition(disposition_of(req, download, file), file->name);

	http_add_header(req, "Content-Disposition", value);
}

static void add_content_range(struct http_request *req, const struct file_plan *plan, uint64_t size)
{
	auto_str value = NULL;

	if (plan->status == 206)
		value = mem_format("bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, plan->first,
				   plan->first + plan->length - 1, size);
	else if (plan->status == 416)
		value = mem_format("bytes */%" PRIu64, size);
	http_add_header(req, "Content-Range", value);
}

/* --- the story ---------------------------------------------------------------------------- */

static void read_wish(struct http_request *req, struct file_wish *ret_wish)
{
	/* RFC 9110 14.2: a range means something for GET only. */
	bool is_get = strcmp(http_method(req), "GET") == 0;

	ret_wish->range = is_get ? http_header(req, "Range") : NULL;
	ret_wish->if_range = http_header(req, "If-Range");
	ret_wish->if_match = http_header(req, "If-Match");
	ret_wish->if_none_match = http_header(req, "If-None-Match");
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct download *download = ctx;
	struct http_request *req = download->req;
	char etag[ETAG_SIZE];
	struct file_wish wish;
	struct file_plan plan;
	auto_str type = NULL;

	if (err) {
		fail(download, err);
		return;
	}
	read_wish(req, &wish);
	etag_format(file->version, etag);
	file_plan_make(&wish, etag, file->size, &plan);
	add_safety(req, download);
	add_validators(req, file, etag);
	add_content_range(req, &plan, file->size);
	if (plan.status != 200 && plan.status != 206) {
		download_free(download);
		http_reply(req, plan.status, NULL, NULL, 0);
		return;
	}
	add_name(req, download, file);
	type = download->media ? mem_strdup(download->media->type) : file_content_type(file->name);
	start_stream(download, &plan, type);
}

static void download_begin(struct web *web, struct http_request *req, enum file_form form,
			   const struct media *media)
{
	static const struct file_events events = { .on_open = on_open,
						   .on_data = on_data,
						   .on_over = on_read };
	struct download *download = mem_new(struct download);
	struct error err;

	download->req = req;
	download->form = form;
	download->media = media;
	download->reader = file_reader_open(web->sandboxes, http_path(req) + strlen(prefix),
					    &events, download, &err);
	if (download->reader)
		http_on_gone(req, on_gone, download);
	else
		fail(download, &err);
}

void file_handle(struct web *web, struct http_request *req)
{
	auto_str download = http_query(req, "download");
	auto_str raw = http_query(req, "raw");
	struct file_asker asker = { .accept = http_header(req, "Accept"),
				    .fetch_dest = http_header(req, "Sec-Fetch-Dest"),
				    .range = http_header(req, "Range"),
				    .download = download,
				    .raw = raw };
	enum file_form form = file_form_choose(&asker);

	if (form == FILE_PAGE)
		preview_handle(web, req, http_path(req) + strlen(prefix));
	else
		download_begin(web, req, form, form == FILE_RAW ? media_find(raw) : NULL);
}
