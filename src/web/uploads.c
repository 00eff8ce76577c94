/* An upload: somebody has a link that is good for one file, and the request's body is streamed into
 * its container.
 *
 *	opening ──on_open──> reading ──on_end──> saving ──on_over──> answered
 *	   └────────────────────┴──────on_over──────┘
 *
 * The body is let in when the place is open, so that most refusals come before it.  While the
 * container is behind, the client is held back.  A client that leaves before its last byte leaves
 * nothing, and may use the link again. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include "json.h"

struct upload {
	struct http_request *req; /* NULL once it is answered */
	struct file_writer *writer;
};

static void upload_free(struct upload *upload)
{
	file_writer_close(upload->writer);
	free(upload);
}

/* --- answers ------------------------------------------------------------------------------ */

static int status_of(const struct error *err, enum file_fault fault)
{
	switch (fault) {
	case FILE_FAULT_LINK:
		return 404;
	case FILE_FAULT_LARGE:
		return 413;
	case FILE_FAULT_ROOM:
		return 507;
	case FILE_FAULT_OTHER:
		break;
	}
	if (err->kind == ERROR_GONE)
		return 410;
	return err->kind == ERROR_NOT_FOUND ? 409 : failure_status(err->kind);
}

static const char *next_of(int status)
{
	switch (status) {
	case 404:
	case 410:
		return "Ask whoever gave you the link for a new one (get_upload_url).";
	case 413:
		return "Send a smaller file, or ask for a link with a larger max_bytes.";
	case 507:
		return "Make room in the container, then use the same link again.";
	case 409:
		return "Ask for a link to another path (get_upload_url).";
	default:
		return "Use the same link again in a moment.";
	}
}

static void reply_written(struct http_request *req, const struct file_written *written)
{
	auto_json body = json_object();

	json_put_text(body, "path", written->path);
	json_put_int(body, "size", (int64_t)written->size);
	reply_json(req, written->replaced ? 200 : 201, body);
}

static void refuse(struct http_request *req, int status, const char *message, const char *next)
{
	struct error err;

	error_set(&err, ERROR_INVALID, "%s", message);
	failure_reply(req, status, &err, next);
}

/* --- the body ----------------------------------------------------------------------------- */

static size_t on_data(void *ctx, const void *data, size_t len)
{
	return file_writer_write(((struct upload *)ctx)->writer, data, len);
}

static void on_end(void *ctx)
{
	file_writer_finish(((struct upload *)ctx)->writer);
}

static void on_gone(void *ctx)
{
	struct upload *upload = ctx;
	struct http_request *req = take(upload->req);

	upload_free(upload);
	http_reply(req, 499, NULL, NULL, 0); /* to nobody */
}

/* --- the container ------------------------------------------------------------------------ */

static void on_open(void *ctx, const char *path, bool replaces)
{
	static const struct http_body_events events = { .on_data = on_data, .on_end = on_end };
	struct upload *upload = ctx;

	(void)path;
	(void)replaces;
	http_body_read(upload->req, &events, upload);
}

static void on_room(void *ctx)
{
	http_body_resume(((struct upload *)ctx)->req);
}

static void on_over(void *ctx, const struct file_written *written)
{
	struct upload *upload = ctx;
	struct http_request *req = take(upload->req);

	if (written->err) {
		int status = status_of(written->err, written->fault);

		failure_reply(req, status, written->err, next_of(status));
	} else {
		reply_written(req, written);
	}
	upload_free(upload);
}

/* --- the request -------------------------------------------------------------------------- */

/* What would make a file other than the one that was meant.  True: it is answered. */
static bool is_refused(struct http_request *req)
{
	const char *coding = http_header(req, "Content-Encoding");
	int64_t length;

	if (!http_body_announced(req, &length))
		refuse(req, 411, "an upload needs a body, with Content-Length or in chunks",
		       "Send the file as the body of the PUT: curl -T FILE URL.");
	else if (http_header(req, "Content-Range")) /* RFC 9110 14.5 */
		refuse(req, 400, "a part of a file cannot be uploaded",
		       "Send the whole file, without Content-Range.");
	else if (coding && strcasecmp(coding, "identity") != 0)
		refuse(req, 415, "the body is stored as it comes, and is not decoded",
		       "Send the file without Content-Encoding.");
	else
		return false;
	return true;
}

void upload_handle(struct web *web, struct http_request *req)
{
	static const struct file_writer_events events = { .on_open = on_open,
							  .on_room = on_room,
							  .on_over = on_over };
	struct upload *upload;
	int64_t length;

	if (is_refused(req))
		return;
	(void)http_body_announced(req, &length);
	upload = mem_new(struct upload);
	upload->req = req;
	upload->writer = file_writer_open(web->sandboxes, http_path(req) + strlen(WEB_UPLOADS),
					  length, &events, upload);
	http_on_gone(req, on_gone, upload);
}
