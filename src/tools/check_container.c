/* check_container: is it alive, what does it use, what runs in it; and, on request, a longer life.
 */
#include "internal.h"
#include <string.h>

enum { TEXT_MAX = 1024 * 1024 };

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "description": "From create_container"},
		"extend_seconds": {"type": "integer", "minimum": 1, "maximum": 604800, "description": "Adds this much to its life, up to the server's maximum for the whole of it. Default: its end stays as it is"}
	},
	"required": ["container_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	CONTAINER_PROPERTIES
	SCHEMA(,
	"uptime_ms": {"type": "integer"},
	"usage": {"type": "object", "properties": {
		"memory_bytes": {"type": "integer"}, "memory_peak_bytes": {"type": "integer"}, "cpu_ms": {"type": "integer"},
		"pids": {"type": "integer"}, "disk_bytes": {"type": "integer"}}},
	"commands": {"type": "array", "description": "Those that run now", "items": {"type": "object"}},
	"files": {"type": "integer", "description": "Links to files that are open"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "status", "expires_at", "usage"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_CONTAINER, A_EXTEND, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_EXTEND] = { "extend_seconds", ARG_INT, .least = 1, .most = 604800 },
};

struct running {
	struct json *list;
	struct buf *text;
};

static bool on_row(void *ctx, const struct command_row *row)
{
	struct running *running = ctx;

	if (strcmp(row->state, "running") == 0) {
		json_append(running->list, command_row_json(row));
		buf_add_text(running->text, "running: ");
		command_row_text(row, running->text);
	}
	return true;
}

static struct json *usage_json(const struct sandbox_view *view)
{
	const struct {
		const char *key;
		int64_t value;
	} usage[] = {
		{ "memory_bytes", view->memory_bytes },
		{ "memory_peak_bytes", view->memory_peak_bytes },
		{ "cpu_ms", view->cpu_ms },
		{ "pids", view->pids },
		{ "disk_bytes", view->disk_bytes },
	};
	struct json *out = json_object();

	for (size_t i = 0; i < sizeof(usage) / sizeof(*usage); i++)
		if (usage[i].value >= 0)
			json_put_int(out, usage[i].key, usage[i].value);
	return out;
}

static void add_size(struct buf *text, const char *what, int64_t bytes)
{
	char size[FORMAT_SIZE];

	if (bytes < 0)
		return;
	format_size(bytes, size);
	buf_addf(text, ", %s %s", what, size);
}

static void usage_text(const struct sandbox_view *view, struct buf *text)
{
	char uptime[FORMAT_SIZE], cpu[FORMAT_SIZE];

	format_duration(view->uptime_ms, uptime);
	buf_addf(text, "up %s", uptime);
	add_size(text, "memory", view->memory_bytes);
	add_size(text, "memory peak", view->memory_peak_bytes);
	add_size(text, "disk", view->disk_bytes);
	if (view->cpu_ms >= 0) {
		format_duration(view->cpu_ms, cpu);
		buf_addf(text, ", cpu %s", cpu);
	}
	if (view->pids >= 0)
		buf_addf(text, ", %lld processes", (long long)view->pids);
	buf_addf(text, "; %lld command%s running, %lld file%s shared\n",
		 (long long)view->commands_running, view->commands_running == 1 ? "" : "s",
		 (long long)view->files_shared, view->files_shared == 1 ? "" : "s");
}

static void on_done(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct running running;
	struct error failure;
	struct json *out;

	free(waiting);
	if (err) {
		tool_fail(call, err);
		return;
	}
	running = (struct running){ json_array(), &text };
	container_text(view, &text);
	usage_text(view, &text);
	out = container_json(view);
	json_put_int(out, "uptime_ms", view->uptime_ms);
	json_put(out, "usage", usage_json(view));
	if (!command_each(tools_of(call)->sandboxes, call_owner(call), view->row->id, on_row,
			  &running, &failure))
		call_warn(call, "its commands could not be listed: %s", failure.text);
	json_put(out, "commands", running.list);
	json_put_int(out, "files", view->files_shared);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct waiting *waiting;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	waiting = waiting_new(call);
	op = sandbox_check(tools_of(call)->sandboxes, call_owner(call), values[A_CONTAINER].text,
			   values[A_EXTEND].number * 1000, on_done, waiting, &err);
	waiting_began(waiting, op, &err);
}

const struct tool tool_check_container = {
	.name = "check_container",
	.title = "Check a container",
	.description =
		"Use this to see whether a container is alive, what it uses and which commands run "
		"in it, or to let it live longer (extend_seconds).",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.set = "containers",
	.run = run,
};
