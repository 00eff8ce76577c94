/* What the tools of compat-container-mcp share: each caller has one sandbox, without a network, of
 * which he need not know; and a failure is an ordinary answer with success false. */
#include <string.h>
#include "compat.h"

#define LABEL "default"

const char *const compat_encodings[] = { "utf-8", "utf8", "ascii", NULL };

struct compat *compat_new(struct call *call,
			  void (*go)(struct compat *compat, const char *container_id))
{
	struct compat *compat = mem_new(struct compat);

	compat->waiting.call = call;
	compat->go = go;
	compat->said = json_object();
	compat->failed = json_object();
	return compat;
}

void compat_free(struct compat *compat)
{
	json_free(compat->said);
	json_free(compat->failed);
	free(compat->place[0]);
	free(compat->place[1]);
	free(compat->text);
	free(compat);
}

void compat_answer(struct compat *compat, struct json *structured, const char *text)
{
	struct call *call = compat->waiting.call;

	if (text)
		call_add_text(call, text);
	compat_free(compat);
	call_answer(call, structured);
}

/* Advice of ours names a tool of ours. */
static const char *advice_of(const struct error *err)
{
	return err->kind == ERROR_NOT_FOUND ? "file_list shows what is there" : err->next;
}

void compat_fail(struct compat *compat, const struct error *err)
{
	struct json *structured = take(compat->said);
	const char *next = advice_of(err);
	auto_buf text = BUF_INIT(2048);

	buf_add_text(&text, err->text);
	if (next)
		buf_addf(&text, " (%s)", next);
	for (const struct json *m = json_first(compat->failed); m; m = json_next(m))
		json_put(structured, json_key(m), json_copy(m));
	json_put_bool(structured, "success", false);
	json_put_text(structured, "error", buf_text(&text));
	compat_answer(compat, structured, buf_text(&text));
}

void compat_end(struct compat *compat, const struct error *err, const char *word)
{
	struct json *structured;

	if (err) {
		compat_fail(compat, err);
		return;
	}
	structured = take(compat->said);
	json_put_bool(structured, "success", true);
	compat_answer(compat, structured, word);
}

bool compat_takes(struct compat *compat, size_t which, const char *path, bool with_extension)
{
	const struct tools_compat *policy = &tools_of(compat->waiting.call)->compat;
	struct error err;

	compat->place[which] = compat_place(path, policy->extensions, with_extension, &err);
	if (compat->place[which])
		return true;
	compat_fail(compat, &err);
	return false;
}

int64_t compat_time_ms(const struct call *call, int64_t wish_ms)
{
	const struct arg_value none = { 0 };
	int64_t most = wait_of(call, &none, tools_of(call)->max_wait_ms) - COMPAT_END_MS;

	return wish_ms < most ? wish_ms : most;
}

void compat_began(struct compat *compat, struct sandbox_op *op, const struct error *err)
{
	if (op)
		waiting_for(&compat->waiting, op);
	else
		compat_fail(compat, err);
}

static void on_sandbox(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct compat *compat = ctx;

	if (err) {
		compat_fail(compat, err);
		return;
	}
	if (view->replaces)
		call_warn(
			compat->waiting.call,
			"this is a new, empty sandbox: the one before is lost with its files (%s)",
			view->replaces);
	compat->go(compat, view->row->id);
}

void compat_begin(struct compat *compat)
{
	struct call *call = compat->waiting.call;
	const struct tools_context *tools = tools_of(call);
	int64_t memory = tools->compat.memory;
	const struct sandbox_request wish = {
		.owner = call_owner(call),
		.name = LABEL,
		.network = "none",
		.memory = memory < tools->settings->memory ? memory : 0,
	};
	struct sandbox_op *op;
	struct error err;

	op = sandbox_default(tools->sandboxes, &wish, LABEL, on_sandbox, compat, &err);
	compat_began(compat, op, &err);
}
