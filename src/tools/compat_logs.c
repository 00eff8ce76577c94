/* The result of code in the shape of compat-code-sandbox: output as lists of texts, an error with a
 * name, a value and a traceback. */
#include <string.h>
#include "compat_code.h"

static struct json *list_of(const char *text)
{
	struct json *list = json_array();

	if (text && *text)
		json_append(list, json_new_text(text));
	return list;
}

/* sys.exit(3) and os._exit(3) raise nothing that is told as an error. */
static bool exited_badly(const struct json *structured, const char **ret_name,
			 struct buf *ret_sentence)
{
	int64_t status;

	if (!json_get_int(structured, "exit_code", &status) || status == 0 ||
	    json_get_object(structured, "error"))
		return false;
	*ret_name = "SystemExit";
	buf_addf(ret_sentence, "the code ended with exit code %lld%s", (long long)status,
		 json_get(structured, "context_over")
			 ? ", and its interpreter with it: variables are gone"
			 : "");
	return true;
}

bool logs_cut_short(const struct json *structured, const char **ret_name, struct buf *ret_sentence)
{
	const char *state = json_get_text(structured, "state");
	const char *hint = json_get_text(structured, "hint");
	const char *reason = json_get_text(structured, "reason");

	if (!state)
		return false;
	if (strcmp(state, "exited") == 0)
		return exited_badly(structured, ret_name, ret_sentence);
	if (strcmp(state, "timed_out") == 0)
		*ret_name = "TimeoutError";
	else if (strcmp(state, "oom_killed") == 0)
		*ret_name = "MemoryError";
	else if (strcmp(state, "running") == 0)
		*ret_name = "StillRunning";
	else
		*ret_name = "Interrupted";
	buf_addf(ret_sentence, "%s", hint ? hint : reason ? reason : state);
	return true;
}

static struct json *error_of(const struct json *structured)
{
	const struct json *raised = json_get_object(structured, "error");
	auto_buf sentence = BUF_INIT(4096);
	const char *name = NULL;
	struct json *error;

	if (!raised && !logs_cut_short(structured, &name, &sentence))
		return json_new_null();
	error = json_object();
	json_put_text(error, "name", raised ? json_get_text(raised, "type") : name);
	json_put_text(error, "value",
		      raised ? json_get_text(raised, "message") : buf_text(&sentence));
	json_put_text(error, "traceback", raised ? json_get_text(raised, "traceback") : "");
	return error;
}

struct json *logs_of(const struct json *structured)
{
	struct json *out = json_object();
	struct json *logs = json_object();

	json_put(logs, "stdout", list_of(json_get_text(structured, "stdout")));
	json_put(logs, "stderr", list_of(json_get_text(structured, "stderr")));
	json_put(out, "logs", logs);
	json_put(out, "error", error_of(structured));
	if (json_get(structured, "result"))
		json_put(out, "result", json_copy(json_get(structured, "result")));
	return out;
}

struct sandbox_op *compat_code_start(struct sandboxes *all, const void *request, int64_t wait_ms,
				     command_view_fn *done, void *ctx, struct error *err)
{
	struct code_request wish = *(const struct code_request *)request;

	wish.wait_ms = wait_ms;
	return code_run(all, &wish, done, ctx, err);
}

void compat_code_plan(const struct call *call, struct code_request *request,
		      struct execution_plan *plan)
{
	int64_t most_ms = compat_time_ms(call, LOGS_CODE_MS);

	request->owner = call_owner(call);
	request->len = strlen(request->code);
	request->turn_ms = most_ms;
	request->kill_after_ms = most_ms;
	plan->wait_ms = most_ms + COMPAT_END_MS;
	plan->wish = (struct command_wish){ .output = { .limit = fitting_limit(call) },
					    .streams = COMMAND_STDOUT | COMMAND_STDERR,
					    .reshape = logs_of };
}
