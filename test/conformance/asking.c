/* The tools and the prompt that ask the client: as requests in 2025, as input_required in 2026. */
#include <stdio.h>
#include <string.h>
#include "fixture.h"

/* clang-format off */
#define FORM(message, properties, required) \
	"{\"mode\":\"form\",\"message\":\"" message "\",\"requestedSchema\":{\"type\":\"object\"," \
	"\"properties\":{" properties "},\"required\":[" required "]}}"

static const char name_form[] = FORM("What is your name?", "\"name\":{\"type\":\"string\"}", "\"name\"");
static const char confirm_form[] = FORM("Please confirm", "\"ok\":{\"type\":\"boolean\"}", "\"ok\"");
static const char user_form[] = FORM("Please provide your information",
	"\"username\":{\"type\":\"string\",\"description\":\"User's response\"},"
	"\"email\":{\"type\":\"string\",\"description\":\"User's email address\"}", "\"username\",\"email\"");
static const char defaults_form[] = FORM("Please review and update the form fields with defaults",
	"\"name\":{\"type\":\"string\",\"default\":\"John Doe\"},\"age\":{\"type\":\"integer\",\"default\":30},"
	"\"score\":{\"type\":\"number\",\"default\":95.5},\"status\":{\"type\":\"string\","
	"\"enum\":[\"active\",\"inactive\",\"pending\"],\"default\":\"active\"},"
	"\"verified\":{\"type\":\"boolean\",\"default\":true}", "");
static const char enums_form[] = FORM("Please select options",
	"\"untitledSingle\":{\"type\":\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]},"
	"\"titledSingle\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"value1\",\"title\":\"First Option\"},"
	"{\"const\":\"value2\",\"title\":\"Second Option\"},{\"const\":\"value3\",\"title\":\"Third Option\"}]},"
	"\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],"
	"\"enumNames\":[\"Option One\",\"Option Two\",\"Option Three\"]},"
	"\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]}},"
	"\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"const\":\"value1\",\"title\":\"First Choice\"},"
	"{\"const\":\"value2\",\"title\":\"Second Choice\"},{\"const\":\"value3\",\"title\":\"Third Choice\"}]}}", "");
static const char capital_sample[] =
	"{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":"
	"\"What is the capital of France?\"}}],\"maxTokens\":100}";
/* clang-format on */

/* Asks once; true: it is answered, and *ret_answer is what with. */
static bool is_answered(struct call *call, const char *key, enum ask_kind kind, const char *params,
			const struct json **ret_answer)
{
	*ret_answer = call_input(call, key, kind);
	if (*ret_answer)
		return true;
	if (!call_can_ask(call, kind)) {
		call_lacks(call, kind);
		return false;
	}
	call_ask(call, key, kind, params ? literal(params) : json_object());
	call_await(call);
	return false;
}

static void say_answer(struct call *call, const char *front, const struct json *answer)
{
	auto_str text = json_print(answer);
	auto_str line = mem_format("%s: %s", front, text);

	answer_text(call, line);
}

static void ask_one(struct call *call, const char *key, enum ask_kind kind, const char *params)
{
	const struct json *answer;

	if (is_answered(call, key, kind, params, &answer))
		say_answer(call, "The client answered", answer);
}

/* --- 2025 names --- */

static void sampling(struct call *call, const struct json *args)
{
	const char *prompt = json_get_text(args, "prompt");
	struct json *message = json_object(), *params;
	const struct json *answer = call_input(call, "sample", ASK_SAMPLE);

	json_put_text(message, "role", "user");
	json_put(message, "content", text_json(prompt ? prompt : "Hello"));
	params = json_object();
	json_put(params, "messages", json_array());
	json_put_int(params, "maxTokens", 100);
	json_append((struct json *)json_get(params, "messages"), message);
	if (answer) {
		json_free(params);
		say_answer(call, "LLM response", answer);
	} else if (call_can_ask(call, ASK_SAMPLE)) {
		call_ask(call, "sample", ASK_SAMPLE, params);
		call_await(call);
	} else {
		json_free(params);
		call_lacks(call, ASK_SAMPLE);
	}
}

static void elicitation(struct call *call, const struct json *args)
{
	(void)args;
	ask_one(call, "user", ASK_FORM, user_form);
}

static void defaults(struct call *call, const struct json *args)
{
	(void)args;
	ask_one(call, "form", ASK_FORM, defaults_form);
}

static void enums(struct call *call, const struct json *args)
{
	(void)args;
	ask_one(call, "form", ASK_FORM, enums_form);
}

/* --- 2026 names --- */

static void ask_elicitation(struct call *call, const struct json *args)
{
	(void)args;
	ask_one(call, "user_name", ASK_FORM, name_form);
}

static void ask_sampling(struct call *call, const struct json *args)
{
	(void)args;
	ask_one(call, "capital_question", ASK_SAMPLE, capital_sample);
}

static void ask_roots(struct call *call, const struct json *args)
{
	(void)args;
	ask_one(call, "client_roots", ASK_ROOTS, NULL);
}

static void ask_state(struct call *call, const struct json *args)
{
	(void)args;
	if (call_input(call, "confirm", ASK_FORM)) {
		answer_text(call, call_state(call) ? "state-ok" : "the state is missing");
		return;
	}
	call_set_state(call, "remember me");
	call_ask(call, "confirm", ASK_FORM, literal(confirm_form));
	call_await(call);
}

static void ask_many(struct call *call, const struct json *args)
{
	(void)args;
	if (call_input(call, "user_name", ASK_FORM) && call_input(call, "greeting", ASK_SAMPLE) &&
	    call_input(call, "client_roots", ASK_ROOTS)) {
		answer_text(call, "all three were answered");
		return;
	}
	call_set_state(call, "many");
	call_ask(call, "user_name", ASK_FORM, literal(name_form));
	call_ask(call, "greeting", ASK_SAMPLE, literal(capital_sample));
	call_ask(call, "client_roots", ASK_ROOTS, json_object());
	call_await(call);
}

static void ask_rounds(struct call *call, const struct json *args)
{
	const struct json *answer;

	(void)args;
	call_set_state(call, call_input(call, "step1", ASK_FORM) ? "second" : "first");
	if (is_answered(call, "step1", ASK_FORM, name_form, &answer) &&
	    is_answered(call, "step2", ASK_FORM, confirm_form, &answer))
		answer_text(call, "both rounds are done");
}

static void ask_capabilities(struct call *call, const struct json *args)
{
	(void)args;
	if (call_input(call, "user_name", ASK_FORM) ||
	    call_input(call, "capital_question", ASK_SAMPLE)) {
		answer_text(call, "answered");
		return;
	}
	if (call_can_ask(call, ASK_FORM))
		call_ask(call, "user_name", ASK_FORM, literal(name_form));
	if (call_can_ask(call, ASK_SAMPLE))
		call_ask(call, "capital_question", ASK_SAMPLE, literal(capital_sample));
	if (call_can_ask(call, ASK_FORM) || call_can_ask(call, ASK_SAMPLE))
		call_await(call);
	else
		call_lacks(call, ASK_FORM);
}

static void missing_capability(struct call *call, const struct json *args)
{
	(void)args;
	if (call_can_ask(call, ASK_SAMPLE))
		answer_text(call, "sampling is declared");
	else
		call_lacks(call, ASK_SAMPLE);
}

static void asking_prompt(struct call *call, const struct json *args)
{
	const struct json *answer;
	auto_str text = NULL;

	(void)args;
	if (!is_answered(call, "user_context", ASK_FORM,
			 FORM("What is the context?", "\"context\":{\"type\":\"string\"}",
			      "\"context\""),
			 &answer))
		return;
	text = json_print(answer);
	call_add_message(call, "user", text_json(text));
	call_end(call);
}

#define TOOL(var, tool_name, fn)                                                                   \
	const struct tool var = { .name = tool_name,                                               \
				  .description = "A fixture that asks the client.",                \
				  .input_schema = ANY_ARGUMENTS,                                   \
				  .run = fn }

TOOL(tool_sampling, "test_sampling", sampling);
TOOL(tool_elicitation, "test_elicitation", elicitation);
TOOL(tool_defaults, "test_elicitation_sep1034_defaults", defaults);
TOOL(tool_enums, "test_elicitation_sep1330_enums", enums);
TOOL(tool_ask_elicitation, "test_input_required_result_elicitation", ask_elicitation);
TOOL(tool_ask_sampling, "test_input_required_result_sampling", ask_sampling);
TOOL(tool_ask_roots, "test_input_required_result_list_roots", ask_roots);
TOOL(tool_ask_state, "test_input_required_result_request_state", ask_state);
TOOL(tool_ask_many, "test_input_required_result_multiple_inputs", ask_many);
TOOL(tool_ask_rounds, "test_input_required_result_multi_round", ask_rounds);
TOOL(tool_ask_tampered, "test_input_required_result_tampered_state", ask_state);
TOOL(tool_ask_capabilities, "test_input_required_result_capabilities", ask_capabilities);
TOOL(tool_streaming_elicitation, "test_streaming_elicitation", ask_elicitation);
TOOL(tool_missing_capability, "test_missing_capability", missing_capability);

const struct prompt prompt_asking = {
	.name = "test_input_required_result_prompt",
	.description = "A prompt that asks the client first.",
	.run = asking_prompt,
};
