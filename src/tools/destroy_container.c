/* destroy_container: the end, at once; also of what is gone already.  A client that can ask its
 * person does so while commands run; every other gets what it asked for, and is told what ran. */
#include "internal.h"
#include <string.h>

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
	"destroyed_at": {"type": "string"},
	"killed_commands": {"type": "array", "items": {"type": "string"}, "description": "Ids of commands that still ran"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "status", "destroyed_at"]}, {"required": ["code", "message"]}]});
/* clang-format on */

static const struct arg args_table[] = {
	{ "container_id", ARG_TEXT, .required = true, .least = 1, .aliases = container_id_aliases },
};

/* --- what runs in it --- */

enum { SHOWN_MAX = 3, LIST_MAX = 64 * 1024 };

struct running {
	int64_t count;
	struct json *ids;
	struct buf text; /* the first of them, for people */
};

static void running_release(struct running *running)
{
	json_free(running->ids);
	buf_release(&running->text);
}

static bool on_row(void *ctx, const struct command_row *row)
{
	struct running *running = ctx;

	if (strcmp(row->state, "running") != 0)
		return true;
	json_append(running->ids, json_new_text(row->id));
	if (++running->count <= SHOWN_MAX)
		command_row_text(row, &running->text);
	return true;
}

static void look(struct call *call, const char *container_id, struct running *ret_running)
{
	struct error ignored; /* what cannot be looked at is refused by the end itself */

	*ret_running = (struct running){ .ids = json_array(), .text = BUF_INIT(LIST_MAX) };
	(void)!command_each(tools_of(call)->sandboxes, call_owner(call), container_id, on_row,
			    ret_running, &ignored);
}

/* --- the person's word --- */

static const char question_key[] = "destroy";

static void ask(struct call *call, const char *container_id, const struct running *running)
{
	static const char schema[] = SCHEMA({
		"type" : "object",
		"properties" : {
			"destroy" : { "type" : "boolean", "title" : "Destroy it", "default" : true }
		}
	});
	auto_str message =
		mem_format("Destroy container %s? %lld of its commands still run%s, and end with "
			   "it:\n%s",
			   container_id, (long long)running->count,
			   running->count > SHOWN_MAX ? " (the first are shown)" : "",
			   buf_text(&running->text));
	struct json *params = json_object();

	json_put_text(params, "mode", "form");
	json_put_text(params, "message", message);
	json_put(params, "requestedSchema", json_new_raw(schema, strlen(schema)));
	call_ask(call, question_key, ASK_FORM, params);
	call_await(call);
}

/* A form sent back as it was shown is a yes; what the form does not know is none. */
static bool is_agreed(const struct json *answer)
{
	const struct json *content = json_get_object(answer, "content");

	return strcmp(json_get_text(answer, "action"), "accept") == 0 &&
	       json_get_bool(content, "destroy", !json_get(content, "destroy"));
}

/* False: the person was asked, or said no; the call is dead then, or waits. */
static bool may_go_on(struct call *call, const char *container_id, const struct running *running)
{
	const struct json *answer = call_input(call, question_key, ASK_FORM);
	struct error err;

	if (running->count == 0 || !call_can_ask(call, ASK_FORM))
		return true;
	if (!answer) {
		ask(call, container_id, running);
		return false;
	}
	if (is_agreed(answer))
		return true;
	error_set(&err, ERROR_CONFLICT,
		  "container %s was not destroyed: %lld of its commands still run, and the person "
		  "who was asked did not agree",
		  container_id, (long long)running->count);
	error_advise(&err, "wait for its commands, or end them with kill_command, and call again",
		     false);
	call_fail(call, &err, err.next);
	return false;
}

/* --- the end --- */

static void answer(struct call *call, const char *container_id, int64_t destroyed_at,
		   struct running *running)
{
	struct json *out = json_object();
	char text[CLOCK_TEXT_SIZE];
	auto_str line = NULL;

	clock_format(destroyed_at, text);
	line = mem_format("%s%s[container %s was destroyed at %s; its files and links are gone]",
			  running->count > 0 ? "Still running until then:\n" : "",
			  buf_text(&running->text), container_id, text);
	json_put_text(out, "container_id", container_id);
	json_put_text(out, "status", "destroyed");
	json_put_text(out, "destroyed_at", text);
	if (running->count > 0)
		json_put(out, "killed_commands", take(running->ids));
	call_add_text(call, line);
	call_answer(call, out);
}

static void destroy(struct call *call, const char *container_id, struct running *running)
{
	int64_t destroyed_at;
	struct error err;

	if (!may_go_on(call, container_id, running))
		return;
	if (sandbox_destroy(tools_of(call)->sandboxes, call_owner(call), container_id,
			    &destroyed_at, &err))
		answer(call, container_id, destroyed_at, running);
	else
		tool_fail(call, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[1];
	struct running running;

	if (!args_read(call, args, args_table, 1, values))
		return;
	look(call, values[0].text, &running);
	destroy(call, values[0].text, &running);
	running_release(&running);
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
