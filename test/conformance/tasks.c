/* The tools that become tasks. */
#include <stdio.h>
#include <string.h>
#include "fixture.h"

static void greet(struct call *call, const struct json *args)
{
	const char *name = json_get_text(args, "name");
	auto_str text = mem_format("Hello, %s!", name ? name : "stranger");

	answer_text(call, text);
}

static void computed(struct call *call, int seconds)
{
	auto_str text = mem_format("computed for %d s", seconds);

	answer_text(call, text);
}

static void slow_compute(struct call *call, const struct json *args)
{
	int64_t seconds = 0;

	(void)json_get_int(args, "seconds", &seconds);
	if (seconds > 0)
		(void)call_detach(call, NULL);
	run_later(call, seconds * 1000, computed, (int)seconds);
}

static void fail(struct call *call, int step)
{
	struct error err;

	error_set(&err, ERROR_INTERNAL, "this job always fails");
	if (step == 0)
		call_fail(call, &err, NULL);
	else
		call_reject(call, &err);
}

static void failing_job(struct call *call, const struct json *args)
{
	(void)args;
	(void)call_detach(call, NULL);
	run_later(call, 100, fail, 0);
}

static void protocol_error_job(struct call *call, const struct json *args)
{
	(void)args;
	(void)call_detach(call, NULL);
	run_later(call, 100, fail, 1);
}

#define CONFIRM                                                                                    \
	"{\"mode\":\"form\",\"message\":\"Sure?\",\"requestedSchema\":{\"type\":\"object\","       \
	"\"properties\":{\"confirm\":{\"type\":\"boolean\"}},\"required\":[\"confirm\"]}}"

static void confirm_delete(struct call *call, const struct json *args)
{
	const char *name = json_get_text(args, "filename");
	auto_str text = mem_format("deleted %s", name ? name : "nothing");

	(void)call_detach(call, NULL);
	if (call_input(call, "confirm", ASK_FORM)) {
		answer_text(call, text);
		return;
	}
	call_ask(call, "confirm", ASK_FORM, literal(CONFIRM));
	call_await(call);
}

static void multi_input(struct call *call, const struct json *args)
{
	(void)args;
	(void)call_detach(call, NULL);
	if (call_input(call, "first", ASK_FORM) && call_input(call, "second", ASK_FORM)) {
		answer_text(call, "both were answered");
		return;
	}
	call_ask(call, "first", ASK_FORM, literal(CONFIRM));
	call_ask(call, "second", ASK_FORM, literal(CONFIRM));
	call_await(call);
}

static void task_after_input(struct call *call, const struct json *args)
{
	const struct json *answer = call_input(call, "user_name", ASK_FORM);
	const char *name = json_get_text(json_get(answer, "content"), "name");

	(void)args;
	if (!answer) {
		call_ask(call, "user_name", ASK_FORM,
			 literal("{\"mode\":\"form\",\"message\":\"Your name?\","
				 "\"requestedSchema\":{\"type\":\"object\",\"properties\":{"
				 "\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]}}"));
		call_await(call);
		return;
	}
	(void)call_detach(call, NULL);
	answer_text(call, name ? name : "nobody");
}

#define TOOL(var, tool_name, fn, schema, kind)                                                     \
	const struct tool var = { .name = tool_name,                                               \
				  .description = "A fixture that takes long.",                     \
				  .input_schema = schema,                                          \
				  .task = kind,                                                    \
				  .run = fn }

TOOL(tool_greet, "greet", greet,
     "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}", TOOL_TASK_NO);
TOOL(tool_slow_compute, "slow_compute", slow_compute,
     "{\"type\":\"object\",\"properties\":{\"seconds\":{\"type\":\"integer\"},"
     "\"label\":{\"type\":\"string\"}}}",
     TOOL_TASK_MAY);
TOOL(tool_failing_job, "failing_job", failing_job, ANY_ARGUMENTS, TOOL_TASK_MUST);
TOOL(tool_protocol_error_job, "protocol_error_job", protocol_error_job, ANY_ARGUMENTS,
     TOOL_TASK_MUST);
TOOL(tool_confirm_delete, "confirm_delete", confirm_delete,
     "{\"type\":\"object\",\"properties\":{\"filename\":{\"type\":\"string\"}}}", TOOL_TASK_MUST);
TOOL(tool_multi_input, "multi_input", multi_input, ANY_ARGUMENTS, TOOL_TASK_MUST);
TOOL(tool_task_after_input, "test_tool_with_task", task_after_input, ANY_ARGUMENTS, TOOL_TASK_MUST);
