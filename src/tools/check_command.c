/* check_command: wait for a command, read any part of what it printed, or search that. */
#include "internal.h"
#include <string.h>
#include "utf8.h"

enum { TEXT_MAX = 8 * 1024 * 1024, FOOTER_MAX = 64 * 1024 };

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"command_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From execute_command"},
		"wait_seconds": {"type": "number", "description": "Wait this long for its end (or for wait_for); answers as soon as that comes"},
		"wait_for": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A regular expression: answer as soon as it appears in the output, old or new. Default: only the end is waited for"},
		"offset": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "description": "Read on from this byte of the stream, as next_offset said. Default: the beginning and the end are shown"},
		"tail_bytes": {"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Show only the last bytes. Default: not so"},
		"stream": {"type": "string", "enum": ["stdout", "stderr", "both"], "default": "both", "description": "Which output is shown, read on or searched"},
		"grep": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A regular expression: show the lines that match, with their numbers, instead of the output"},
		"encoding": {"type": "string", "enum": ["utf-8", "base64"], "default": "utf-8", "description": "base64 gives the bytes as they are"},
		"max_output_bytes": {"type": "integer", "description": "How much of each stream is shown"}
	},
	"required": ["command_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," NEXT_OFFSET_PROPERTY
	SCHEMA(,
	"matched": {"type": "boolean", "description": "With wait_for: whether it has appeared"},
	"matches": {"type": "object", "description": "With grep, by stream", "additionalProperties": {"type": "object", "properties": {
		"count": {"type": "integer", "description": "Matching lines there are"},
		"lines": {"type": "array", "items": {"type": "object", "properties": {
			"number": {"type": "integer", "description": "Absent behind output that was not kept: nobody knows it"}, "text": {"type": "string"}}}}}}},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum {
	A_COMMAND,
	A_WAIT,
	A_WAIT_FOR,
	A_OFFSET,
	A_TAIL,
	A_STREAM,
	A_GREP,
	A_ENCODING,
	A_MAX_OUTPUT,
	A_COUNT,
};

static const char *const stream_choices[] = { "both", "stdout", "stderr", NULL };
static const char *const encodings[] = { "utf-8", "base64", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_COMMAND] = { "command_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = command_id_aliases },
	[A_WAIT] = { "wait_seconds", ARG_NUMBER, .least = 0, .most = 45 },
	[A_WAIT_FOR] = { "wait_for", ARG_TEXT, .least = 1, .most = PATTERN_ARG_MAX },
	[A_OFFSET] = { "offset", ARG_INT, .least = 0, .most = (INT64_C(1) << 53) - 1 },
	[A_TAIL] = { "tail_bytes", ARG_INT, .least = 1, .most = OUTPUT_MOST },
	[A_STREAM] = { .name = "stream", .type = ARG_CHOICE, .choices = stream_choices },
	[A_GREP] = { "grep", ARG_TEXT, .least = 1, .most = PATTERN_ARG_MAX },
	[A_ENCODING] = { .name = "encoding", .type = ARG_CHOICE, .choices = encodings },
	[A_MAX_OUTPUT] = { "max_output_bytes", ARG_INT, .least = OUTPUT_LEAST,
			   .most = OUTPUT_MOST },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	const struct tools_context *tools = ctx;
	const struct argument_bound wait = { "wait_seconds", 1000, 0, tools->max_wait_ms, 0 };

	(void)(bind_number(property, name, &wait, 1) || bind_output(property, name, tools));
	return true;
}

struct look {
	struct waiting waiting;
	struct command_wish wish;
	const char *command_id; /* borrowed from the call, like the next */
	const char *grep;
	/* With grep: the answer as it grows. */
	unsigned streams_left;
	struct json *structured;
	struct json *matches;
	struct json *truncated; /* by stream: what could not be searched */
	struct buf text;
	struct buf footer;
};

static void look_free(struct look *look)
{
	json_free(look->structured);
	json_free(look->matches);
	json_free(look->truncated);
	buf_release(&look->text);
	buf_release(&look->footer);
	free(look);
}

static void fail(struct look *look, const struct error *err)
{
	struct call *call = look->waiting.call;

	look_free(look);
	tool_fail(call, err);
}

/* --- grep --- */

/* "NUMBER:line\n" or "?:line\n" … */
static struct json *lines_json(const char *lines)
{
	struct json *list = json_array();

	while (*lines) {
		size_t len = strcspn(lines, "\n");
		size_t digits = strcspn(lines, ":") + 1;
		auto_str text = mem_strndup(lines + digits, len - digits);
		struct json *line = json_object();

		if (*lines != '?')
			json_put_int(line, "number", strtoll(lines, NULL, 10));
		json_put_text(line, "text", text);
		json_append(list, line);
		lines += len;
		lines += *lines == '\n';
	}
	return list;
}

/* What was not kept cannot be searched. */
static void add_hole(struct look *look, const char *stream, const struct command_matches *found)
{
	struct json *hole;

	if (found->lost_from == found->lost_end)
		return;
	hole = json_object();
	json_put_int(hole, "lost_from", found->lost_from);
	json_put_int(hole, "lost_to", found->lost_end - 1);
	json_put_int(hole, "lost_bytes", found->lost_end - found->lost_from);
	json_put(look->truncated, stream, hole);
	if (found->lost_from == found->kept_most)
		buf_addf(&look->text, "[output beyond the spool limit of %lld bytes was not kept: ",
			 (long long)found->kept_most);
	else
		buf_add_text(&look->text, "[part of the output could not be kept: ");
	buf_addf(&look->text,
		 "bytes %lld–%lld are lost and were not searched; lines behind them are shown with "
		 "? for their number]\n",
		 (long long)found->lost_from, (long long)found->lost_end - 1);
}

static void add_matches(struct look *look, const char *stream, const char *lines,
			const struct command_matches *found)
{
	struct json *out = json_object();
	struct json *list = lines_json(lines);
	int64_t shown = (int64_t)json_size(list);

	json_put_int(out, "count", found->count);
	json_put(out, "lines", list);
	json_put(look->matches, stream, out);
	buf_addf(&look->text, "[%s: %lld matching line%s%s]\n%s", stream, (long long)found->count,
		 found->count == 1 ? "" : "s", shown < found->count ? ", the first are shown" : "",
		 lines);
	add_hole(look, stream, found);
}

static void grep_next(struct look *look);

static void on_grep(void *ctx, const struct command_matches *found, const struct error *err)
{
	struct look *look = ctx;
	bool stdout_done = look->streams_left & COMMAND_STDOUT;
	auto_buf clean = BUF_INIT(found ? 3 * found->len + 1 : 1);
	bool replaced;

	if (err) {
		fail(look, err);
		return;
	}
	if (found->len > 0)
		utf8_clean(found->lines, found->len, &clean, &replaced);
	add_matches(look, stdout_done ? "stdout" : "stderr", buf_text(&clean), found);
	look->streams_left &= ~(unsigned)(stdout_done ? COMMAND_STDOUT : COMMAND_STDERR);
	grep_next(look);
}

static void finish(struct look *look)
{
	struct call *call = look->waiting.call;
	struct json *structured = take(look->structured);

	json_put(structured, "matches", take(look->matches));
	if (json_size(look->truncated) > 0)
		json_put(structured, "truncated", take(look->truncated));
	buf_add(&look->text, buf_text(&look->footer), look->footer.len);
	call_add_text(call, buf_text(&look->text));
	look_free(look);
	call_answer(call, structured);
}

static void grep_next(struct look *look)
{
	struct call *call = look->waiting.call;
	struct command_grep grep = { .owner = call_owner(call),
				     .command_id = look->command_id,
				     .pattern = look->grep,
				     .most = (size_t)look->wish.output.limit };
	struct sandbox_op *op;
	struct error err;

	if (look->streams_left == 0) {
		finish(look);
		return;
	}
	grep.stream = look->streams_left & COMMAND_STDOUT ? COMMAND_STDOUT : COMMAND_STDERR;
	op = command_grep(tools_of(call)->sandboxes, &grep, on_grep, look, &err);
	if (op)
		waiting_for(&look->waiting, op);
	else
		fail(look, &err);
}

static void grep_begin(struct look *look, const struct command_view *view)
{
	struct command_wish no_output = look->wish;
	struct error err;

	no_output.streams = 0;
	look->text = BUF_INIT(TEXT_MAX);
	look->footer = BUF_INIT(FOOTER_MAX);
	look->matches = json_object();
	look->truncated = json_object();
	look->streams_left = look->wish.streams;
	if (command_result(view, &no_output, &look->structured, &look->footer, &err))
		grep_next(look);
	else
		fail(look, &err);
}

/* --- looking --- */

static void warn_of_offset(const struct look *look, const struct command_view *view)
{
	const struct command_wish *wish = &look->wish;
	long long out = wish->streams & COMMAND_STDOUT ? view->row->stdout_bytes : -1;
	long long err = wish->streams & COMMAND_STDERR ? view->row->stderr_bytes : -1;
	long long offset = wish->output.offset;

	if (wish->output.mode != OUTPUT_FROM || offset <= out || offset <= err)
		return;
	if (out >= 0 && err >= 0)
		call_warn(look->waiting.call,
			  "offset %lld lies behind the end: stdout has %lld bytes, stderr %lld",
			  offset, out, err);
	else
		call_warn(look->waiting.call,
			  "offset %lld lies behind the end: the stream has %lld bytes", offset,
			  out > err ? out : err);
}

static void on_done(void *ctx, const struct command_view *view, const struct error *err)
{
	struct look *look = ctx;

	if (!err && look->grep) {
		grep_begin(look, view);
		return;
	}
	if (!err)
		warn_of_offset(look, view);
	command_answer(look->waiting.call, view, err, &look->wish);
	look_free(look);
}

static unsigned read_streams(const struct arg_value *value)
{
	if (!value->given || strcmp(value->text, "both") == 0)
		return COMMAND_STDOUT | COMMAND_STDERR;
	return strcmp(value->text, "stdout") == 0 ? COMMAND_STDOUT : COMMAND_STDERR;
}

static bool read_wish(struct call *call, const struct arg_value values[A_COUNT],
		      struct command_wish *ret_wish, struct error *err)
{
	struct output_wish output = { .limit = limit_of(call, &values[A_MAX_OUTPUT]) };

	if (values[A_OFFSET].given && values[A_TAIL].given)
		return error_set(err, ERROR_INVALID,
				 "offset and tail_bytes exclude each other: give one of them");
	if (values[A_OFFSET].given) {
		output.mode = OUTPUT_FROM;
		output.offset = values[A_OFFSET].number;
	} else if (values[A_TAIL].given) {
		output.mode = OUTPUT_TAIL;
		if (!values[A_MAX_OUTPUT].given || output.limit > values[A_TAIL].number)
			output.limit = client_output_bytes(client_find(call_client(call)),
							   values[A_TAIL].number);
	}
	output.base64 = values[A_ENCODING].given && strcmp(values[A_ENCODING].text, "base64") == 0;
	*ret_wish = (struct command_wish){ .output = output,
					   .streams = read_streams(&values[A_STREAM]),
					   .with_offsets = true,
					   .with_match = values[A_WAIT_FOR].given };
	return true;
}

static void begin(struct call *call, const struct arg_value values[A_COUNT],
		  const struct command_wish *wish)
{
	struct command_watch watch = { .owner = call_owner(call),
				       .command_id = values[A_COMMAND].text,
				       .wait_ms = wait_of(call, &values[A_WAIT], 0),
				       .wait_for = values[A_WAIT_FOR].text };
	struct look *look = mem_new(struct look);
	struct sandbox_op *op;
	struct error err;

	look->waiting.call = call;
	look->wish = *wish;
	look->command_id = watch.command_id;
	look->grep = values[A_GREP].text;
	op = command_check(tools_of(call)->sandboxes, &watch, on_done, look, &err);
	if (op)
		waiting_for(&look->waiting, op);
	else
		fail(look, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct command_wish wish;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (read_wish(call, values, &wish, &err))
		begin(call, values, &wish);
	else
		tool_fail(call, &err);
}

const struct tool tool_check_command = {
	.name = "check_command",
	.title = "Check a command",
	.description =
		"Use this to wait for a command that was handed back running (wait_seconds), to "
		"read "
		"any part of its output (offset, tail_bytes) or to search it (grep). The output "
		"stays readable after the command and its container are over.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "commands",
	.bind = bind,
	.run = run,
};
