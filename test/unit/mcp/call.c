/* tools/call and the other methods, without a carrier. */
#include "fixture.h"

#define CALL(id, name)                                                                             \
	"{\"jsonrpc\":\"2.0\",\"id\":" id                                                          \
	",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\",\"arguments\":{\"a\":1}}}"
#define REQUEST(method, params)                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define CANCEL(id)                                                                                 \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"                                         \
	"cancelled\",\"params\":{\"requestId\":" id ",\"reason\":\"x\"}}"

static void ping_is_answered_with_an_empty_object(void **state)
{
	struct fixture *f = *state;

	say(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	assert_string_equal(f->answer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
}

static void tools_list_holds_each_schema_verbatim_and_in_order(void **state)
{
	struct fixture *f = *state;

	say(f, REQUEST("tools/list", "{}"));
	assert_contains(f->answer, "\"tools\":[{\"name\":\"echo\",\"title\":\"Echo\"");
	assert_contains(f->answer, "\"inputSchema\":" ANY_SCHEMA);
	assert_contains(f->answer, "\"outputSchema\":" ANY_SCHEMA);
	assert_contains(f->answer, "\"readOnlyHint\":true,\"destructiveHint\":false");
	assert_true(strstr(f->answer, "\"slow\"") < strstr(f->answer, "\"picky\""));
}

static void a_cursor_that_was_never_given_is_refused(void **state)
{
	struct fixture *f = *state;

	say(f, REQUEST("tools/list", "{\"cursor\":\"x\"}"));
	assert_contains(f->answer, "-32602");
}

static void logging_levels_are_checked(void **state)
{
	struct fixture *f = *state;

	say(f, REQUEST("logging/setLevel", "{\"level\":\"info\"}"));
	assert_contains(f->answer, "\"result\":{}");
	say(f, REQUEST("logging/setLevel", "{\"level\":\"loud\"}"));
	assert_contains(f->answer, "-32602");
	say(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"logging/setLevel\"}");
	assert_contains(f->answer, "-32602");
}

static void what_is_not_declared_is_not_found(void **state)
{
	static const char *const texts[] = {
		REQUEST("resources/list", "{}"), REQUEST("resources/templates/list", "{}"),
		REQUEST("prompts/list", "{}"),   REQUEST("completion/complete", "{}"),
		REQUEST("Tools/List", "{}"),     REQUEST("", "{}"),
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		say(f, texts[i]);
		assert_contains(f->answer, "\"code\":-32601");
		assert_int_equal(f->status, 200);
	}
}

static void agree(struct fixture *f, const char *wanted, const char *agreed)
{
	auto_str text = mem_format(REQUEST("initialize", "{\"protocolVersion\":\"%s\","
							 "\"clientInfo\":{\"name\":\"tester\"}}"),
				   wanted);
	auto_rpc_message message = { .body = NULL };
	struct hello hello;
	struct error err;
	auto_json result = NULL;
	auto_str printed = NULL;

	rpc_read(text, strlen(text), &message);
	assert_true(method_is_initialize(&message));
	result = hello_initialize(f->mcp, &message, &hello, &err);
	assert_non_null(result);
	printed = json_print(result);
	assert_string_equal(hello.version, agreed);
	assert_string_equal(hello.client, "tester");
	assert_string_equal(json_get_text(result, "protocolVersion"), agreed);
	assert_contains(printed, "\"capabilities\":{\"tools\":{},\"logging\":{}}");
	assert_contains(printed, "\"version\":\"1.2.3\"");
	assert_contains(printed, "\"instructions\":\"be kind\"");
}

static void a_known_version_is_agreed_on_and_for_others_ours(void **state)
{
	struct fixture *f = *state;

	agree(f, "2025-11-25", "2025-11-25");
	agree(f, "2025-06-18", "2025-06-18");
	agree(f, "2025-03-26", "2025-03-26");
	agree(f, "2024-11-05", "2024-11-05");
	agree(f, "2026-07-28", "2025-11-25");
	agree(f, "1.0", "2025-11-25");
}

static void initialize_without_a_version_is_refused(void **state)
{
	struct fixture *f = *state;
	auto_rpc_message message = { .body = NULL };
	static const char text[] = REQUEST("initialize", "{\"protocolVersion\":5}");
	struct hello hello;
	struct error err;

	rpc_read(text, strlen(text), &message);
	assert_null(hello_initialize(f->mcp, &message, &hello, &err));
}

static void a_tool_answers_in_both_forms(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("\"x\"", "echo"));
	assert_string_equal(f->answer,
			    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{\"content\":[{\"type\":"
			    "\"text\",\"text\":\"{\\\"a\\\":1}\"}],\"structuredContent\":{"
			    "\"owner\":\"me\"}}}");
	assert_int_equal(mcp_pending(f->mcp), 0);
}

static void a_tool_that_adds_no_text_gets_its_structure_as_text(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("1", "slow"));
	slow_answer(f);
	assert_contains(f->answer, "\"text\":\"{\\\"slow\\\":\\\"done\\\"}\"");
}

static void calls_without_arguments_get_an_empty_object(void **state)
{
	struct fixture *f = *state;

	say(f, REQUEST("tools/call", "{\"name\":\"echo\"}"));
	assert_contains(f->answer, "\"text\":\"{}\"");
}

static void malformed_calls_are_errors_of_the_protocol(void **state)
{
	struct fixture *f = *state;

	say(f, REQUEST("tools/call", "{\"name\":\"nope\"}"));
	assert_contains(f->answer, "\"code\":-32602,\"message\":\"there is no tool nope\"");
	say(f, REQUEST("tools/call", "{\"name\":5}"));
	assert_contains(f->answer, "-32602");
	say(f, REQUEST("tools/call", "{\"name\":\"echo\",\"arguments\":[]}"));
	assert_contains(f->answer, "arguments must be an object");
	say(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}");
	assert_contains(f->answer, "-32602");
	assert_int_equal(f->status, 200);
}

static void a_cancelled_call_sends_nothing(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("1", "slow"));
	assert_int_equal(mcp_pending(f->mcp), 1);
	say(f, CANCEL("1"));
	assert_int_equal(f->cancelled, 1);
	assert_int_equal(f->answers, 1);
	assert_null(f->answer);
	slow_answer(f); /* goes nowhere */
	assert_int_equal(f->answers, 1);
	assert_int_equal(mcp_pending(f->mcp), 0);
}

static void a_tool_may_end_inside_its_cancel(void **state)
{
	struct fixture *f = *state;

	f->answer_on_cancel = true;
	say(f, CALL("1", "slow"));
	say(f, CANCEL("1"));
	assert_int_equal(f->answers, 1);
	assert_null(f->answer);
	assert_int_equal(mcp_pending(f->mcp), 0);
}

static void cancelling_what_is_not_there_does_nothing(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("1", "slow"));
	say(f, CANCEL("2"));
	say(f, CANCEL("\"1\""));
	say_as(f, "another", CANCEL("1"));
	say(f, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
	say(f, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{}}");
	assert_int_equal(f->cancelled, 0);
	slow_answer(f);
	assert_non_null(f->answer);
}

static void an_id_under_way_is_refused_a_second_time(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("1", "slow"));
	say(f, CALL("1", "slow"));
	assert_int_equal(f->held_count, 1);
	assert_contains(f->answer, "-32600");
	assert_int_equal(f->status, 400);
	slow_answer(f);
	say(f, CALL("1", "slow"));
	assert_int_equal(f->held_count, 1);
}

static void two_clients_may_use_the_same_id(void **state)
{
	struct fixture *f = *state;

	say_as(f, "a", CALL("0", "slow"));
	say_as(f, "b", CALL("0", "slow"));
	assert_int_equal(f->held_count, 2);
	assert_string_equal(call_owner(f->held[0]), "a");
	assert_string_equal(call_owner(f->held[1]), "b");
}

static void draining_refuses_new_calls_and_finishes_the_others(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("1", "slow"));
	mcp_drain(f->mcp);
	say(f, CALL("2", "echo"));
	assert_int_equal(f->status, 503);
	assert_contains(f->answer, "-32000");
	slow_answer(f);
	assert_int_equal(f->status, 200);
	assert_contains(f->answer, "done");
}

static void calls_outlive_the_protocol(void **state)
{
	struct fixture *f = *state;

	say(f, CALL("1", "slow"));
	mcp_free(f->mcp);
	assert_int_equal(f->cancelled, 1);
	assert_int_equal(f->status, 503);
	assert_contains(f->answer, "the server is stopping");
	slow_answer(f);
	assert_int_equal(f->answers, 1);
	mcp_start(f, false);
}

static void too_many_calls_are_refused(void **state)
{
	struct fixture *f = *state;

	f->mcp->pending += CALLS_MAX;
	say(f, CALL("1", "echo"));
	f->mcp->pending -= CALLS_MAX;
	assert_int_equal(f->status, 503);
	assert_contains(f->answer, "too many calls");
}

static void one_owner_cannot_take_the_calls_of_all(void **state)
{
	struct fixture *f = *state;

	say_as(f, "a", CALL("1", "slow"));
	say_as(f, "b", CALL("1", "slow"));
	f->mcp->calls_per_owner = 1;
	say_as(f, "a", CALL("2", "slow"));
	assert_int_equal(f->status, 503);
	assert_contains(f->answer, "too many calls of yours");
	assert_int_equal(f->held_count, 2);
	say_as(f, "c", CALL("1", "echo"));
	assert_int_equal(f->status, 200);
	slow_answer(f);
	slow_answer(f);
	say_as(f, "a", CALL("3", "echo"));
	assert_int_equal(f->status, 200);
}

static void arguments_that_are_null_are_none(void **state)
{
	struct fixture *f = *state;

	say(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
	       "\"echo\",\"arguments\":null}}");
	assert_int_equal(f->status, 200);
	assert_contains(f->answer, "\"text\":\"{}\"");
}

static void an_error_says_itself_whether_a_retry_helps(void **state)
{
	struct fixture *f = *state;
	struct error err;

	say(f, CALL("1", "slow"));
	error_set(&err, ERROR_LIMIT, "all are in use");
	error_advise(&err, "wait", true);
	call_fail(f->held[--f->held_count], &err, err.next);
	assert_contains(f->answer, "\"code\":\"limit\"");
	assert_contains(f->answer, "\"next\":\"wait\",\"retryable\":true");
	assert_contains(f->answer, "Next: wait. The same call may succeed");
}

static bool bind_size(const void *ctx, const char *name, struct json *property)
{
	(void)ctx;
	if (strcmp(name, "size") == 0)
		json_put_int(property, "maximum", 256);
	return strcmp(name, "disk") != 0;
}

static void a_schema_is_completed_with_the_bounds_of_this_server(void **state)
{
	static const struct tool bound = {
		.name = "bound",
		.title = "Bound",
		.description = "Use this.",
		.input_schema =
			"{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"},"
			"\"disk\":{},\"size\":{\"type\":\"integer\"}},\"required\":[\"b\"]}",
		.output_schema = ANY_SCHEMA,
		.bind = bind_size,
	};
	const struct tool *const tools[] = { &bound, NULL };
	struct mcp mcp = { .offers = { .tools = tools } };
	struct error err;

	(void)state;
	assert_true(lists_make(&mcp, &err));
	assert_contains(mcp.tools_text[ERA_2025],
			"\"inputSchema\":{\"type\":\"object\",\"properties\":{\"b\":{"
			"\"type\":\"string\"},\"size\":{\"type\":\"integer\",\"maximum\":"
			"256}},\"required\":[\"b\"]}");
	assert_contains(mcp.tools_text[ERA_2026], "\"resultType\":\"complete\"");
	free(mcp.tools_text[ERA_2025]);
	free(mcp.tools_text[ERA_2026]);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(ping_is_answered_with_an_empty_object),
		WITH_FIXTURE(tools_list_holds_each_schema_verbatim_and_in_order),
		WITH_FIXTURE(a_cursor_that_was_never_given_is_refused),
		WITH_FIXTURE(logging_levels_are_checked),
		WITH_FIXTURE(what_is_not_declared_is_not_found),
		WITH_FIXTURE(a_known_version_is_agreed_on_and_for_others_ours),
		WITH_FIXTURE(initialize_without_a_version_is_refused),
		WITH_FIXTURE(a_tool_answers_in_both_forms),
		WITH_FIXTURE(a_tool_that_adds_no_text_gets_its_structure_as_text),
		WITH_FIXTURE(calls_without_arguments_get_an_empty_object),
		WITH_FIXTURE(malformed_calls_are_errors_of_the_protocol),
		WITH_FIXTURE(a_cancelled_call_sends_nothing),
		WITH_FIXTURE(a_tool_may_end_inside_its_cancel),
		WITH_FIXTURE(cancelling_what_is_not_there_does_nothing),
		WITH_FIXTURE(an_id_under_way_is_refused_a_second_time),
		WITH_FIXTURE(two_clients_may_use_the_same_id),
		WITH_FIXTURE(draining_refuses_new_calls_and_finishes_the_others),
		WITH_FIXTURE(calls_outlive_the_protocol),
		WITH_FIXTURE(too_many_calls_are_refused),
		WITH_FIXTURE(one_owner_cannot_take_the_calls_of_all),
		WITH_FIXTURE(arguments_that_are_null_are_none),
		WITH_FIXTURE(an_error_says_itself_whether_a_retry_helps),
		cmocka_unit_test(a_schema_is_completed_with_the_bounds_of_this_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
