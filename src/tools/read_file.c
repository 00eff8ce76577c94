/* read_file: text, bytes or a picture out of a container.  The file is streamed: what is not shown
 * fills no memory, so that a page of a huge file costs what it takes to come there, which by bytes
 * is nothing, and by lines the reading of everything before.  What is said at the end stands in
 * read_answer.c. */
#include "read_file.h"
#include <string.h>
#include "http.h"
#include "loop.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},
		"path": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "A regular file in the container; a relative path starts at its working directory"},
		"offset": {"type": "integer", "minimum": 0, "maximum": 9007199254740992, "description": "Where to begin. By lines: the number of a line, from 1 (default 1). By bytes: how many to pass over (default 0)"},
		"limit": {"type": "integer", "minimum": 1, "maximum": 9007199254740992, "description": "How many lines or bytes. Default: as many as fit into max_output_bytes"},
		"unit": {"type": "string", "enum": ["lines", "bytes"], "description": "Of offset and limit. Default: lines, and bytes with encoding base64. In a huge file bytes are found at once, lines only by reading all before them"},
		"encoding": {"type": "string", "enum": ["utf-8", "base64"], "description": "utf-8 (default): text, in which bytes that are not UTF-8 are shown as U+FFFD. base64: the bytes as they are. When none is given a picture (PNG, JPEG, GIF, WebP) comes as a picture"},
		"max_output_bytes": {"type": "integer", "description": "How much of the file is shown at most"},)
		PATH_ENCODING_PROPERTY
	SCHEMA(},
	"required": ["container_id", "path"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "Absolute, without symbolic links"},
	"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes"},
	"content": {"type": "string", "description": "What was asked for, as text or base64; of a picture a sentence"},
	"encoding": {"type": "string", "enum": ["utf-8", "base64"], "description": "Of content"},
	"size": {"type": "integer", "description": "Of the whole file, in bytes"},
	"modified": {"type": "string"},
	"mime_type": {"type": "string"},
	"is_picture": {"type": "boolean", "description": "The file is in the result as an image block"},
	"unit": {"type": "string", "enum": ["lines", "bytes"]},
	"offset": {"type": "integer", "description": "Where content begins, in the unit"},
	"line_count": {"type": "integer", "description": "Lines in content, when the unit is lines"},
	"total_lines": {"type": "integer", "description": "Lines in the whole file, where they were counted"},
	"truncated": {"type": "boolean", "description": "The file goes on behind content"},
	"omitted": {"type": "object", "description": "Only when truncated: the bytes behind content", "properties": {
		"from": {"type": "integer", "description": "The first of them: an offset for unit bytes"},
		"to": {"type": "integer", "description": "The last of them"},
		"bytes": {"type": "integer"}}},
	"next_offset": {"type": "integer", "description": "Only when truncated: where to read on …"},
	"next_unit": {"type": "string", "enum": ["lines", "bytes"], "description": "… with this unit (bytes inside of a very long line)"},
	"not_utf8": {"type": "boolean", "description": "Bytes that are not UTF-8 are shown as U+FFFD; encoding base64 gives them as they are"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["path", "content", "encoding", "size", "modified", "mime_type", "truncated"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum {
	COUNTED_MAX = 1024 * 1024, /* a file up to this has its lines counted */
	PROGRESS_MS = 1000,
	PIECE_MAX = 64 * 1024, /* no piece of a file is longer */
};

enum {
	A_CONTAINER,
	A_PATH,
	A_OFFSET,
	A_LIMIT,
	A_UNIT,
	A_ENCODING,
	A_MOST,
	A_PATH_ENCODING,
	A_COUNT
};

static const char *const most_aliases[] = { "max_bytes", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_BASE64_MAX,
		     .aliases = file_path_aliases },
	[A_OFFSET] = { "offset", ARG_INT, .least = 0, .most = INT64_C(1) << 53 },
	[A_LIMIT] = { "limit", ARG_INT, .least = 1, .most = INT64_C(1) << 53 },
	[A_UNIT] = { "unit", ARG_CHOICE, .choices = read_units },
	[A_ENCODING] = { "encoding", ARG_CHOICE, .choices = encodings },
	[A_MOST] = { "max_output_bytes", ARG_INT, .least = OUTPUT_LEAST, .most = OUTPUT_MOST,
		     .aliases = most_aliases },
	[A_PATH_ENCODING] = PATH_ENCODING_ARG,
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	(void)bind_output(property, name, ctx);
	return true;
}

void reading_free(struct reading *reading)
{
	file_reader_close(reading->reader);
	timer_stop(reading->timer);
	buf_release(&reading->front);
	buf_release(&reading->page.data);
	free(reading->container_id);
	free(reading->path);
	free(reading->media_type);
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

static void on_late(void *ctx)
{
	struct reading *reading = ctx;
	struct error err;

	error_set(&err, ERROR_TIMEOUT, "reading took too long");
	if (reading->page.by_lines && reading->page.at > 0) {
		error_set(&err, ERROR_TIMEOUT,
			  "reading took too long: line %lld, at byte %lld of %lld, was reached",
			  (long long)reading->page.line, (long long)reading->page.at,
			  (long long)reading->page.size);
		error_advise(&err,
			     "read on from there, with unit \"bytes\" and that byte as offset",
			     false);
	}
	fail(reading, &err);
}

/* --- reading -------------------------------------------------------------------------------- */

/* False: there was enough. */
static bool take_front(struct reading *reading)
{
	reading->may_be_picture = false;
	return reading->front.len == 0 ||
	       file_page_take(&reading->page, reading->front.data, reading->front.len);
}

static void refuse_large_picture(struct reading *reading)
{
	struct error err;

	error_set(&err, ERROR_LIMIT, "the picture has %lld bytes; at most %d can be shown",
		  (long long)reading->page.size, PICTURE_MAX);
	error_advise(
		&err,
		"make it smaller with execute_command, give a person get_file_url, or read its "
		"bytes with encoding \"base64\"",
		false);
	fail(reading, &err);
}

/* The first bytes decide what it is.  False: reading is over, or there was enough. */
static bool look_at_front(struct reading *reading)
{
	const char *type = picture_type(reading->front.data, reading->front.len);

	if (!type)
		return take_front(reading);
	reading->may_be_picture = false;
	reading->is_picture = true;
	free(reading->media_type);
	reading->media_type = mem_strdup(type);
	return true;
}

static void finish(struct reading *reading)
{
	if (reading->may_be_picture)
		(void)take_front(reading);
	if (reading->is_picture)
		reading_answer_picture(reading);
	else
		reading_answer_page(reading);
}

static void tell_progress(struct reading *reading)
{
	const struct file_page *page = &reading->page;
	int64_t now = clock_mono_ms();
	char at[FORMAT_SIZE], size[FORMAT_SIZE];
	auto_str text = NULL;

	if (now - reading->told_ms < PROGRESS_MS || !call_wants_progress(reading->call))
		return;
	reading->told_ms = now;
	format_size(page->at, at);
	format_size(page->size, size);
	text = mem_format("line %lld, %s of %s", (long long)page->line, at, size);
	call_progress(reading->call, (double)page->at, (double)page->size, text);
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct reading *reading = ctx;
	bool more = true;

	file_reader_taken(reading->reader, len);
	if (reading->may_be_picture || reading->is_picture)
		(void)buf_add(&reading->front, data, len); /* fits: the size was looked at */
	else
		more = file_page_take(&reading->page, data, len);
	if (reading->may_be_picture && reading->front.len >= PICTURE_HEAD)
		more = look_at_front(reading);
	if (reading->is_picture && reading->page.size > PICTURE_MAX)
		refuse_large_picture(reading);
	else if (!more)
		finish(reading);
	else
		tell_progress(reading);
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct reading *reading = ctx;
	struct file_page *page = &reading->page;
	uint64_t offset, length;

	if (err) {
		fail(reading, err);
		return;
	}
	free(reading->path);
	reading->path = mem_strdup(file->path);
	reading->media_type = mem_strdup(http_media_type(file_path_name(file->path)));
	reading->modified_ms = file->modified_ms;
	page->size = (int64_t)file->size;
	page->counts = page->size <= COUNTED_MAX;
	file_page_range(page, &offset, &length);
	if (length > 0)
		file_reader_read(reading->reader, offset, length);
	else
		finish(reading);
}

static void on_over(void *ctx, const struct error *err)
{
	if (err)
		fail(ctx, err);
	else
		finish(ctx);
}

/* --- the call ------------------------------------------------------------------------------- */

/* Who names a number of bytes gets as many, as far as any client takes them. */
static int64_t most_of(struct call *call, struct arg_value *values, bool by_lines)
{
	struct arg_value most = values[A_MOST];
	const struct arg_value *limit = &values[A_LIMIT];

	if (!most.given && limit->given && !by_lines &&
	    limit->number > tools_of(call)->output_limit)
		most = (struct arg_value){ .given = true,
					   .number = limit->number < OUTPUT_MOST ? limit->number
										 : OUTPUT_MOST };
	return limit_of(call, &most);
}

static struct reading *reading_new(struct call *call, struct arg_value *values, char *path)
{
	struct reading *reading = mem_new(struct reading);
	bool base64 = is_base64(&values[A_ENCODING]);
	bool by_lines = values[A_UNIT].given ? strcmp(values[A_UNIT].text, "lines") == 0 : !base64;

	reading->call = call;
	reading->path = path;
	reading->container_id = mem_strdup(values[A_CONTAINER].text);
	reading->base64 = base64;
	reading->may_be_picture = !values[A_ENCODING].given && !values[A_UNIT].given &&
				  !values[A_OFFSET].given && !values[A_LIMIT].given;
	reading->front = BUF_INIT((size_t)PICTURE_MAX + PIECE_MAX);
	reading->page = file_page_new(by_lines, values[A_OFFSET].number, values[A_LIMIT].number,
				      most_of(call, values, by_lines));
	reading->page.exact = base64;
	reading->told_ms = clock_mono_ms();
	return reading;
}

static void run(struct call *call, const struct json *args)
{
	static const struct file_events events = { on_open, on_data, on_over };
	static const struct arg_value unsaid;
	const struct tools_context *tools = tools_of(call);
	struct arg_value values[A_COUNT];
	struct file_request request;
	struct reading *reading;
	struct error err;
	char *path;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	path = file_path_of(call, &values[A_PATH], &values[A_PATH_ENCODING]);
	if (!path)
		return;
	reading = reading_new(call, values, path);
	request = (struct file_request){ .owner = call_owner(call),
					 .container_id = reading->container_id,
					 .path = path };
	reading->reader = file_reader_open_path(tools->sandboxes, &request, &events, reading, &err);
	if (!reading->reader) {
		fail(reading, &err);
		return;
	}
	reading->timer = timer_start(tools->loop, wait_of(call, &unsaid, tools->max_wait_ms), 0,
				     on_late, reading);
	call_on_cancel(call, on_cancel, reading);
}

const struct tool tool_read_file = {
	.name = "read_file",
	.title = "Read a file",
	.description =
		"Use this to look at a file of a container: text by lines (or any bytes, as "
		"base64), a picture as a picture. What does not fit is named, with the offset "
		"to read on from; a file of any size can be read in parts.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "files,compat-code-sandbox",
	.bind = bind,
	.run = run,
};
