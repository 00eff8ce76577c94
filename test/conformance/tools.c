/* The tools that ask nobody, and the list of all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

/* --- shared by the fixture --- */

struct json *literal(const char *text)
{
	return json_new_raw(text, strlen(text));
}

struct json *text_json(const char *text)
{
	struct json *block = json_object();

	json_put_text(block, "type", "text");
	json_put_text(block, "text", text);
	return block;
}

struct json *image_json(void)
{
	return literal("{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}");
}

struct json *resource_json(const char *uri, const char *text)
{
	struct json *block = json_object(), *resource = json_object();

	json_put_text(resource, "uri", uri);
	json_put_text(resource, "mimeType", "text/plain");
	json_put_text(resource, "text", text);
	json_put_text(block, "type", "resource");
	json_put(block, "resource", resource);
	return block;
}

struct fixture *fixture_of(const struct call *call)
{
	return call_context(call);
}

void answer_text(struct call *call, const char *text)
{
	call_add_text(call, text);
	call_answer(call, NULL);
}

struct later {
	struct call *call;
	struct timer *timer;
	void (*next)(struct call *call, int step);
	int step;
};

static void on_due(void *ctx)
{
	struct later later = *(struct later *)ctx;

	timer_stop(later.timer);
	free(ctx);
	call_on_cancel(later.call, NULL, NULL);
	later.next(later.call, later.step);
}

static void on_taken_back(void *ctx)
{
	struct later *later = ctx;
	struct call *call = later->call;
	struct error err;

	timer_stop(later->timer);
	free(later);
	error_set(&err, ERROR_CANCELLED, "taken back");
	call_fail(call, &err, NULL);
}

void run_later(struct call *call, int64_t ms, void (*next)(struct call *call, int step), int step)
{
	struct later *later = mem_new(struct later);

	later->call = call;
	later->next = next;
	later->step = step;
	later->timer = timer_start(fixture_of(call)->loop, ms, 0, on_due, later);
	call_on_cancel(call, on_taken_back, later);
}

/* --- the tools --- */

static void simple_text(struct call *call, const struct json *args)
{
	(void)args;
	answer_text(call, "This is a simple text response for testing.");
}

static void image_content(struct call *call, const struct json *args)
{
	(void)args;
	call_add_block(call, image_json());
	call_answer(call, NULL);
}

static void audio_content(struct call *call, const struct json *args)
{
	(void)args;
	call_add_block(call, literal("{\"type\":\"audio\",\"data\":\"" WAV
				     "\",\"mimeType\":\"audio/wav\"}"));
	call_answer(call, NULL);
}

static void embedded_resource(struct call *call, const struct json *args)
{
	(void)args;
	call_add_block(call, resource_json("test://embedded-resource",
					   "This is an embedded resource content."));
	call_answer(call, NULL);
}

static void mixed_content(struct call *call, const struct json *args)
{
	(void)args;
	call_add_text(call, "Multiple content types test:");
	call_add_block(call, image_json());
	call_add_block(call, resource_json("test://mixed-content-resource", "mixed"));
	call_answer(call, NULL);
}

static void error_handling(struct call *call, const struct json *args)
{
	struct error err;

	(void)args;
	error_set(&err, ERROR_INTERNAL, "This tool intentionally returns an error for testing");
	call_fail(call, &err, NULL);
}

static void progress_step(struct call *call, int step)
{
	if (step > 2) {
		answer_text(call, "done");
		return;
	}
	call_progress(call, step * 50, 100, "on the way");
	run_later(call, 50, progress_step, step + 1);
}

static void with_progress(struct call *call, const struct json *args)
{
	(void)args;
	progress_step(call, 0);
}

static void logging_step(struct call *call, int step)
{
	static const char *const lines[] = { "Tool execution started", "Tool processing data",
					     "Tool execution completed" };

	if (step > 2) {
		answer_text(call, "logged");
		return;
	}
	call_log(call, LEVEL_INFO, "fixture", lines[step]);
	run_later(call, 50, logging_step, step + 1);
}

static void with_logging(struct call *call, const struct json *args)
{
	(void)args;
	logging_step(call, 0);
}

static void reconnected(struct call *call, int step)
{
	(void)step;
	answer_text(call, "Reconnection test completed successfully.");
}

static void reconnection(struct call *call, const struct json *args)
{
	(void)args;
	call_send_away(call, 500);
	run_later(call, 700, reconnected, 0);
}

static void trigger_tools(struct call *call, const struct json *args)
{
	(void)args;
	mcp_list_changed(fixture_of(call)->mcp, MCP_TOOLS);
	answer_text(call, "the list of tools has changed");
}

static void trigger_prompts(struct call *call, const struct json *args)
{
	(void)args;
	mcp_list_changed(fixture_of(call)->mcp, MCP_PROMPTS);
	answer_text(call, "the list of prompts has changed");
}

static void echo_region(struct call *call, const struct json *args)
{
	const char *region = json_get_text(args, "region");

	answer_text(call, region ? region : "no region");
}

#define TOOL(var, tool_name, fn, schema)                                                           \
	static const struct tool var = { .name = tool_name,                                        \
					 .description = "A fixture of the conformance suite.",     \
					 .input_schema = schema,                                   \
					 .run = fn }

TOOL(tool_simple, "test_simple_text", simple_text, NO_ARGUMENTS);
TOOL(tool_image, "test_image_content", image_content, NO_ARGUMENTS);
TOOL(tool_audio, "test_audio_content", audio_content, NO_ARGUMENTS);
TOOL(tool_embedded, "test_embedded_resource", embedded_resource, NO_ARGUMENTS);
TOOL(tool_mixed, "test_multiple_content_types", mixed_content, NO_ARGUMENTS);
TOOL(tool_error, "test_error_handling", error_handling, NO_ARGUMENTS);
TOOL(tool_progress, "test_tool_with_progress", with_progress, NO_ARGUMENTS);
TOOL(tool_logging, "test_tool_with_logging", with_logging, NO_ARGUMENTS);
TOOL(tool_logging_2026, "test_logging_tool", with_logging, NO_ARGUMENTS);
TOOL(tool_reconnection, "test_reconnection", reconnection, NO_ARGUMENTS);
TOOL(tool_trigger_tools, "test_trigger_tool_change", trigger_tools, NO_ARGUMENTS);
TOOL(tool_trigger_prompts, "test_trigger_prompt_change", trigger_prompts, NO_ARGUMENTS);
TOOL(tool_header, "test_x_mcp_header", echo_region,
     "{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\","
     "\"x-mcp-header\":\"Region\"}}}");
/* clang-format off */
TOOL(tool_schema, "json_schema_2020_12_tool", simple_text,
     "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
     "\"$defs\":{\"address\":{\"$anchor\":\"addressDef\",\"type\":\"object\",\"properties\":{"
     "\"street\":{\"type\":\"string\"},\"city\":{\"type\":\"string\"}}}},"
     "\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{\"$ref\":\"#/$defs/address\"},"
     "\"contactMethod\":{\"type\":\"string\",\"enum\":[\"phone\",\"email\"]},"
     "\"phone\":{\"type\":\"string\"},\"email\":{\"type\":\"string\"}},"
     "\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":[\"email\"]}]}],"
     "\"if\":{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},\"required\":[\"contactMethod\"]},"
     "\"then\":{\"required\":[\"phone\"]},\"else\":{\"required\":[\"email\"]},"
     "\"additionalProperties\":false}");
/* clang-format on */

const struct tool *const fixture_tools[] = {
	&tool_simple,
	&tool_image,
	&tool_audio,
	&tool_embedded,
	&tool_mixed,
	&tool_error,
	&tool_progress,
	&tool_logging,
	&tool_logging_2026,
	&tool_reconnection,
	&tool_trigger_tools,
	&tool_trigger_prompts,
	&tool_header,
	&tool_schema,
	&tool_sampling,
	&tool_elicitation,
	&tool_defaults,
	&tool_enums,
	&tool_ask_elicitation,
	&tool_ask_sampling,
	&tool_ask_roots,
	&tool_ask_state,
	&tool_ask_many,
	&tool_ask_rounds,
	&tool_ask_tampered,
	&tool_ask_capabilities,
	&tool_streaming_elicitation,
	&tool_missing_capability,
	&tool_greet,
	&tool_slow_compute,
	&tool_failing_job,
	&tool_protocol_error_job,
	&tool_confirm_delete,
	&tool_multi_input,
	&tool_task_after_input,
	NULL,
};
