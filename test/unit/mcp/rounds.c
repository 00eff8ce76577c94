/* Calls that ask their client, calls that become tasks, and who listens: below the carriers. */
#include "fixture.h"
#include "clock.h"

/* --- a world with tools that need more than one round --- */

struct world {
	struct fixture base; /* first: the tools get it */
	char *notes[8];      /* what went out before the answer */
	size_t note_count;
	struct call *job; /* the tool "job", while it works */
	unsigned stopped;
	char handle[32]; /* what resume was given */
	bool saw_size;   /* an answer that nobody asked for */
};

static void ask_colour(struct call *call, const struct json *args)
{
	const struct json *answer = call_input(call, "colour", ASK_FORM);
	struct json *out;

	(void)args;
	if (!answer) {
		call_set_state(call, "asked");
		call_ask(call, "colour", ASK_FORM, json_new_raw("{\"message\":\"?\"}", 15));
		call_await(call);
		return;
	}
	out = json_object();
	json_put_text(out, "colour", json_get_text(json_get(answer, "content"), "colour"));
	json_put_text(out, "state", call_state(call));
	call_answer(call, out);
}

/* Asks where it can, and does without where it cannot. */
static void ask_or_not(struct call *call, const struct json *args)
{
	struct json *out;

	if (call_can_ask(call, ASK_FORM)) {
		ask_colour(call, args);
		return;
	}
	out = json_object();
	json_put_text(out, "colour", "grey");
	call_answer(call, out);
}

static void on_job_stopped(void *ctx)
{
	struct world *w = ctx;
	struct error err;

	w->stopped++;
	error_set(&err, ERROR_CANCELLED, "stopped");
	call_fail(take(w->job), &err, NULL);
}

static void work(struct call *call)
{
	struct world *w = call_context(call);

	w->job = call;
	call_on_cancel(call, on_job_stopped, w);
}

static void job_run(struct call *call, const struct json *args)
{
	if (json_get_bool(args, "long", true))
		(void)call_detach(call, "h-1");
	work(call);
}

static void job_resume(struct call *call, const char *handle)
{
	struct world *w = call_context(call);

	snprintf(w->handle, sizeof(w->handle), "%s", handle);
	work(call);
}

/* The same, as a task. */
static void ask_job(struct call *call, const struct json *args)
{
	struct world *w = call_context(call);

	(void)call_detach(call, "h-2");
	if (call_input(call, "size", ASK_FORM))
		w->saw_size = true;
	ask_colour(call, args);
}

static const struct tool tool_ask_job = { .name = "ask_job",
					  .description = "Asks late.",
					  .input_schema = ANY_SCHEMA,
					  .task = TOOL_TASK_MAY,
					  .run = ask_job };
static const struct tool tool_ask = {
	.name = "ask", .description = "Asks.", .input_schema = ANY_SCHEMA, .run = ask_colour
};
static const struct tool tool_ask_or_not = { .name = "ask_or_not",
					     .description = "Asks, or not.",
					     .input_schema = ANY_SCHEMA,
					     .run = ask_or_not };
static const struct tool tool_job = { .name = "job",
				      .description = "Takes long.",
				      .input_schema = ANY_SCHEMA,
				      .task = TOOL_TASK_MAY,
				      .run = job_run,
				      .resume = job_resume };
static const struct tool tool_lost = { .name = "lost",
				       .description = "Cannot go on.",
				       .input_schema = ANY_SCHEMA,
				       .task = TOOL_TASK_MAY,
				       .run = job_run };
static const struct tool *const tools[] = { &tool_ask, &tool_ask_or_not, &tool_ask_job,
					    &tool_job, &tool_lost,       NULL };

static void read_nothing(struct call *call, const struct json *args)
{
	(void)args;
	call_end(call);
}

static const struct resource_template template_job = { .uri_template = "job://{id}",
						       .name = "job",
						       .description = "Changes.",
						       .changes = true,
						       .read = read_nothing };
static const struct resource_template template_stone = { .uri_template = "stone://{id}",
							 .name = "stone",
							 .description = "Never changes.",
							 .read = read_nothing };
/* Watches under way, as whoever offers the resource sees them. */
enum { WATCHED_MAX = 256 };
static struct watched {
	char owner[16], name[16];
	resource_changed_fn *on_changed;
	void *ctx;
	bool open;
} watched[WATCHED_MAX];
static int watched_count;

static struct resource_watch *lamp_watch(void *tool_ctx, const char *owner,
					 const struct json *values, resource_changed_fn *on_changed,
					 void *ctx, struct error *err)
{
	struct watched *w = &watched[watched_count];

	assert_non_null(tool_ctx);
	if (strcmp(json_get_text(values, "id"), "gone") == 0) {
		error_set(err, ERROR_GONE, "it went out at noon");
		return NULL;
	}
	if (strcmp(owner, "me") != 0 || strcmp(json_get_text(values, "id"), "none") == 0) {
		error_set(err, ERROR_NOT_FOUND, "no such lamp");
		return NULL;
	}
	watched_count++;
	snprintf(w->owner, sizeof(w->owner), "%s", owner);
	snprintf(w->name, sizeof(w->name), "%s", json_get_text(values, "id"));
	w->on_changed = on_changed;
	w->ctx = ctx;
	w->open = true;
	return (struct resource_watch *)w;
}

static void lamp_unwatch(struct resource_watch *watch)
{
	struct watched *w = (struct watched *)watch;

	assert_true(w->open);
	w->open = false;
}

static const struct resource_template template_lamp = { .uri_template = "lamp://{id}",
							.name = "lamp",
							.description = "Is looked at.",
							.changes = true,
							.watch = lamp_watch,
							.unwatch = lamp_unwatch,
							.read = read_nothing };
static const struct resource_template *const templates[] = { &template_job, &template_stone,
							     &template_lamp, NULL };

static void begin(struct world *w)
{
	struct mcp_options options = {
		.loop = w->base.loop,
		.store = w->base.store,
		.offers = { .tools = tools, .templates = templates, .lists_change = true },
		.tool_ctx = w,
		.name = "n",
		.version = "1"
	};
	struct error err;

	w->base.mcp = mcp_new(&options, &err);
	assert_non_null(w->base.mcp);
}

static int setup(void **state)
{
	struct world *w = mem_new(struct world);
	struct error err;

	w->base.loop = loop_new(&err);
	w->base.store = store_open(":memory:", &err);
	begin(w);
	*state = w;
	return 0;
}

static void forget_notes(struct world *w)
{
	while (w->note_count > 0)
		free(w->notes[--w->note_count]);
}

static int teardown(void **state)
{
	struct world *w = *state;

	mcp_free(w->base.mcp);
	forget_notes(w);
	store_close(w->base.store);
	loop_free(w->base.loop);
	free(w->base.answer);
	free(w);
	return 0;
}

static void on_note(void *ctx, const struct json *message)
{
	struct world *w = ctx;

	assert_true(w->note_count < 8);
	w->notes[w->note_count++] = json_print(message);
}

static void say_from(struct world *w, const char *scope, enum era era, unsigned able,
		     const char *owner, const char *text)
{
	struct peer peer = { .owner = owner,
			     .scope = scope,
			     .version = era == ERA_2026 ? "2026-07-28" : "2025-11-25",
			     .era = era,
			     .client_can = able,
			     .log_level = LEVEL_NONE,
			     .on_answer = fixture_on_answer,
			     .on_note = on_note,
			     .ctx = w };
	auto_rpc_message message = { .body = NULL };

	free(take(w->base.answer));
	rpc_read(text, strlen(text), &message);
	if (message.kind == RPC_REQUEST)
		method_request(w->base.mcp, &peer, &message);
	else if (message.kind == RPC_NOTIFICATION)
		method_notification(w->base.mcp, &peer, &message);
	else
		method_response(w->base.mcp, &peer, &message);
}

static void say_in(struct world *w, enum era era, unsigned able, const char *owner,
		   const char *text)
{
	say_from(w, owner, era, able, owner, text);
}

static void say_2026(struct world *w, const char *text)
{
	say_in(w, ERA_2026, CLIENT_ELICITS | CLIENT_TASKS, "me", text);
}

static void say_2025(struct world *w, const char *text)
{
	say_in(w, ERA_2025, CLIENT_ELICITS, "me", text);
}

static void on_tick(void *ctx)
{
	loop_stop(ctx);
}

/* Lets what was deferred run. */
static void turn(struct world *w)
{
	struct timer *tick = timer_start(w->base.loop, 1, 0, on_tick, w->base.loop);

	loop_run(w->base.loop);
	timer_stop(tick);
}

#define CALL(name, more)                                                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" name     \
	"\"" more "}}"
#define TASK(id, method, task, more)                                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tasks/" method                            \
	"\",\"params\":{\"taskId\":\"%s\"" more "}}",                                              \
		task
#define RED                                                                                        \
	"\"inputResponses\":{\"colour\":{\"action\":\"accept\",\"content\":{\"colour\":\"red\"}}}"

/* The value of a text member of the answer; the caller owns it. */
static char *member(const struct world *w, const char *key)
{
	auto_str start = mem_format("\"%s\":\"", key);
	const char *at = w->base.answer ? strstr(w->base.answer, start) : NULL;

	if (!at)
		fail_msg("no %s in %s", key, w->base.answer ? w->base.answer : "nothing");
	at += strlen(start);
	return mem_strndup(at, strcspn(at, "\""));
}

/* --- asking --- */

static void in_2026_a_question_is_the_answer_and_the_retry_is_run(void **state)
{
	struct world *w = *state;
	auto_str request_state = NULL;
	auto_str retry = NULL;

	say_2026(w, CALL("ask", ""));
	assert_contains(w->base.answer, "\"resultType\":\"input_required\"");
	assert_contains(w->base.answer, "\"inputRequests\":{\"colour\":{\"method\":"
					"\"elicitation/create\",\"params\":{\"message\":\"?\"}}}");
	request_state = member(w, "requestState");
	retry = mem_format(CALL("ask", ",\"requestState\":\"%s\"," RED), request_state);
	say_2026(w, retry);
	assert_contains(w->base.answer,
			"\"structuredContent\":{\"colour\":\"red\",\"state\":\"asked\"}");
	assert_contains(w->base.answer, "\"resultType\":\"complete\"");
}

static void a_state_serves_only_its_owner_its_request_and_unchanged(void **state)
{
	struct world *w = *state;
	auto_str request_state = NULL;
	auto_str other_args = NULL;
	auto_str changed = NULL;
	auto_str same = NULL;

	say_2026(w, CALL("ask", ""));
	request_state = member(w, "requestState");
	same = mem_format(CALL("ask", ",\"requestState\":\"%s\"," RED), request_state);
	other_args =
		mem_format(CALL("ask", ",\"arguments\":{\"x\":1},\"requestState\":\"%s\"," RED),
			   request_state);
	changed = mem_format(CALL("ask", ",\"requestState\":\"%s0\"," RED), request_state);
	say_2026(w, other_args);
	assert_contains(w->base.answer, "\"code\":-32602");
	say_2026(w, changed);
	assert_contains(w->base.answer, "\"code\":-32602");
	say_in(w, ERA_2026, CLIENT_ELICITS, "you", same);
	assert_contains(w->base.answer, "\"code\":-32602");
	say_2026(w, CALL("ask", ",\"requestState\":7," RED));
	assert_contains(w->base.answer, "\"code\":-32602");
}

static void malformed_answers_are_asked_for_again(void **state)
{
	struct world *w = *state;
	static const char *const wrong[] = {
		CALL("ask", ",\"inputResponses\":7"),
		CALL("ask", ",\"inputResponses\":{\"colour\":null}"),
		CALL("ask", ",\"inputResponses\":{\"colour\":{\"action\":\"accept\"}}"),
		CALL("ask",
		     ",\"inputResponses\":{\"colour\":{\"action\":\"maybe\",\"content\":{}}}"),
		CALL("ask",
		     ",\"inputResponses\":{\"other\":{\"action\":\"accept\",\"content\":{}}}"),
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		say_2026(w, wrong[i]);
		assert_contains(w->base.answer, "\"resultType\":\"input_required\"");
	}
}

static void in_2025_a_question_is_a_request_of_ours(void **state)
{
	struct world *w = *state;

	say_2025(w, CALL("ask", ""));
	assert_null(w->base.answer);
	assert_int_equal(w->note_count, 1);
	assert_contains(w->notes[0], "\"id\":\"ask-1\",\"method\":\"elicitation/create\"");
	say_in(w, ERA_2025, 0, "you",
	       "{\"jsonrpc\":\"2.0\",\"id\":\"ask-1\",\"result\":{\"action\":\"accept\","
	       "\"content\":{"
	       "\"colour\":\"black\"}}}");
	turn(w);
	assert_null(w->base.answer);
	say_2025(w, "{\"jsonrpc\":\"2.0\",\"id\":\"ask-1\",\"result\":{\"action\":\"accept\","
		    "\"content\":{\"colour\":\"red\"}}}");
	turn(w);
	assert_contains(w->base.answer, "\"colour\":\"red\"");
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

static void a_client_that_refuses_ends_the_call(void **state)
{
	struct world *w = *state;

	say_2025(w, CALL("ask", ""));
	say_2025(w,
		 "{\"jsonrpc\":\"2.0\",\"id\":\"ask-1\",\"error\":{\"code\":-1,\"message\":\"no\"}"
		 "}");
	turn(w);
	assert_contains(w->base.answer, "\"isError\":true");
	assert_contains(w->base.answer, "did not answer what it was asked: no");
	assert_contains(w->base.answer, "\"next\":\"do without this call");
	assert_int_equal(w->note_count, 1);
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

static void a_client_that_cannot_ask_after_all_is_done_without(void **state)
{
	struct world *w = *state;

	say_2025(w, CALL("ask_or_not", ""));
	assert_int_equal(w->note_count, 1);
	say_2025(w, "{\"jsonrpc\":\"2.0\",\"id\":\"ask-1\",\"error\":{\"code\":-32601,"
		    "\"message\":\"not found\"}}");
	turn(w);
	assert_contains(w->base.answer, "\"colour\":\"grey\"");
	assert_int_equal(w->note_count, 1);
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

static void a_client_that_never_answers_well_is_not_asked_for_ever(void **state)
{
	struct world *w = *state;
	int asked = 0;

	say_2025(w, CALL("ask", ""));
	while (!w->base.answer && asked++ < 100) {
		auto_str text = mem_format("{\"jsonrpc\":\"2.0\",\"id\":\"ask-%d\",\"result\":{"
					   "\"action\":\"accept\"}}",
					   asked);

		assert_int_equal(w->note_count, 1);
		forget_notes(w);
		say_2025(w, text);
		turn(w);
	}
	assert_int_equal(asked, 10);
	assert_contains(w->base.answer, "\"isError\":true");
	assert_contains(w->base.answer, "was asked 10 times");
	assert_int_equal(w->note_count, 0);
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

static void a_call_taken_back_while_it_asks_is_over(void **state)
{
	struct world *w = *state;

	say_2025(w, CALL("ask", ""));
	say_2025(w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		    "\"requestId\":1}}");
	assert_int_equal(w->base.answers, 1);
	assert_null(w->base.answer);
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

/* --- tasks --- */

static void finish_job(struct world *w)
{
	struct json *out = json_object();

	json_put_text(out, "job", "done");
	call_answer(take(w->job), out);
}

static void say_task(struct world *w, enum era era, const char *owner, const char *text)
{
	say_in(w, era, CLIENT_TASKS, owner, text);
}

static void a_long_call_becomes_a_task_where_it_is_declared(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str get = NULL;

	say_2026(w, CALL("job", ""));
	assert_contains(w->base.answer, "\"resultType\":\"task\"");
	assert_contains(w->base.answer, "\"status\":\"working\"");
	id = member(w, "taskId");
	get = mem_format(TASK("2", "get", id, ""));
	say_task(w, ERA_2026, "me", get);
	assert_contains(w->base.answer, "\"status\":\"working\"");
	say_task(w, ERA_2026, "you", get);
	assert_contains(w->base.answer, "\"code\":-32602");
	say_in(w, ERA_2026, 0, "me", get);
	assert_contains(w->base.answer, "\"code\":-32021");
	finish_job(w);
	say_task(w, ERA_2026, "me", get);
	assert_contains(w->base.answer, "\"status\":\"completed\"");
	assert_contains(w->base.answer, "\"structuredContent\":{\"job\":\"done\"}");
	assert_int_equal(mcp_pending(w->base.mcp), 0);
}

static void an_undeclared_call_is_never_a_task(void **state)
{
	struct world *w = *state;

	say_in(w, ERA_2026, 0, "me", CALL("job", ""));
	assert_null(w->base.answer);
	finish_job(w);
	assert_contains(w->base.answer, "\"structuredContent\":{\"job\":\"done\"}");
}

static void a_2025_client_asks_for_its_task(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str result = NULL;
	auto_str cancel = NULL;

	say_2025(w, CALL("job", ",\"task\":{\"ttl\":120000}"));
	assert_contains(w->base.answer, "\"result\":{\"task\":{\"taskId\"");
	assert_contains(w->base.answer, "\"ttl\":120000");
	id = member(w, "taskId");
	result = mem_format(TASK("2", "result", id, ""));
	cancel = mem_format(TASK("3", "cancel", id, ""));
	say_2025(w, result);
	assert_null(w->base.answer);
	finish_job(w);
	assert_contains(w->base.answer, "\"id\":2,\"result\":{\"content\"");
	assert_contains(w->base.answer, "related-task");
	say_2025(w, cancel);
	assert_contains(w->base.answer, "\"code\":-32602");
	say_2025(w, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tasks/list\"}");
	assert_contains(w->base.answer, "\"status\":\"completed\"");
}

static void a_cancelled_task_stops_its_work_and_stays_cancelled(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str cancel = NULL;
	auto_str get = NULL;

	say_2026(w, CALL("job", ""));
	id = member(w, "taskId");
	cancel = mem_format(TASK("2", "cancel", id, ""));
	get = mem_format(TASK("3", "get", id, ""));
	say_2026(w, cancel);
	assert_int_equal(w->stopped, 1);
	say_2026(w, cancel);
	assert_contains(w->base.answer, "\"result\":{\"resultType\":\"complete\"");
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"cancelled\"");
}

static void a_wait_for_a_task_can_be_taken_back_and_ends_with_its_client(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str result = NULL;
	auto_str again = NULL;

	say_2025(w, CALL("job", ",\"task\":{}"));
	assert_int_equal(mcp_pending(w->base.mcp), 0); /* nobody waits */
	id = member(w, "taskId");
	result = mem_format(TASK("2", "result", id, ""));
	again = mem_format(TASK("3", "result", id, ""));
	say_2025(w, result);
	say_2025(w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		    "\"requestId\":2}}");
	assert_int_equal(w->base.answers, 2);
	assert_null(w->base.answer);
	say_2025(w, again);
	task_waits_drop_scope(w->base.mcp, "you");
	assert_int_equal(w->base.answers, 2);
	task_waits_drop_scope(w->base.mcp, "me");
	assert_int_equal(w->base.answers, 3);
	finish_job(w);
	assert_int_equal(w->base.answers, 3);
}

static void a_question_ends_with_who_could_answer_it(void **state)
{
	struct world *w = *state;

	say_2025(w, CALL("ask", ""));
	call_cancel_asking(w->base.mcp, "you");
	assert_int_equal(mcp_pending(w->base.mcp), 1);
	call_cancel_asking(w->base.mcp, "me");
	assert_int_equal(mcp_pending(w->base.mcp), 0);
	assert_int_equal(w->base.answers, 1);
}

/* The server stops: tools are told, and what they then answer counts for nothing. */
static void stop_server(struct world *w)
{
	mcp_free(w->base.mcp);
	assert_null(w->job);
}

static void tasks_outlive_the_server(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str get = NULL;
	struct error err;

	say_2026(w, CALL("job", ""));
	id = member(w, "taskId");
	get = mem_format(TASK("2", "get", id, ""));
	stop_server(w);
	begin(w);
	assert_true(mcp_resume(w->base.mcp, &err));
	assert_string_equal(w->handle, "h-1");
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"working\"");
	finish_job(w);
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"completed\"");
}

static void a_task_that_cannot_go_on_has_failed(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str get = NULL;
	struct error err;

	say_2026(w, CALL("lost", ""));
	id = member(w, "taskId");
	get = mem_format(TASK("2", "get", id, ""));
	stop_server(w);
	begin(w);
	assert_true(mcp_resume(w->base.mcp, &err));
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"failed\"");
	assert_contains(w->base.answer, "\"error\":{\"code\":-32603");
}

static void fill_with_tasks(struct world *w, const char *owner, int count)
{
	static int made;

	for (int i = 0; i < count; i++) {
		struct task_row row = { .tool = (char *)"job",
					.state = "completed",
					.created_at = 1,
					.updated_at = 1,
					.expires_at = INT64_MAX };
		struct error err;

		snprintf(row.id, sizeof(row.id), "t-%d", made++);
		snprintf(row.owner, sizeof(row.owner), "%s", owner);
		assert_true(store_task_add(w->base.store, &row, &err));
	}
}

static void tasks_have_a_bound_for_each_and_for_all(void **state)
{
	struct world *w = *state;

	fill_with_tasks(w, "you", TASKS_PER_OWNER);
	say_in(w, ERA_2026, CLIENT_TASKS, "you", CALL("job", ""));
	assert_null(w->base.answer); /* it stays a call */
	finish_job(w);
	say_2026(w, CALL("job", ""));
	assert_contains(w->base.answer, "\"resultType\":\"task\"");
	finish_job(w);
	fill_with_tasks(w, "others", TASKS_MAX - TASKS_PER_OWNER - 1);
	say_2026(w, CALL("job", ""));
	assert_null(w->base.answer);
	finish_job(w);
	assert_contains(w->base.answer, "\"structuredContent\":{\"job\":\"done\"}");
}

/* --- listening --- */

#define LISTEN(id, wish)                                                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":" id                                                          \
	",\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":" wish "}}"

static void a_listener_hears_what_it_asked_for_and_no_more(void **state)
{
	struct world *w = *state;

	say_2026(w, LISTEN("\"l\"", "{\"toolsListChanged\":true,\"promptsListChanged\":true}"));
	assert_int_equal(w->note_count, 1);
	assert_contains(w->notes[0], "acknowledged");
	assert_contains(w->notes[0], "\"notifications\":{\"toolsListChanged\":true}");
	assert_contains(w->notes[0], "\"io.modelcontextprotocol/subscriptionId\":\"l\"");
	mcp_list_changed(w->base.mcp, MCP_PROMPTS);
	assert_int_equal(w->note_count, 1);
	mcp_list_changed(w->base.mcp, MCP_TOOLS);
	assert_int_equal(w->note_count, 2);
	assert_contains(w->notes[1], "\"io.modelcontextprotocol/subscriptionId\":\"l\"");
	mcp_drain(w->base.mcp);
	assert_contains(w->base.answer, "\"id\":\"l\",\"result\":{\"resultType\":\"complete\"");
}

static void a_listener_to_nothing_ends_at_once(void **state)
{
	struct world *w = *state;

	say_2026(w, LISTEN("1", "{\"promptsListChanged\":true}"));
	assert_contains(w->base.answer, "\"id\":1,\"result\"");
	say_2026(w, LISTEN("1", "7"));
	assert_contains(w->base.answer, "\"code\":-32602");
	say_in(w, ERA_2026, 0, "me", LISTEN("1", "{\"taskIds\":[\"t\"]}"));
	assert_contains(w->base.answer, "\"code\":-32021");
}

static void a_listener_hears_of_its_task(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str listen = NULL;

	say_2026(w, CALL("job", ""));
	id = member(w, "taskId");
	listen = mem_format(LISTEN("5", "{\"taskIds\":[\"%s\",\"t-other\"]}"), id);
	say_2026(w, listen);
	assert_int_equal(w->note_count, 1);
	finish_job(w);
	assert_int_equal(w->note_count, 2);
	assert_contains(w->notes[1], "\"method\":\"notifications/tasks\"");
	assert_contains(w->notes[1], "\"status\":\"completed\"");
	say_2026(w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		    "\"requestId\":5}}");
	assert_null(w->base.answer);
}

#define SUBSCRIBE(method, uri)                                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/" method                             \
	"\",\"params\":{\"uri\":\"" uri "\"}}"

static void a_change_is_told_to_its_owner_who_listens(void **state)
{
	struct world *w = *state;

	say_2026(w, LISTEN("\"l\"", "{\"resourceSubscriptions\":[\"job://1\",\"stone://1\","
				    "\"none://1\"]}"));
	assert_contains(w->notes[0], "\"notifications\":{\"resourceSubscriptions\":[\"job://1\"]}");
	mcp_resource_updated(w->base.mcp, "you", "job://1");
	mcp_resource_updated(w->base.mcp, "me", "job://2");
	assert_int_equal(w->note_count, 1);
	mcp_resource_updated(w->base.mcp, "me", "job://1");
	assert_int_equal(w->note_count, 2);
	assert_contains(w->notes[1], "\"method\":\"notifications/resources/updated\"");
	assert_contains(w->notes[1], "\"uri\":\"job://1\"");
	mcp_resource_updated(w->base.mcp, NULL, "job://1");
	assert_int_equal(w->note_count, 3);
}

static void a_change_is_told_to_its_owner_who_subscribed(void **state)
{
	struct world *w = *state;

	sink_add(w->base.mcp, "me", on_note, w);
	say_2025(w, SUBSCRIBE("subscribe", "job://1"));
	assert_contains(w->base.answer, "\"result\":{}");
	say_2025(w, SUBSCRIBE("subscribe", "stone://1"));
	assert_contains(w->base.answer, "\"code\":-32602");
	mcp_resource_updated(w->base.mcp, "you", "job://1");
	assert_int_equal(w->note_count, 0);
	mcp_resource_updated(w->base.mcp, "me", "job://1");
	assert_int_equal(w->note_count, 1);
	assert_contains(w->notes[0], "\"params\":{\"uri\":\"job://1\"}");
	say_2025(w, SUBSCRIBE("unsubscribe", "job://1"));
	mcp_resource_updated(w->base.mcp, "me", "job://1");
	assert_int_equal(w->note_count, 1);
	sink_remove(w->base.mcp, "me");
}

static void what_is_watched_for_several_is_looked_at_once_until_the_last_has_left(void **state)
{
	struct world *w = *state;

	watched_count = 0;
	sink_add(w->base.mcp, "me", on_note, w);
	say_2025(w, SUBSCRIBE("subscribe", "lamp://1"));
	say_2025(w, SUBSCRIBE("subscribe", "lamp://1"));
	assert_contains(w->base.answer, "\"result\":{}");
	say_2026(w, LISTEN("\"l\"", "{\"resourceSubscriptions\":[\"lamp://none\",\"lamp://1\","
				    "\"lamp://gone\"]}"));
	assert_int_equal(watched_count, 1);
	assert_contains(w->notes[0],
			"\"notifications\":{\"resourceSubscriptions\":[\"lamp://1\"]}");
	watched[0].on_changed(watched[0].ctx);
	assert_int_equal(w->note_count, 3);
	assert_contains(w->notes[1], "\"uri\":\"lamp://1\"");
	assert_contains(w->notes[2], "\"uri\":\"lamp://1\"");
	say_2025(w, SUBSCRIBE("unsubscribe", "lamp://1"));
	assert_true(watched[0].open);
	watched[0].on_changed(watched[0].ctx);
	assert_int_equal(w->note_count, 4);
	say_2026(w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		    "\"requestId\":\"l\"}}");
	assert_false(watched[0].open);
	sink_remove(w->base.mcp, "me");
}

static void watches_end_with_the_carrier_of_their_session(void **state)
{
	struct world *w = *state;

	watched_count = 0;
	sink_add(w->base.mcp, "me", on_note, w);
	say_2025(w, SUBSCRIBE("subscribe", "lamp://1"));
	say_2025(w, SUBSCRIBE("subscribe", "lamp://2"));
	assert_int_equal(watched_count, 2);
	sink_remove(w->base.mcp, "me");
	assert_false(watched[0].open || watched[1].open);
}

static void what_cannot_be_watched_is_refused(void **state)
{
	struct world *w = *state;

	watched_count = 0;
	say_2025(w, SUBSCRIBE("subscribe", "lamp://none"));
	assert_contains(w->base.answer, "\"code\":-32002");
	say_2025(w, SUBSCRIBE("subscribe", "lamp://gone"));
	assert_contains(w->base.answer, "it went out at noon");
	say_in(w, ERA_2025, 0, "you", SUBSCRIBE("subscribe", "lamp://1"));
	assert_contains(w->base.answer, "\"code\":-32002");
	assert_int_equal(watched_count, 0);
}

static void one_caller_watches_so_many_and_no_more(void **state)
{
	struct world *w = *state;
	int refused = 0;

	watched_count = 0;
	for (int listener = 0; listener < 3; listener++) {
		struct buf text = BUF_INIT(1 << 16);

		buf_addf(&text,
			 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"subscriptions/listen\","
			 "\"params\":{\"notifications\":{\"resourceSubscriptions\":[",
			 listener);
		for (int i = 0; i < SUBSCRIPTIONS_MAX; i++)
			buf_addf(&text, "%s\"lamp://%d-%d\"", i ? "," : "", listener, i);
		buf_add_text(&text, "]}}}");
		say_2026(w, buf_text(&text));
		buf_release(&text);
		refused += w->base.answer != NULL;
	}
	assert_int_equal(watched_count, WATCHINGS_PER_OWNER);
	assert_int_equal(refused, 1);
	mcp_drain(w->base.mcp);
	for (int i = 0; i < watched_count; i++)
		assert_false(watched[i].open);
}

static void fill_with_watches(struct world *w, const char *scope)
{
	for (int i = 0; i < SUBSCRIPTIONS_MAX; i++) {
		auto_str text = mem_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/"
					   "subscribe\",\"params\":{\"uri\":\"lamp://%s-%d\"}}",
					   scope, i);

		say_from(w, scope, ERA_2025, 0, "me", text);
		assert_contains(w->base.answer, "\"result\":{}");
	}
}

static int count_watched(const char *front)
{
	int count = 0;

	for (int i = 0; i < watched_count; i++)
		count += watched[i].open && strncmp(watched[i].name, front, strlen(front)) == 0;
	return count;
}

static void what_nobody_hears_of_makes_room(void **state)
{
	struct world *w = *state;

	watched_count = 0;
	sink_add(w->base.mcp, "here", on_note, w);
	fill_with_watches(w, "here");
	fill_with_watches(w, "left");
	say_2025(w, SUBSCRIBE("subscribe", "lamp://1"));
	assert_contains(w->base.answer, "\"result\":{}");
	assert_int_equal(count_watched("here"), SUBSCRIPTIONS_MAX);
	assert_int_equal(count_watched("left"), 0);
	assert_int_equal(count_watched("1"), 1);
	subscriptions_end_scope(w->base.mcp, "me");
	sink_remove(w->base.mcp, "here");
}

static void answers_that_a_task_did_not_ask_for_are_passed_over(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str get = NULL;
	auto_str other = NULL;
	auto_str right = NULL;

	say_2026(w, CALL("ask_job", ""));
	id = member(w, "taskId");
	get = mem_format(TASK("2", "get", id, ""));
	other = mem_format(
		TASK("3", "update", id,
		     ",\"inputResponses\":{\"size\":{\"action\":\"accept\",\"content\":{}}}"));
	right = mem_format(TASK("4", "update", id, "," RED));
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"input_required\"");
	say_2026(w, other);
	turn(w);
	assert_false(w->saw_size);
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"input_required\"");
	say_2026(w, right);
	turn(w);
	assert_false(w->saw_size);
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"completed\"");
	assert_contains(w->base.answer, "\"colour\":\"red\"");
}

static void a_task_asks_again_for_what_was_no_answer(void **state)
{
	struct world *w = *state;
	auto_str id = NULL;
	auto_str get = NULL;
	auto_str wrong = NULL;
	auto_str right = NULL;

	say_2026(w, CALL("ask_job", ""));
	id = member(w, "taskId");
	get = mem_format(TASK("2", "get", id, ""));
	wrong = mem_format(TASK("3", "update", id,
				",\"inputResponses\":{\"colour\":{\"action\":\"accept\"}}"));
	right = mem_format(TASK("4", "update", id, "," RED));
	say_2026(w, wrong);
	turn(w);
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"input_required\"");
	assert_contains(w->base.answer, "\"inputRequests\":{\"colour\":");
	say_2026(w, right);
	turn(w);
	say_2026(w, get);
	assert_contains(w->base.answer, "\"status\":\"completed\"");
}

static void methods_of_the_other_era_are_not_there(void **state)
{
	static const char *const gone[] = { "initialize",       "ping",
					    "logging/setLevel", "resources/subscribe",
					    "tasks/result",     "tasks/list" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		auto_str text =
			mem_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}", gone[i]);

		say_2026(w, text);
		assert_contains(w->base.answer, "\"code\":-32601");
		assert_int_equal(w->base.status, 404);
	}
	say_2025(w, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}");
	assert_contains(w->base.answer, "\"code\":-32601");
	assert_int_equal(w->base.status, 200);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(in_2026_a_question_is_the_answer_and_the_retry_is_run),
		WITH_WORLD(a_state_serves_only_its_owner_its_request_and_unchanged),
		WITH_WORLD(malformed_answers_are_asked_for_again),
		WITH_WORLD(in_2025_a_question_is_a_request_of_ours),
		WITH_WORLD(a_client_that_refuses_ends_the_call),
		WITH_WORLD(a_client_that_cannot_ask_after_all_is_done_without),
		WITH_WORLD(a_client_that_never_answers_well_is_not_asked_for_ever),
		WITH_WORLD(a_call_taken_back_while_it_asks_is_over),
		WITH_WORLD(a_long_call_becomes_a_task_where_it_is_declared),
		WITH_WORLD(an_undeclared_call_is_never_a_task),
		WITH_WORLD(a_2025_client_asks_for_its_task),
		WITH_WORLD(a_cancelled_task_stops_its_work_and_stays_cancelled),
		WITH_WORLD(a_wait_for_a_task_can_be_taken_back_and_ends_with_its_client),
		WITH_WORLD(a_question_ends_with_who_could_answer_it),
		WITH_WORLD(tasks_outlive_the_server),
		WITH_WORLD(a_task_that_cannot_go_on_has_failed),
		WITH_WORLD(tasks_have_a_bound_for_each_and_for_all),
		WITH_WORLD(a_listener_hears_what_it_asked_for_and_no_more),
		WITH_WORLD(a_listener_to_nothing_ends_at_once),
		WITH_WORLD(a_listener_hears_of_its_task),
		WITH_WORLD(a_change_is_told_to_its_owner_who_listens),
		WITH_WORLD(a_change_is_told_to_its_owner_who_subscribed),
		WITH_WORLD(what_is_watched_for_several_is_looked_at_once_until_the_last_has_left),
		WITH_WORLD(watches_end_with_the_carrier_of_their_session),
		WITH_WORLD(what_cannot_be_watched_is_refused),
		WITH_WORLD(one_caller_watches_so_many_and_no_more),
		WITH_WORLD(what_nobody_hears_of_makes_room),
		WITH_WORLD(answers_that_a_task_did_not_ask_for_are_passed_over),
		WITH_WORLD(a_task_asks_again_for_what_was_no_answer),
		WITH_WORLD(methods_of_the_other_era_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
