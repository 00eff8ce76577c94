/* Files as resources: sandbox://CONTAINER/PATH reads any file of a container of the caller, and the
 * list has those that were shared with people. */
#include "files.h"
#include <string.h>
#include "base64.h"
#include "http.h"
#include "utf8.h"

struct reading {
	struct call *call;
	struct file_reader *reader;
	char *path;
	struct buf data;
};

/* --- reading --- */

static void reading_free(struct reading *reading)
{
	file_reader_close(reading->reader);
	buf_release(&reading->data);
	free(reading->path);
	free(reading);
}

static void fail(struct reading *reading, const struct error *err)
{
	struct call *call = reading->call;
	struct error kept = *err;

	reading_free(reading);
	tool_fail(call, &kept);
}

static void on_cancel(void *ctx)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the request was taken back");
	fail(ctx, &err);
}

static void finish(struct reading *reading)
{
	struct call *call = reading->call;
	const struct buf *data = &reading->data;
	const char *type = http_media_type(reading->path);
	auto_buf encoded = BUF_INIT((size_t)2 * FILE_RESOURCE_MAX);
	bool is_text = utf8_is_valid(buf_text(data), data->len) &&
		       !memchr(buf_text(data), '\0', data->len);

	if (is_text)
		call_add_contents(call, call_uri(call), type, buf_text(data), NULL);
	else if (base64_encode(data->data, data->len, &encoded))
		call_add_contents(call, call_uri(call), type, NULL, buf_text(&encoded));
	reading_free(reading);
	call_end(call);
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct reading *reading = ctx;
	struct error large;

	if (err) {
		fail(reading, err);
	} else if (file->size > FILE_RESOURCE_MAX) {
		error_set(&large, ERROR_LIMIT,
			  "%s has %llu bytes, and %d can be read this way; get_file_url gives a "
			  "link to a file of any size",
			  reading->path, (unsigned long long)file->size, FILE_RESOURCE_MAX);
		fail(reading, &large);
	} else if (file->size == 0) {
		finish(reading);
	} else {
		file_reader_read(reading->reader, 0, file->size);
	}
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct reading *reading = ctx;

	/* No more comes than was asked for, so that there is room. */
	(void)buf_add(&reading->data, data, len);
	file_reader_taken(reading->reader, len);
}

static void on_over(void *ctx, const struct error *err)
{
	if (err)
		fail(ctx, err);
	else
		finish(ctx);
}

static void read_file(struct call *call, const struct json *args)
{
	static const struct file_events events = { on_open, on_data, on_over };
	struct reading *reading = mem_new(struct reading);
	struct file_request request = { .owner = call_owner(call),
					.container_id = json_get_text(args, "container_id") };
	struct error err;

	reading->call = call;
	reading->path = mem_format("/%s", json_get_text(args, "path"));
	reading->data = BUF_INIT(FILE_RESOURCE_MAX);
	request.path = reading->path;
	reading->reader =
		file_reader_open_path(tools_of(call)->sandboxes, &request, &events, reading, &err);
	if (reading->reader)
		call_on_cancel(call, on_cancel, reading);
	else
		fail(reading, &err);
}

/* --- watching --- */

static struct resource_watch *watch(void *tool_ctx, const char *owner, const struct json *values,
				    resource_changed_fn *on_changed, void *ctx, struct error *err)
{
	const struct tools_context *tools = tool_ctx;
	auto_str path = mem_format("/%s", json_get_text(values, "path"));
	const struct file_path_request request = {
		.owner = owner, .container_id = json_get_text(values, "container_id"), .path = path
	};

	return (struct resource_watch *)file_watch_begin(tools->sandboxes, &request, on_changed,
							 ctx, err);
}

static void unwatch(struct resource_watch *watch)
{
	file_watch_end((struct file_watch *)watch);
}

static const struct resource_template file_template = {
	.uri_template = "sandbox://{container_id}/{+path}",
	.name = "file",
	.title = "A file of a container",
	.description = "Any file of one of your containers, up to 2 MiB; the path is absolute, "
		       "without its first slash. Subscribe to it to hear when it changes.",
	.changes = true,
	.watch = watch,
	.unwatch = unwatch,
	.read = read_file,
	.complete = file_complete,
};

/* Their order decides: the first that fits is read. */
const struct resource_template *const tools_templates[] = { &command_template, &file_template,
							    NULL };

/* --- the list: files with a link that works --- */

struct listing {
	struct call *call;
	const char *container_id;
};

static bool on_file(void *ctx, const struct file_view *view)
{
	const struct listing *listing = ctx;
	auto_str uri = NULL;

	if (view->path[0] != '/')
		return true;
	uri = file_uri(listing->container_id, view->path);
	call_add_resource(listing->call, uri, view->name, "Shared with a person by get_file_url",
			  http_media_type(view->name));
	return true;
}

static bool list_container(void *ctx, const struct sandbox_view *view)
{
	struct listing listing = { ctx, view->row->id };
	struct error ignored; /* it went away meanwhile */

	(void)!file_each(tools_of(listing.call)->sandboxes, call_owner(listing.call), view->row->id,
			 on_file, &listing, &ignored);
	return true;
}

void tools_list_resources(struct call *call, const struct json *args)
{
	struct error err;

	(void)args;
	if (sandbox_each(tools_of(call)->sandboxes, call_owner(call), false, list_container, call,
			 &err))
		call_end(call);
	else
		tool_fail(call, &err);
}
