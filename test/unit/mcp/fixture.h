/* A protocol with three tools and nothing behind it: "echo" answers at once, "slow" when the test
 * says so, "picky" reads arguments. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"
#include "buf.h"

#define ANY_SCHEMA "{\"type\":\"object\"}"

struct fixture {
	struct loop *loop;
	struct store *store;
	struct mcp *mcp;
	/* the tool "slow" */
	struct call *held[8];
	size_t held_count;
	unsigned cancelled;
	bool answer_on_cancel;
	/* the last answer, as text; NULL: none, or a cancelled one */
	char *answer;
	int status;
	unsigned answers;
};

static inline void tool_echo(struct call *call, const struct json *args)
{
	auto_str text = json_print(args);
	struct json *out = json_object();

	json_put_text(out, "owner", call_owner(call));
	if (*call_client(call))
		json_put_text(out, "client", call_client(call));
	call_add_text(call, text);
	call_answer(call, out);
}

static inline void on_slow_cancelled(void *ctx)
{
	struct fixture *f = ctx;

	f->cancelled++;
	if (f->answer_on_cancel) {
		struct error err;

		error_set(&err, ERROR_CANCELLED, "taken back");
		call_fail(f->held[--f->held_count], &err, NULL);
	}
}

static inline void tool_slow(struct call *call, const struct json *args)
{
	struct fixture *f = call_context(call);

	assert_true(f->held_count < 8);
	f->held[f->held_count++] = call;
	call_on_cancel(call, on_slow_cancelled, f);
	if (json_get_bool(args, "tell", false))
		call_progress(call, (double)f->held_count, 8, "on the way");
}

static inline void tool_picky(struct call *call, const struct json *args)
{
	static const char *const aliases[] = { "cmd", NULL };
	static const char *const choices[] = { "red", "green", NULL };
	static const struct arg table[] = {
		{ "command", ARG_TEXT, .required = true, .least = 1, .most = 20,
		  .aliases = aliases },
		{ "count", ARG_INT, .least = 1, .most = 45 },
		{ "ratio", ARG_NUMBER, .least = 0, .most = 2 },
		{ .name = "loud", .type = ARG_BOOL },
		{ .name = "env", .type = ARG_OBJECT },
		{ .name = "colour", .type = ARG_CHOICE, .choices = choices },
	};
	struct arg_value values[6];
	struct json *out;

	if (!args_read(call, args, table, 6, values))
		return;
	out = json_object();
	json_put_text(out, "command", values[0].text);
	if (values[1].given)
		json_put_int(out, "count", values[1].number);
	if (values[2].given)
		json_put(out, "ratio", json_new_double(values[2].real));
	if (values[3].given)
		json_put_bool(out, "loud", values[3].flag);
	if (values[5].given)
		json_put_text(out, "colour", values[5].text);
	call_answer(call, out);
}

static const struct tool fixture_echo = { .name = "echo",
					  .title = "Echo",
					  .description = "Use this to hear yourself.",
					  .input_schema = ANY_SCHEMA,
					  .output_schema = ANY_SCHEMA,
					  .read_only = true,
					  .set = "test",
					  .run = tool_echo };
static const struct tool fixture_slow = { .name = "slow",
					  .title = "Slow",
					  .description = "Use this to wait.",
					  .input_schema = ANY_SCHEMA,
					  .output_schema = ANY_SCHEMA,
					  .set = "test",
					  .run = tool_slow };
static const struct tool fixture_picky = { .name = "picky",
					   .title = "Picky",
					   .description = "Use this to be corrected.",
					   .input_schema = ANY_SCHEMA,
					   .output_schema = ANY_SCHEMA,
					   .set = "test",
					   .run = tool_picky };
static const struct tool *const fixture_tools[] = { &fixture_echo, &fixture_slow, &fixture_picky,
						    NULL };

static inline void mcp_start(struct fixture *f, bool key_required)
{
	struct mcp_options options = { .loop = f->loop,
				       .store = f->store,
				       .offers = { .tools = fixture_tools },
				       .tool_ctx = f,
				       .key_required = key_required,
				       .name = "sandpod",
				       .title = "Sandpod",
				       .version = "1.2.3",
				       .instructions = "be kind" };
	struct error err;

	f->mcp = mcp_new(&options, &err);
	assert_non_null(f->mcp);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct error err;

	f->loop = loop_new(&err);
	f->store = store_open(":memory:", &err);
	assert_non_null(f->loop);
	assert_non_null(f->store);
	mcp_start(f, false);
	*state = f;
	return 0;
}

static inline void slow_answer(struct fixture *f)
{
	struct json *out = json_object();

	assert_true(f->held_count > 0);
	json_put_text(out, "slow", "done");
	call_answer(f->held[--f->held_count], out);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	mcp_free(f->mcp);
	while (f->held_count > 0)
		slow_answer(f);
	store_close(f->store);
	loop_free(f->loop);
	free(f->answer);
	free(f);
	return 0;
}

static inline void fixture_on_answer(void *ctx, struct json *message, int status)
{
	struct fixture *f = ctx;

	free(f->answer);
	f->answer = message ? json_print(message) : NULL;
	f->status = status;
	f->answers++;
	json_free(message);
}

/* Gives a message to the methods, as a carrier would. */
static inline void say_as(struct fixture *f, const char *scope, const char *text)
{
	struct peer peer = { .owner = scope,
			     .scope = scope,
			     .version = "2025-11-25",
			     .log_level = LEVEL_NONE,
			     .on_answer = fixture_on_answer,
			     .ctx = f };
	auto_rpc_message message = { .body = NULL };

	rpc_read(text, strlen(text), &message);
	if (message.kind == RPC_REQUEST)
		method_request(f->mcp, &peer, &message);
	else if (message.kind == RPC_NOTIFICATION)
		method_notification(f->mcp, &peer, &message);
	else
		fail_msg("no message: %s", message.fault.text);
}

static inline void say(struct fixture *f, const char *text)
{
	say_as(f, "me", text);
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text ? text : "(nothing)");
}

#endif
