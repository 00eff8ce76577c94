/* destroy_container: the end, at once; also of what is gone already. */
#include "internal.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"}
	},
	"required": ["container_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"status": {"type": "string", "enum": ["destroyed"]},
	"destroyed_at": {"type": "string"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "status", "destroyed_at"]}, {"required": ["code", "message"]}]});
/* clang-format on */

static const struct arg args_table[] = {
	{ "container_id", ARG_TEXT, .required = true, .least = 1, .aliases = container_id_aliases },
};

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[1];
	char text[CLOCK_TEXT_SIZE];
	int64_t destroyed_at;
	struct error err;
	struct json *out;
	auto_str line = NULL;

	if (!args_read(call, args, args_table, 1, values))
		return;
	if (!sandbox_destroy(tools_of(call)->sandboxes, call_owner(call), values[0].text,
			     &destroyed_at, &err)) {
		tool_fail(call, &err);
		return;
	}
	clock_format(destroyed_at, text);
	line = mem_format("[container %s was destroyed at %s; its files and links are gone]",
			  values[0].text, text);
	out = json_object();
	json_put_text(out, "container_id", values[0].text);
	json_put_text(out, "status", "destroyed");
	json_put_text(out, "destroyed_at", text);
	call_add_text(call, line);
	call_answer(call, out);
}

const struct tool tool_destroy_container = {
	.name = "destroy_container",
	.title = "Destroy a container",
	.description =
		"Use this when a container is not needed any more: it ends with everything in it, "
		"commands, files and links. Destroying it twice is harmless.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.idempotent = true,
	.set = "containers",
	.run = run,
};
