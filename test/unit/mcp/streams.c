/* Event streams over HTTP: answers that come after something else, streams that outlive their
 * reader, requests of 2026-07-28, and the transport of 2024-11-05. */
#include "web_fixture.h"

#define META                                                                                       \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                   \
	"\"io.modelcontextprotocol/clientCapabilities\":{}"
#define HEADERS_2026(method, name)                                                                 \
	JSON_POST "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: " method "\r\nMcp-Name: " name  \
		  "\r\n"
#define CALL_2026(tool, more)                                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"" tool     \
	"\"," META more "}}}"
#define TELLING                                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"slow\","   \
	"\"arguments\":{\"tell\":true},\"_meta\":{\"progressToken\":\"p\"}}}"

static void on_tick(void *ctx)
{
	loop_stop(ctx);
}

static void turn(struct web_fixture *w)
{
	struct timer *tick = timer_start(w->base.loop, 1, 0, on_tick, w->base.loop);

	loop_run(w->base.loop);
	timer_stop(tick);
}

static void wait_for_calls(struct web_fixture *w, size_t count)
{
	for (int i = 0; i < 10000 && w->base.held_count != count; i++)
		turn(w);
	assert_int_equal(w->base.held_count, count);
}

static void wait_for_cancel(struct web_fixture *w)
{
	for (int i = 0; i < 10000 && w->base.cancelled == 0; i++)
		turn(w);
	assert_int_equal(w->base.cancelled, 1);
}

/* --- 2026-07-28 --- */

static void a_request_of_2026_needs_no_session(void **state)
{
	expect(*state, "POST", HEADERS_2026("tools/call", "echo"), CALL_2026("echo", ""), 200,
	       "\"structuredContent\":{\"owner\":\"anonymous\"}");
	expect(*state, "POST", HEADERS_2026("tools/call", "echo"),
	       CALL_2026("echo", ",\"io.modelcontextprotocol/clientInfo\":"
				 "{\"name\":\"tester\",\"version\":\"1\"}"),
	       200, "\"client\":\"tester\"");
	expect(*state, "POST", HEADERS_2026("tools/call", "echo"), CALL_2026("echo", ""), 200,
	       "\"io.modelcontextprotocol/serverInfo\":{\"name\":\"sandpod\"");
}

static void faults_of_2026_have_their_status(void **state)
{
	expect(*state, "POST", HEADERS_2026("tools/call", "other"), CALL_2026("echo", ""), 400,
	       "\"id\":9,\"error\":{\"code\":-32020");
	expect(*state, "POST", JSON_POST "MCP-Protocol-Version: 2026-07-28\r\n", PING, 400,
	       "\"code\":-32602");
	expect(*state, "POST", HEADERS_2026("no/such", "x"),
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no/such\",\"params\":{" META "}}}", 404,
	       "\"code\":-32601");
	expect(*state, "GET", "Accept: text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n",
	       NULL, 405, "\r\nAllow: POST, OPTIONS");
}

static void who_listens_must_take_a_stream(void **state)
{
	struct web_fixture *w = *state;

	w->base.mcp->offers.lists_change = true;
	expect(w, "POST",
	       "Content-Type: application/json\r\nAccept: application/json\r\n"
	       "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n",
	       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{"
	       "\"notifications\":{\"toolsListChanged\":true}," META "}}}",
	       406, "event stream");
}

static void in_2026_a_client_that_leaves_takes_its_request_back(void **state)
{
	struct web_fixture *w = *state;
	auto_talk talk =
		begin(w, "POST", HEADERS_2026("tools/call", "slow"), CALL_2026("slow", ""), NULL);

	wait_for_calls(w, 1);
	shutdown(talk->fd, SHUT_RDWR);
	wait_for_cancel(w);
	finish(talk);
}

static void in_2026_that_holds_for_a_stream_too(void **state)
{
	struct web_fixture *w = *state;
	auto_talk talk = begin(
		w, "POST", HEADERS_2026("tools/call", "slow"),
		"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{"
		"\"name\":\"slow\",\"arguments\":{\"tell\":true}," META ",\"progressToken\":7}}}",
		"notifications/progress");

	finish(talk);
	assert_contains(talk->text, "\"progressToken\":7,\"progress\":1,\"total\":8");
	assert_null(strstr(talk->text, "\nid: "));
	shutdown(talk->fd, SHUT_RDWR);
	wait_for_cancel(w);
}

/* --- 2025: streams with ids --- */

/* The id of the last event; the caller owns it. */
static char *last_id(const struct talk *talk)
{
	const char *at = talk->text, *found = NULL;

	while ((at = strstr(at, "\nid: ")))
		found = at += strlen("\nid: ");
	assert_non_null(found);
	return mem_strndup(found, strcspn(found, "\n"));
}

static void a_note_makes_the_answer_a_stream(void **state)
{
	struct web_fixture *w = *state;
	auto_talk talk = begin(w, "POST", with_session(w, JSON_POST), TELLING, NULL);

	wait_for_calls(w, 1);
	slow_answer(&w->base);
	finish(talk);
	assert_contains(talk->text, "text/event-stream");
	assert_contains(talk->text,
			"event: message\nid: 1.1\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
			"\"notifications/progress\"");
	assert_contains(talk->text, "id: 1.2\ndata: {\"jsonrpc\":\"2.0\",\"id\":9,\"result\"");
}

static void what_a_broken_stream_missed_is_sent_again(void **state)
{
	struct web_fixture *w = *state;
	auto_str id = NULL;
	auto_str headers = NULL;
	auto_talk first = NULL;
	auto_talk again = NULL;

	initialize(w, INITIALIZE("2025-11-25"));
	first = begin(w, "POST", with_session(w, JSON_POST), TELLING, "notifications/progress");
	finish(first);
	assert_contains(first->text, "id: 1.1\ndata: \n\n"); /* what to come back with */
	id = last_id(first);
	shutdown(first->fd, SHUT_RDWR);
	slow_answer(&w->base);
	assert_int_equal(w->base.cancelled, 0);
	headers = mem_format("%sAccept: text/event-stream\r\nLast-Event-ID: %s\r\n",
			     with_session(w, ""), id);
	again = ask(w, "GET", headers, NULL);
	assert_int_equal(status_of(again), 200);
	assert_contains(again->text, "\"structuredContent\":{\"slow\":\"done\"}");
	assert_null(strstr(again->text, "notifications/progress"));
}

static void an_id_of_no_stream_is_refused(void **state)
{
	struct web_fixture *w = *state;

	expect(w, "GET", with_session(w, "Accept: text/event-stream\r\nLast-Event-ID: 77.1\r\n"),
	       NULL, 400, "-32000");
	expect(w, "GET", with_session(w, "Accept: text/event-stream\r\nLast-Event-ID: x\r\n"), NULL,
	       400, "-32000");
}

static void a_session_hears_that_a_list_has_changed(void **state)
{
	struct web_fixture *w = *state;
	auto_talk talk = begin(w, "GET", with_session(w, "Accept: text/event-stream\r\n"), NULL,
			       ": open\n\n");

	finish(talk);
	mcp_list_changed(w->base.mcp, MCP_TOOLS);
	mcp_drain(w->base.mcp);
	read_on(talk);
	assert_contains(talk->text, "\"method\":\"notifications/tools/list_changed\"");
}

static void an_answer_larger_than_the_buffer_arrives_whole(void **state)
{
	struct web_fixture *w = *state;
	size_t size = (size_t)3 * 1024 * 1024;
	char *long_text = mem_zeroed(1, size + 1);
	struct outlet *outlet;
	auto_json message = json_object();
	auto_talk talk = NULL;
	auto_str headers = NULL;

	memset(long_text, 'x', size);
	json_put_text(message, "long", long_text);
	free(long_text);
	outlet = outlet_new(w->base.mcp, w->base.mcp->sessions);
	outlet_send(outlet, message);
	outlet_finish(outlet);
	headers = mem_format("%sAccept: text/event-stream\r\nLast-Event-ID: 1.0\r\n",
			     with_session(w, ""));
	talk = begin(w, "GET", headers, NULL, NULL);
	finish(talk);
	assert_int_equal(status_of(talk), 200);
	assert_contains(talk->text, "data: {\"long\":\"xxx");
	assert_true(talk->total > size);
}

/* --- 2024-11-05 --- */

static char *endpoint_of(const struct talk *talk)
{
	const char *at = strstr(talk->text, "event: endpoint\ndata: ");

	assert_non_null(at);
	at += strlen("event: endpoint\ndata: ");
	return mem_strndup(at, strcspn(at, "\n"));
}

static void post_old(struct web_fixture *w, const char *path, const char *body, int status)
{
	auto_talk talk = begin_at(w, "POST", path, JSON_POST, body, NULL);

	finish(talk);
	assert_int_equal(status_of(talk), status);
}

static void the_old_transport_answers_on_its_stream(void **state)
{
	struct web_fixture *w = *state;
	auto_talk stream =
		begin_at(w, "GET", "/sse", "Accept: text/event-stream\r\n", NULL, "/messages/s-");
	auto_str path = NULL;

	finish(stream);
	path = endpoint_of(stream);
	post_old(w, path, INITIALIZE("2024-11-05"), 202);
	post_old(w, path, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 202);
	post_old(w, path, PING, 202);
	post_old(w, path, "{", 400);
	post_old(w, "/messages/s-aaaaaaaaaaaaaaaaaaaaaaaaaa", PING, 404);
	mcp_drain(w->base.mcp);
	read_on(stream);
	assert_contains(stream->text,
			"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":"
			"{\"protocolVersion\":\"2024-11-05\"");
	assert_contains(stream->text, "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
}

static void closing_the_old_stream_ends_its_session(void **state)
{
	struct web_fixture *w = *state;
	auto_talk stream =
		begin_at(w, "GET", "/sse", "Accept: text/event-stream\r\n", NULL, "/messages/s-");
	auto_str path = NULL;

	finish(stream);
	path = endpoint_of(stream);
	post_old(w, path, SLOW, 202);
	wait_for_calls(w, 1);
	shutdown(stream->fd, SHUT_RDWR);
	for (int i = 0; i < 10000 && w->base.mcp->old_links; i++)
		turn(w);
	assert_null(w->base.mcp->old_links);
	post_old(w, path, PING, 404);
	slow_answer(&w->base); /* into nothing */
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

/* --- what is kept -------------------------------------------------------------------------- */

static void send_long(struct web_fixture *w, struct session *session, const char *text)
{
	struct outlet *outlet = outlet_new(w->base.mcp, session);

	outlet_send_text(outlet, "message", text);
	outlet_finish(outlet);
}

static void the_oldest_answers_of_everybody_make_room_for_later_ones(void **state)
{
	enum { LEN = 4 * 1024 * 1024, COUNT = 2 * OUTLETS_BYTES_MAX / LEN };
	struct web_fixture *w = *state;
	auto_str text = mem_zeroed(1, LEN);
	struct session sessions[2] = { { .waiting = 0 } };
	unsigned number;

	memset(text, 'x', LEN - 1);
	for (int i = 0; i < COUNT; i++) {
		send_long(w, &sessions[i % 2], text);
		assert_true(w->base.mcp->outlets_bytes <= OUTLETS_BYTES_MAX);
	}
	for (int i = 0; i < 2; i++) {
		assert_null(outlet_find(&sessions[i], "1.0", &number));
		assert_non_null(outlet_find(&sessions[i], "16.0", &number));
		outlets_forget(&sessions[i]);
	}
	assert_int_equal(w->base.mcp->outlets_bytes, 0);
}

static void what_waits_for_slow_readers_is_bounded_for_everybody_together(void **state)
{
	enum { LEN = 7 * 1024 * 1024, READERS = 30 };
	struct web_fixture *w = *state;
	auto_str text = mem_zeroed(1, LEN);
	struct talk *talks[READERS];
	struct session *session;
	struct error err;

	memset(text, 'x', LEN - 1);
	session = session_find(w->base.mcp, w->id, "", &err);
	assert_non_null(session);
	send_long(w, session, text);
	for (int i = 0; i < READERS; i++) {
		talks[i] = begin(w, "GET",
				 with_session(w, "Accept: text/event-stream\r\n"
						 "Last-Event-ID: 1.0\r\n"),
				 NULL, "data: x");
		finish(talks[i]);
		assert_true(w->base.mcp->unsent_bytes <= UNSENT_ALL_MAX);
	}
	assert_true(w->base.mcp->unsent_bytes > UNSENT_ALL_MAX / 2);
	read_on(talks[READERS - 1]);
	assert_true(talks[READERS - 1]->total > LEN);
	read_on(talks[0]);
	assert_true(talks[0]->total < LEN);
	for (int i = 0; i < READERS; i++)
		talk_free(talks[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WEB(a_request_of_2026_needs_no_session),
		WITH_WEB(faults_of_2026_have_their_status),
		WITH_WEB(who_listens_must_take_a_stream),
		WITH_WEB(in_2026_a_client_that_leaves_takes_its_request_back),
		WITH_WEB(in_2026_that_holds_for_a_stream_too),
		WITH_WEB(a_note_makes_the_answer_a_stream),
		WITH_WEB(what_a_broken_stream_missed_is_sent_again),
		WITH_WEB(an_id_of_no_stream_is_refused),
		WITH_WEB(a_session_hears_that_a_list_has_changed),
		WITH_WEB(an_answer_larger_than_the_buffer_arrives_whole),
		WITH_WEB(the_oldest_answers_of_everybody_make_room_for_later_ones),
		WITH_WEB(what_waits_for_slow_readers_is_bounded_for_everybody_together),
		WITH_WEB(the_old_transport_answers_on_its_stream),
		WITH_WEB(closing_the_old_stream_ends_its_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
