/* list_commands: what was started in a container, the latest last. */
#include "internal.h"

enum { ROWS_MAX = 200, TEXT_MAX = 1024 * 1024 };

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container; also one that is gone"}
	},
	"required": ["container_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"commands": {"type": "array", "items": {"type": "object", "properties": {
		"command_id": {"type": "string"}, "command": {"type": "string", "description": "Its first 200 bytes"}, "state": {"type": "string"},
		"exit_code": {"type": "integer"}, "signal": {"type": "string"}, "reason": {"type": "string"},
		"language": {"type": "string", "description": "Of code, whose front is the command"}, "context": {"type": "string"}, "state_lost": {"type": "string"}, "context_over": {"type": "boolean"},
		"started_at": {"type": "string"}, "duration_ms": {"type": "integer"}},
		"required": ["command_id", "command", "state", "started_at", "duration_ms"]}},
	"total": {"type": "integer", "description": "All there are; the latest 200 are listed"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "commands", "total"]}, {"required": ["code", "message"]}]});
/* clang-format on */

static const struct arg args_table[] = {
	{ "container_id", ARG_TEXT, .required = true, .least = 1, .aliases = container_id_aliases },
};

struct rows {
	int64_t total; /* found by the first walk */
	int64_t at;    /* of the second */
	struct json *list;
	struct buf text;
};

static bool on_count(void *ctx, const struct command_row *row)
{
	struct rows *rows = ctx;

	(void)row;
	rows->total++;
	return true;
}

static bool on_row(void *ctx, const struct command_row *row)
{
	struct rows *rows = ctx;

	if (rows->at++ >= rows->total - ROWS_MAX) {
		json_append(rows->list, command_row_json(row));
		command_row_text(row, &rows->text);
	}
	return true;
}

static void answer(struct call *call, const char *container_id, struct rows *rows)
{
	struct json *out = json_object();

	json_put_text(out, "container_id", container_id);
	json_put(out, "commands", take(rows->list));
	json_put_int(out, "total", rows->total);
	buf_addf(&rows->text, "[%lld command%s in %s%s]", (long long)rows->total,
		 rows->total == 1 ? "" : "s", container_id,
		 rows->total > ROWS_MAX ? "; the latest 200 are listed" : "");
	call_add_text(call, buf_text(&rows->text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct sandboxes *all = tools_of(call)->sandboxes;
	struct rows rows = { .text = BUF_INIT(TEXT_MAX) };
	struct arg_value values[1];
	struct error err;

	if (!args_read(call, args, args_table, 1, values))
		return;
	rows.list = json_array();
	if (command_each(all, call_owner(call), values[0].text, on_count, &rows, &err) &&
	    command_each(all, call_owner(call), values[0].text, on_row, &rows, &err))
		answer(call, values[0].text, &rows);
	else
		tool_fail(call, &err);
	json_free(rows.list);
	buf_release(&rows.text);
}

const struct tool tool_list_commands = {
	.name = "list_commands",
	.title = "List commands",
	.description = "Use this to find the ids and states of the commands of a container.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "commands",
	.run = run,
};
