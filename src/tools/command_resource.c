/* Commands as resources: sandbox://commands/COMMAND reads what check_command would say, and whoever
 * subscribes to it hears when the command ends.  No container is called "commands". */
#include "internal.h"

static void on_view(void *ctx, const struct command_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	const struct command_wish wish = { .output = { .limit = fitting_limit(call) },
					   .streams = COMMAND_STDOUT | COMMAND_STDERR,
					   .with_offsets = true };
	auto_buf ignored = BUF_INIT((size_t)8 * OUTPUT_MOST);
	auto_json structured = NULL;
	auto_str text = NULL;
	struct error failure;

	free(waiting);
	if (err) {
		tool_fail(call, err);
	} else if (!command_result(view, &wish, &structured, &ignored, &failure)) {
		tool_fail(call, &failure);
	} else {
		text = json_print(structured);
		call_add_contents(call, call_uri(call), "application/json", text, NULL);
		call_end(call);
	}
}

static void read_command(struct call *call, const struct json *args)
{
	const struct command_watch watch = { .owner = call_owner(call),
					     .command_id = json_get_text(args, "command_id") };
	struct waiting *waiting = waiting_new(call);
	struct error err;
	struct sandbox_op *op =
		command_check(tools_of(call)->sandboxes, &watch, on_view, waiting, &err);

	waiting_began(waiting, op, &err);
}

char *command_uri(const char *command_id)
{
	return mem_format("sandbox://commands/%s", command_id);
}

const struct resource_template command_template = {
	.uri_template = "sandbox://commands/{command_id}",
	.name = "command",
	.title = "A command",
	.description = "State and output of one of your commands, as check_command gives them. "
		       "Subscribe to it to hear when the command ends.",
	.media_type = "application/json",
	.changes = true,
	.read = read_command,
};
