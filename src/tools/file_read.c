/* file_read, as container-mcp has it: all of a file at once. */
#include <string.h>
#include "compat.h"
#include "utf8.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"path": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A file, from the root of the sandbox"},
		"encoding": {"type": "string", "enum": ["utf-8", "utf8", "ascii"], "default": "utf-8", "description": "Of the file; bytes that do not fit are shown as U+FFFD"}
	},
	"required": ["path"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"content": {"type": "string"},
	"size": {"type": "integer"},
	"modified": {"type": "number", "description": "Seconds since 1970"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["content", "size", "modified", "success"]}, {"required": ["code", "message"]}]});
/* clang-format on */

/* What is made into one answer is made in the loop. */
enum { ANSWER_MAX = 4 * 1024 * 1024 };

enum { A_PATH, A_ENCODING, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_ARG_MAX },
	[A_ENCODING] = { "encoding", ARG_CHOICE, .choices = compat_encodings },
};

struct reading {
	struct compat *compat;
	struct file_reader *reader;
	struct timer *timer; /* no call waits longer */
	int64_t modified_ms;
	struct buf data;
};

static struct compat *reading_end(struct reading *reading)
{
	struct compat *compat = reading->compat;

	file_reader_close(reading->reader);
	timer_stop(reading->timer);
	buf_release(&reading->data);
	free(reading);
	return compat;
}

static void fail(struct reading *reading, const struct error *err)
{
	struct error kept = *err;

	compat_fail(reading_end(reading), &kept);
}

static void on_cancel(void *ctx)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the request was taken back");
	fail(ctx, &err);
}

static void on_late(void *ctx)
{
	struct error err;

	error_set(&err, ERROR_TIMEOUT, "reading took too long");
	fail(ctx, &err);
}

static bool check_size(const struct reading *reading, uint64_t size, struct error *err)
{
	const struct tools_compat *policy = &tools_of(reading->compat->waiting.call)->compat;

	if (size > (uint64_t)policy->file_bytes)
		return error_set(err, ERROR_LIMIT, "File too large: %llu bytes (maximum %lld MB)",
				 (unsigned long long)size, (long long)policy->file_bytes >> 20);
	return size <= ANSWER_MAX ||
	       error_set(err, ERROR_LIMIT,
			 "File too large: %llu bytes do not fit into one answer (maximum %d); "
			 "read it in parts with system_run_command",
			 (unsigned long long)size, ANSWER_MAX);
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct reading *reading = ctx;

	if (buf_add(&reading->data, data, len))
		file_reader_taken(reading->reader, len);
}

static void on_over(void *ctx, const struct error *err)
{
	struct reading *reading = ctx;
	auto_buf clean = BUF_INIT((size_t)3 * ANSWER_MAX);
	struct json *structured;
	bool replaced;

	if (err) {
		fail(reading, err);
		return;
	}
	structured = json_object();
	(void)utf8_clean(buf_text(&reading->data), reading->data.len, &clean, &replaced);
	json_put_text(structured, "content", buf_text(&clean));
	json_put_int(structured, "size", (int64_t)reading->data.len);
	json_put(structured, "modified", ratio_json(reading->modified_ms, 1000));
	json_put_bool(structured, "success", true);
	compat_answer(reading_end(reading), structured, buf_text(&clean));
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct reading *reading = ctx;
	struct error own;

	if (!err && !check_size(reading, file->size, &own))
		err = &own;
	if (err) {
		fail(reading, err);
		return;
	}
	reading->modified_ms = file->modified_ms;
	if (file->size > 0)
		file_reader_read(reading->reader, 0, file->size);
	else
		on_over(reading, NULL);
}

static void go(struct compat *compat, const char *container_id)
{
	static const struct file_events events = { on_open, on_data, on_over };
	const struct tools_context *tools = tools_of(compat->waiting.call);
	const struct file_request request = {
		.owner = call_owner(compat->waiting.call),
		.container_id = container_id,
		.path = compat->place[0],
	};
	struct reading *reading = mem_new(struct reading);
	struct error err;

	*reading = (struct reading){ .compat = compat, .data = BUF_INIT(ANSWER_MAX) };
	reading->reader = file_reader_open_path(tools->sandboxes, &request, &events, reading, &err);
	if (!reading->reader) {
		fail(reading, &err);
		return;
	}
	reading->timer = timer_start(tools->loop, tools->max_wait_ms, 0, on_late, reading);
	call_on_cancel(compat->waiting.call, on_cancel, reading);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct compat *compat;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	compat = compat_new(call, go);
	json_put_text(compat->failed, "content", "");
	json_put_int(compat->failed, "size", 0);
	json_put_int(compat->failed, "modified", 0);
	if (compat_takes(compat, 0, values[A_PATH].text, true))
		compat_begin(compat);
}

const struct tool tool_file_read = {
	.name = "file_read",
	.title = "Read a file",
	.description = "Use this to read a text file of your sandbox.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "compat-container-mcp",
	.run = run,
};
