/* Streamable HTTP as a client sees it. */
#include "web_fixture.h"

/* --- POST --- */

static void a_request_is_answered_as_json(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST), PING, 200,
	       "\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
	expect(w, "POST", with_session(w, JSON_POST), PING, 200, "application/json");
}

static void a_notification_or_response_is_accepted_without_a_body(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 202, "\r\n\r\n");
	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", 202, NULL);
}

static void accept_must_list_both_types(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST",
	       with_session(w, "Content-Type: application/json\r\nAccept: application/json\r\n"),
	       PING, 406, "-32000");
	expect(w, "POST",
	       with_session(w, "Content-Type: application/json\r\nAccept: text/event-stream\r\n"),
	       PING, 406, "-32000");
	expect(w, "POST", with_session(w, "Content-Type: application/json\r\nAccept: */*\r\n"),
	       PING, 200, NULL);
}

static void the_content_type_must_be_json(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, "Content-Type: text/plain\r\nAccept: */*\r\n"), PING, 415,
	       "-32000");
	expect(w, "POST", with_session(w, "Content-Type: application/jsonx\r\nAccept: */*\r\n"),
	       PING, 415, NULL);
	expect(w, "POST", with_session(w, "Accept: */*\r\n"), PING, 415, NULL);
	expect(w, "POST",
	       with_session(w, "Content-Type: Application/JSON; charset=utf-8\r\nAccept: */*\r\n"),
	       PING, 200, NULL);
}

static void broken_messages_are_refused_with_their_code(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST), "{", 400, "-32700");
	expect(w, "POST", with_session(w, JSON_POST), "", 400, "-32700");
	expect(w, "POST", with_session(w, JSON_POST), "{}", 400, "-32600");
	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", 400, "-32600");
}

static void a_session_is_asked_for(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", JSON_POST, PING, 400, "\"id\":5,\"error\":{\"code\":-32000");
	expect(w, "POST", JSON_POST "Mcp-Session-Id: s-aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", PING, 404,
	       "\"id\":5,\"error\":{\"code\":-32001");
	expect(w, "POST", JSON_POST "Mcp-Session-Id: 1\r\n", PING, 404, "-32001");
}

static void the_protocol_version_header_is_checked(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST "MCP-Protocol-Version: 2025-06-18\r\n"), PING,
	       200, NULL);
	expect(w, "POST", with_session(w, JSON_POST "MCP-Protocol-Version: 1999-01-01\r\n"), PING,
	       400, "-32000");
	expect(w, "POST", JSON_POST "MCP-Protocol-Version: 2025-11-25\r\n",
	       INITIALIZE("2025-11-25"), 200, "\"protocolVersion\":\"2025-11-25\"");
}

static void initialize_comes_once_in_a_session(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST), INITIALIZE("2025-06-18"), 400, "-32600");
	expect(w, "POST", JSON_POST "Mcp-Session-Id: stale\r\n", INITIALIZE("2025-06-18"), 200,
	       NULL);
}

static void an_unknown_method_is_an_error_inside_200(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}", 200, "-32601");
}

static void a_session_owns_what_its_calls_make(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
	       "\"echo\"}}",
	       200, "\"owner\":\"session:");
	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
	       "\"echo\"}}",
	       200, "\"client\":\"c\"");
}

static void other_methods_are_not_allowed(void **state)
{
	expect(*state, "PUT", JSON_POST, PING, 405, "\r\nAllow: GET, POST, DELETE, OPTIONS");
}

/* --- slow calls --- */

static void on_tick(void *ctx)
{
	loop_stop(ctx);
}

static void wait_for_call(struct web_fixture *w)
{
	struct timer *tick = timer_start(w->base.loop, 1, 1, on_tick, w->base.loop);

	for (int i = 0; i < 10000 && w->base.held_count == 0; i++)
		loop_run(w->base.loop);
	timer_stop(tick);
	assert_int_equal(w->base.held_count, 1);
}

static void a_slow_call_is_answered_when_it_ends(void **state)
{
	struct web_fixture *w = *state;
	auto_talk talk = begin(w, "POST", with_session(w, JSON_POST), SLOW, NULL);

	wait_for_call(w);
	slow_answer(&w->base);
	finish(talk);
	assert_int_equal(status_of(talk), 200);
	assert_contains(talk->text, "\"structuredContent\":{\"slow\":\"done\"}");
}

static void a_cancelled_call_ends_without_a_response(void **state)
{
	struct web_fixture *w = *state;
	auto_talk talk = begin(w, "POST", with_session(w, JSON_POST), SLOW, NULL);

	wait_for_call(w);
	expect(w, "POST", with_session(w, JSON_POST),
	       "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
	       "\"requestId\":9}}",
	       202, NULL);
	finish(talk);
	assert_int_equal(w->base.cancelled, 1);
	assert_int_equal(status_of(talk), 200);
	assert_contains(talk->text, "text/event-stream");
	assert_null(strstr(talk->text, "jsonrpc"));
}

static void a_client_that_leaves_takes_nothing_back(void **state)
{
	struct web_fixture *w = *state;
	struct talk *talk = begin(w, "POST", with_session(w, JSON_POST), SLOW, NULL);

	wait_for_call(w);
	shutdown(talk->fd, SHUT_RDWR);
	finish(talk);
	talk_free(talk);
	assert_int_equal(w->base.cancelled, 0);
	slow_answer(&w->base);
	assert_int_equal(mcp_pending(w->base.mcp), 0);
	expect(w, "POST", with_session(w, JSON_POST), PING, 200, NULL);
}

static void a_draining_server_says_so(void **state)
{
	struct web_fixture *w = *state;

	mcp_drain(w->base.mcp);
	expect(w, "POST", with_session(w, JSON_POST), SLOW, 503, "-32000");
	expect(w, "POST", JSON_POST, INITIALIZE("2025-06-18"), 503, "-32000");
}

/* --- batches --- */

static void only_2025_03_26_has_batches(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST), "[" PING "]", 400, "-32600");
	initialize(w, INITIALIZE("2025-03-26"));
	expect(w, "POST", with_session(w, JSON_POST),
	       "[" PING ",{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"},7,"
	       "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"nope\"}]",
	       200, "[{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}},{\"jsonrpc\":\"2.0\",\"error\"");
	expect(w, "POST", with_session(w, JSON_POST),
	       "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}]", 202, NULL);
	expect(w, "POST", with_session(w, JSON_POST), "[]", 400, "-32600");
	expect(w, "POST", with_session(w, JSON_POST), "[" PING, 400, "-32700");
	expect(w, "POST", with_session(w, JSON_POST), "[" PING "," INITIALIZE("2025-03-26") "]",
	       400, "-32600");
}

static void a_batch_waits_for_its_slowest_call(void **state)
{
	struct web_fixture *w = *state;
	struct talk *talk;

	initialize(w, INITIALIZE("2025-03-26"));
	talk = begin(w, "POST", with_session(w, JSON_POST), "[" SLOW "," PING "]", NULL);
	wait_for_call(w);
	slow_answer(&w->base);
	finish(talk);
	assert_contains(talk->text, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
	assert_contains(talk->text, "\"id\":9");
	talk_free(talk);
}

/* --- GET and DELETE --- */

#define STREAM "Accept: text/event-stream\r\n"

static void a_session_has_one_event_stream(void **state)
{
	struct web_fixture *w = *state;
	auto_talk first = begin(w, "GET", with_session(w, STREAM), NULL, ": open\n\n");

	finish(first);
	assert_int_equal(status_of(first), 200);
	assert_contains(first->text, "text/event-stream");
	assert_contains(first->text, "no-cache, no-transform");
	expect(w, "GET", with_session(w, STREAM), NULL, 409, "-32000");
	mcp_drain(w->base.mcp);
	expect(w, "GET", with_session(w, STREAM), NULL, 503, NULL);
}

static void a_stream_whose_client_left_makes_room_for_another(void **state)
{
	struct web_fixture *w = *state;
	struct talk *first = begin(w, "GET", with_session(w, STREAM), NULL, ": open\n\n");
	struct timer *tick = timer_start(w->base.loop, 1, 1, on_tick, w->base.loop);

	finish(first);
	talk_free(first);
	for (int i = 0; i < 10000 && outlet_is_attached(w->base.mcp->sessions->feed); i++)
		loop_run(w->base.loop);
	timer_stop(tick);
	assert_false(outlet_is_attached(w->base.mcp->sessions->feed));

	auto_talk second = begin(w, "GET", with_session(w, STREAM), NULL, ": open\n\n");

	finish(second);
	assert_int_equal(status_of(second), 200);
}

static void the_event_stream_needs_its_type_and_a_session(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "GET", with_session(w, "Accept: application/json\r\n"), NULL, 406, "-32000");
	expect(w, "GET", STREAM, NULL, 400, "-32000");
	expect(w, "GET", STREAM "Mcp-Session-Id: x\r\n", NULL, 404, "-32001");
}

static void delete_ends_the_session_and_its_stream(void **state)
{
	struct web_fixture *w = *state;
	auto_talk stream = begin(w, "GET", with_session(w, STREAM), NULL, ": open\n\n");

	finish(stream);
	expect(w, "DELETE", with_session(w, ""), NULL, 200, NULL);
	read_on(stream);
	assert_contains(stream->text, "\r\n0\r\n\r\n");
	expect(w, "POST", with_session(w, JSON_POST), PING, 404, "-32001");
	expect(w, "DELETE", with_session(w, ""), NULL, 404, "-32001");
	expect(w, "DELETE", "", NULL, 400, NULL);
}

/* --- who may --- */

static void pages_and_names_of_others_are_refused(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST "Origin: http://evil.example.com\r\n"), PING,
	       403, "\r\n\r\n{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000");
	expect(w, "POST", with_session(w, JSON_POST "Origin: null\r\n"), PING, 403, NULL);
	expect(w, "POST", with_session(w, JSON_POST "Host: evil.example.com\r\n"), PING, 403, NULL);
	expect(w, "GET", with_session(w, STREAM "Origin: null\r\n"), NULL, 403, NULL);
	expect(w, "DELETE", with_session(w, "Origin: null\r\n"), NULL, 403, NULL);
}

static void our_pages_may_read_the_answer(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "POST", with_session(w, JSON_POST "Origin: http://localhost:5173\r\n"), PING, 200,
	       "Access-Control-Allow-Origin: http://localhost:5173");
	expect(w, "OPTIONS", "Origin: http://localhost:5173\r\n", NULL, 204,
	       "Access-Control-Allow-Headers: Authorization");
}

static void a_key_is_asked_for_on_every_method(void **state)
{
	struct web_fixture *w = *state;
	char key[MCP_KEY_SIZE];
	struct error err;

	mcp_free(w->base.mcp);
	mcp_start(&w->base, true);
	assert_true(mcp_key_make(w->base.store, key, &err));
	expect(w, "POST", with_session(w, JSON_POST), PING, 401, "\r\nWWW-Authenticate: Bearer");
	expect(w, "GET", with_session(w, STREAM), NULL, 401, NULL);
	expect(w, "DELETE", with_session(w, ""), NULL, 401, NULL);
	expect(w, "POST", JSON_POST, INITIALIZE("2025-06-18"), 401, NULL);
	snprintf(w->key_line, sizeof(w->key_line), "Authorization: Bearer %s\r\n", key);
	/* A session that was begun without the key is not the key's. */
	expect(w, "POST", with_session(w, JSON_POST), PING, 404, "-32001");
	initialize(w, INITIALIZE("2025-06-18"));
	expect(w, "POST", with_session(w, JSON_POST "Host: sandpod.example\r\n"), PING, 200, NULL);
	w->key_line[strlen(w->key_line) - 3] ^= 1;
	expect(w, "POST", with_session(w, JSON_POST), PING, 401, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WEB(a_request_is_answered_as_json),
		WITH_WEB(a_notification_or_response_is_accepted_without_a_body),
		WITH_WEB(accept_must_list_both_types),
		WITH_WEB(the_content_type_must_be_json),
		WITH_WEB(broken_messages_are_refused_with_their_code),
		WITH_WEB(a_session_is_asked_for),
		WITH_WEB(the_protocol_version_header_is_checked),
		WITH_WEB(initialize_comes_once_in_a_session),
		WITH_WEB(an_unknown_method_is_an_error_inside_200),
		WITH_WEB(a_session_owns_what_its_calls_make),
		WITH_WEB(other_methods_are_not_allowed),
		WITH_WEB(a_slow_call_is_answered_when_it_ends),
		WITH_WEB(a_cancelled_call_ends_without_a_response),
		WITH_WEB(a_client_that_leaves_takes_nothing_back),
		WITH_WEB(a_draining_server_says_so),
		WITH_WEB(only_2025_03_26_has_batches),
		WITH_WEB(a_batch_waits_for_its_slowest_call),
		WITH_WEB(a_session_has_one_event_stream),
		WITH_WEB(a_stream_whose_client_left_makes_room_for_another),
		WITH_WEB(the_event_stream_needs_its_type_and_a_session),
		WITH_WEB(delete_ends_the_session_and_its_stream),
		WITH_WEB(pages_and_names_of_others_are_refused),
		WITH_WEB(our_pages_may_read_the_answer),
		WITH_WEB(a_key_is_asked_for_on_every_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
