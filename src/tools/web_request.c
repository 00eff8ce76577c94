/* A request of a web tool on its way: the caller's container for the web is found or made, the
 * driver in it is run, and what it answers is taken apart.  Everything in the answer was made in
 * the container from pages of strangers: shapes are checked, sizes bounded, and nothing is
 * believed. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "code.h"
#include "utf8.h"
#include "web_tools.h"

enum {
	MARGIN_MS = 5000,     /* for what the driver does besides waiting for the page */
	GRACE_MS = 4000,      /* more before it is interrupted itself */
	PAGE_LEAST_MS = 1000, /* a page gets that much, however late it is */
	PROBLEM_MAX = 300,
	KILL_WAIT_MS = 5000,
};

/* No caller is called so: theirs are keys, sessions, "local" and "". */
static const char own_owner[] = "sandpod.web";

struct visit {
	struct waiting waiting; /* call NULL: it was answered meanwhile */
	struct web_plan plan;
	struct web_found found;
	struct code_outcome lines;
	int64_t until; /* on clock_mono_ms: when the call is answered at the latest */
	char *ended;   /* how the command stands */
};

static const char *owner_of(const struct visit *visit)
{
	return visit->plan.by_server ? own_owner : call_owner(visit->waiting.call);
}

static void visit_free(struct visit *visit)
{
	json_free(visit->plan.request);
	free(visit->found.replaces);
	free(visit->found.state_lost);
	output_piece_release(&visit->found.content);
	outcome_release(&visit->found.outcome);
	code_outcome_close(&visit->lines);
	free(visit->ended);
	free(visit);
}

static void fail(struct visit *visit, const struct error *err)
{
	struct call *call = visit->waiting.call;

	visit_free(visit);
	tool_fail(call, err);
}

char *web_text(const struct json *outcome, const char *key, size_t len)
{
	const char *text = json_get_text(outcome, key);
	char *shown;

	if (!text)
		return mem_strdup("");
	shown = mem_strndup(text, strlen(text) > len ? utf8_whole(text, len) : strlen(text));
	/* Of a title or a URL none can be meant. */
	for (char *c = shown; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return shown;
}

/* --- the answer ------------------------------------------------------------------------------ */

static bool say_lost(const struct visit *visit, struct error *err)
{
	const struct outcome *outcome = &visit->found.outcome;
	auto_str problem = web_text(outcome->error, "message", PROBLEM_MAX);

	if (strcmp(visit->ended, "running") == 0)
		error_set(err, ERROR_TIMEOUT,
			  "the page is not loaded yet (command %s goes on, until its own time is "
			  "over)",
			  visit->found.command_id);
	else if (*problem)
		error_set(err, ERROR_UNAVAILABLE, "the browser's driver failed: %s", problem);
	else
		error_set(err, ERROR_UNAVAILABLE, "the browser's driver ended: %.300s",
			  visit->ended);
	return error_advise(err, "make the same call again; the browser begins anew", true);
}

static void on_read(void *ctx)
{
	struct visit *visit = ctx;

	outcome_read(&visit->lines, visit->found.command_id, PROBLEM_MAX, &visit->found.outcome);
}

static void on_was_read(void *ctx)
{
	struct visit *visit = ctx;
	struct error err;

	if (!visit->waiting.call) {
		visit_free(visit);
	} else if (!visit->found.outcome.web) {
		say_lost(visit, &err);
		fail(visit, &err);
	} else {
		visit->plan.answer(visit->waiting.call, &visit->found);
		visit_free(visit);
	}
}

static void on_cancel(void *ctx)
{
	struct visit *visit = ctx;
	struct call *call = take(visit->waiting.call);
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the call was taken back");
	tool_fail(call, &err);
}

static bool read_stdout(void *ctx, int64_t offset, int64_t len, struct buf *ret_data,
			struct error *err)
{
	return command_output(ctx, COMMAND_STDOUT, offset, len, ret_data, err);
}

static bool take_content(struct visit *visit, const struct command_view *view, struct error *err)
{
	struct command_view readable = *view;
	struct output_wish wish = { .mode = OUTPUT_ENDS, .limit = visit->plan.limit };
	struct output_source source = { .read = read_stdout,
					.ctx = &readable,
					.command_id = view->row->id,
					.stream = "stdout",
					.kept = view->kept[COMMAND_STDOUT],
					.tail_from = view->tail_from[COMMAND_STDOUT],
					.total = view->row->stdout_bytes,
					.limit = view->spool_limit,
					.is_over = true };

	return output_take(&source, &wish, &visit->found.content, err);
}

/* All that is only to be had inside the callback. */
static bool take_view(struct visit *visit, const struct command_view *view, struct error *err)
{
	const struct command_row *row = view->row;
	struct web_found *found = &visit->found;

	snprintf(found->container_id, sizeof(found->container_id), "%s", row->container_id);
	snprintf(found->command_id, sizeof(found->command_id), "%s", row->id);
	found->duration_ms = row->duration_ms;
	found->state_lost = row->state_lost ? mem_strdup(row->state_lost) : NULL;
	visit->ended = row->reason ? mem_format("%s, %s", row->state, row->reason)
				   : mem_strdup(row->state);
	return take_content(visit, view, err) && code_outcome_open(view, &visit->lines, err);
}

static void on_code(void *ctx, const struct command_view *view, const struct error *failure)
{
	struct visit *visit = ctx;
	struct error err;

	if (failure) {
		fail(visit, failure);
	} else if (!take_view(visit, view, &err)) {
		fail(visit, &err);
	} else if (visit->lines.fd < 0) {
		on_read(visit);
		on_was_read(visit);
	} else {
		call_on_cancel(visit->waiting.call, on_cancel, visit);
		loop_work(tools_of(visit->waiting.call)->loop, on_read, on_was_read, visit);
	}
}

static void on_killed(void *ctx, const struct command_view *view, const struct error *err)
{
	(void)ctx;
	(void)view;
	(void)err;
}

/* A page that nobody waits for any more would keep the next one waiting. */
static void on_taken_back(void *ctx)
{
	struct visit *visit = ctx;
	const struct call *call = visit->waiting.call;
	struct error ignored; /* it may have ended by now */

	if (call_was_taken_back(call))
		(void)!command_kill(tools_of(call)->sandboxes, owner_of(visit),
				    visit->found.command_id, SIGINT, KILL_WAIT_MS, on_killed, NULL,
				    &ignored);
	sandbox_cancel(visit->waiting.op);
}

/* --- the request ----------------------------------------------------------------------------- */

/* The words of a comma-separated list. */
static struct json *words_json(const char *list)
{
	struct json *words = json_array();

	while (list && *list) {
		size_t len = strcspn(list, ",");
		auto_str word = mem_strndup(list, len);

		json_append(words, json_new_text(word));
		list += len + (list[len] == ',');
	}
	return words;
}

static int64_t page_ms(const struct visit *visit)
{
	int64_t most = tools_of(visit->waiting.call)->web.timeout_ms;
	int64_t left = visit->until - clock_mono_ms() - MARGIN_MS;

	if (left > most)
		return most;
	return left > PAGE_LEAST_MS ? left : PAGE_LEAST_MS;
}

static void put_policy(const struct visit *visit, int64_t timeout_ms)
{
	const struct call *call = visit->waiting.call;
	const struct tools_web *web = &tools_of(call)->web;
	struct json *policy = json_object();
	/* Where to search is the operator's choice, not the caller's. */
	struct json *domains = words_json(visit->plan.by_server ? "*" : web->allowed_domains);

	if (!visit->plan.by_server)
		web_grants_add(call, domains);
	json_put(policy, "allowed_domains", domains);
	json_put(policy, "allow_addresses", words_json(web->network_allow));
	json_put_int(policy, "max_bytes", web->size);
	json_put_int(policy, "timeout_ms", timeout_ms);
	json_put(visit->plan.request, "policy", policy);
}

static void on_container(void *ctx, const struct sandbox_view *view, const struct error *failure)
{
	struct visit *visit = ctx;
	struct call *call = visit->waiting.call;
	int64_t timeout_ms = page_ms(visit);
	auto_str key = mem_format("SANDPOD_SEARCH_KEY=%s", visit->plan.key ? visit->plan.key : "");
	/* Each look-up of a name takes one of Node's threads, and some never end. */
	static const char threads[] = "UV_THREADPOOL_SIZE=16";
	const char *const env[] = { visit->plan.key ? key : threads,
				    visit->plan.key ? threads : NULL, NULL };
	auto_str code = NULL;
	struct code_request request = { .language = "web",
					.context = visit->plan.context,
					.env = env,
					.fresh = visit->plan.key != NULL };
	struct sandbox_op *op;
	struct error err;

	if (failure) {
		fail(visit, failure);
		return;
	}
	put_policy(visit, timeout_ms);
	code = json_print(visit->plan.request);
	request.owner = owner_of(visit);
	request.container_id = view->row->id;
	request.code = code;
	request.len = strlen(code);
	request.wait_ms = visit->until - clock_mono_ms();
	request.kill_after_ms = timeout_ms + MARGIN_MS + GRACE_MS;
	visit->found.replaces = view->replaces ? mem_strdup(view->replaces) : NULL;
	op = code_run(tools_of(call)->sandboxes, &request, on_code, visit, &err);
	if (!op) {
		fail(visit, &err);
		return;
	}
	snprintf(visit->found.command_id, sizeof(visit->found.command_id), "%s", command_op_id(op));
	visit->waiting.op = op;
	call_on_cancel(call, on_taken_back, visit);
}

static bool check_server(const struct tools_context *tools, struct error *err)
{
	if (!tools->web.image)
		return error_set(err, ERROR_UNAVAILABLE,
				 "this server has no image for the web tools (SANDBOX_IMAGES, "
				 "web=IMAGE)"),
		       error_advise(err, "tell the operator of this server", false);
	if (strcmp(tools->settings->network, "internet") != 0)
		return error_set(err, ERROR_UNAVAILABLE,
				 "containers of this server have no network, so that no page can "
				 "be reached"),
		       error_advise(err, "tell the operator of this server", false);
	return true;
}

void web_begin(struct call *call, struct web_plan *plan)
{
	const struct tools_context *tools = tools_of(call);
	const struct arg_value longest = { 0 };
	struct visit *visit = mem_new(struct visit);
	struct sandbox_request wish = { .owner = plan->by_server ? own_owner : call_owner(call),
					.name = plan->by_server ? "search" : "web",
					.image = tools->web.image,
					.memory = tools->web.memory,
					.cpu_milli = tools->web.cpu_milli,
					.pids = tools->web.pids,
					.by_operator = true,
					.network = "internet" };
	struct sandbox_op *op = NULL;
	struct error err;

	visit->waiting.call = call;
	visit->plan = *plan;
	visit->lines = CODE_OUTCOME_NONE;
	visit->found.plan = &visit->plan;
	visit->until = clock_mono_ms() + wait_of(call, &longest, tools->max_wait_ms);
	if (check_server(tools, &err))
		op = sandbox_default(tools->sandboxes, &wish, wish.name, on_container, visit, &err);
	if (op)
		waiting_for(&visit->waiting, op);
	else
		fail(visit, &err);
}
