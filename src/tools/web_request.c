/* A request of a web tool on its way: the caller's container for the web is found or made, the
 * driver in it is run, and what it answers is taken apart.  Everything in the answer was made in
 * the container from pages of strangers: shapes are checked, sizes bounded, and nothing is
 * believed. */
#include <string.h>
#include "code.h"
#include "utf8.h"
#include "web.h"

enum {
	MARGIN_MS = 5000,     /* for what the driver does besides waiting for the page */
	GRACE_MS = 4000,      /* more before it is interrupted itself */
	PAGE_LEAST_MS = 1000, /* a page gets that much, however late it is */
	PICTURES_MAX = 8 * 1024 * 1024,
};

/* No caller is called so: theirs are keys, sessions, "local" and "". */
static const char own_owner[] = "sandpod.web";

struct visit {
	struct waiting waiting;
	struct web_plan plan;
	int64_t until; /* on clock_mono_ms: when the call is answered at the latest */
	char *replaces;
};

static void visit_free(struct visit *visit)
{
	json_free(visit->plan.request);
	free(visit->replaces);
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

	if (!text)
		return mem_strdup("");
	return mem_strndup(text, strlen(text) > len ? utf8_whole(text, len) : strlen(text));
}

/* --- the answer ------------------------------------------------------------------------------ */

static bool is_base64(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				 "+/=")] == '\0';
}

static void add_picture(struct json *pictures, const struct json *line, size_t *room)
{
	const char *type = json_get_text(line, "mime_type");
	const char *data = json_get_text(line, "data");
	struct json *block;

	if (!type || !data || !is_base64(data) || strlen(data) > *room ||
	    (strcmp(type, "image/png") != 0 && strcmp(type, "image/jpeg") != 0))
		return;
	*room -= strlen(data);
	block = json_object();
	json_put_text(block, "type", "image");
	json_put_text(block, "data", data);
	json_put_text(block, "mimeType", type);
	json_append(pictures, block);
}

/* What it said, line by line; lines that make no sense are passed over. */
struct said {
	struct json *outcome;
	struct json *pictures;
	char *problem; /* the driver's own */
};

static void said_release(struct said *said)
{
	json_free(said->outcome);
	json_free(said->pictures);
	free(said->problem);
}

static void add_line(struct said *said, const char *text, size_t len, size_t *room)
{
	struct error ignored;
	auto_json line = json_parse(text, len, &ignored);
	const char *type = json_get_text(line, "type");

	if (!type)
		return;
	if (strcmp(type, "image") == 0) {
		add_picture(said->pictures, line, room);
	} else if (strcmp(type, "web") == 0) {
		json_free(said->outcome);
		said->outcome = take(line);
	} else if (strcmp(type, "error") == 0) {
		free(said->problem);
		said->problem = web_text(line, "message", 200);
	}
}

static bool read_said(const struct command_view *view, struct said *said, struct error *err)
{
	auto_buf lines = BUF_INIT(CODE_OUTCOME_MAX + 1);
	size_t room = PICTURES_MAX;
	const char *at;
	bool cut;

	if (!code_outcome(view, &lines, &cut, err))
		return false;
	at = buf_text(&lines);
	for (size_t len; *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		add_line(said, at, len, &room);
	}
	return true;
}

static bool say_lost(const struct command_view *view, const struct said *said, struct error *err)
{
	const char *state = view->row->state;

	if (strcmp(state, "running") == 0)
		error_set(err, ERROR_TIMEOUT,
			  "the page is not loaded yet (command %s goes on, until its own time is "
			  "over)",
			  view->row->id);
	else if (said->problem && *said->problem)
		error_set(err, ERROR_UNAVAILABLE, "the browser's driver failed: %s", said->problem);
	else
		error_set(err, ERROR_UNAVAILABLE, "the browser's driver ended (%s)%s%s", state,
			  view->row->reason ? ": " : "",
			  view->row->reason ? view->row->reason : "");
	return error_advise(err, "make the same call again; the browser begins anew", true);
}

static void on_code(void *ctx, const struct command_view *view, const struct error *failure)
{
	struct visit *visit = ctx;
	struct said said = { .pictures = json_array() };
	struct web_found found = { .plan = &visit->plan,
				   .view = view,
				   .replaces = visit->replaces };
	struct error err;

	if (failure)
		err = *failure;
	if (failure || !read_said(view, &said, &err) ||
	    (!said.outcome && !say_lost(view, &said, &err))) {
		said_release(&said);
		fail(visit, &err);
		return;
	}
	found.outcome = said.outcome;
	found.pictures = take(said.pictures);
	visit->plan.answer(visit->waiting.call, &found);
	json_free(found.pictures);
	said_release(&said);
	visit_free(visit);
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
	const char *const env[] = { key, NULL };
	auto_str code = NULL;
	struct code_request request = { .language = "web",
					.env = visit->plan.key ? env : NULL,
					.fresh = visit->plan.key != NULL };
	struct sandbox_op *op;
	struct error err;

	if (failure) {
		fail(visit, failure);
		return;
	}
	put_policy(visit, timeout_ms);
	code = json_print(visit->plan.request);
	request.owner = visit->plan.by_server ? own_owner : call_owner(call);
	request.container_id = view->row->id;
	request.code = code;
	request.len = strlen(code);
	request.wait_ms = visit->until - clock_mono_ms();
	request.kill_after_ms = timeout_ms + MARGIN_MS + GRACE_MS;
	visit->replaces = view->replaces ? mem_strdup(view->replaces) : NULL;
	op = code_run(tools_of(call)->sandboxes, &request, on_code, visit, &err);
	if (op)
		waiting_for(&visit->waiting, op);
	else
		fail(visit, &err);
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
	visit->until = clock_mono_ms() + wait_of(call, &longest, tools->max_wait_ms);
	if (check_server(tools, &err))
		op = sandbox_default(tools->sandboxes, &wish, wish.name, on_container, visit, &err);
	if (op)
		waiting_for(&visit->waiting, op);
	else
		fail(visit, &err);
}
