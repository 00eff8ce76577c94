/* What a tool, prompt or resource puts together, and how that becomes the result of its call. */
#include <stdarg.h>
#include <string.h>
#include "buf.h"
#include "call.h"
#include "utf8.h"

enum {
	FAILURE_MAX = 8 * 1024, /* bytes of its text */
	VALUES_MAX = 100,       /* suggestions (completion, all revisions) */
};

void *call_context(const struct call *call)
{
	return call->tool_ctx;
}

const char *call_set(const struct call *call)
{
	return call->tool ? call->tool->set : NULL;
}

const char *call_client(const struct call *call)
{
	return call->client;
}

const char *call_owner(const struct call *call)
{
	return call->owner;
}

const char *call_uri(const struct call *call)
{
	return call->uri;
}

void call_on_cancel(struct call *call, call_cancel_fn *on_cancel, void *ctx)
{
	call->on_cancel = on_cancel;
	call->cancel_ctx = ctx;
}

/* --- a tool's --- */

static struct json *text_block(const char *text)
{
	struct json *block = json_object();

	json_put_text(block, "type", "text");
	json_put_text(block, "text", text);
	return block;
}

void call_add_block(struct call *call, struct json *block)
{
	json_append(call->content, block);
}

void call_add_text(struct call *call, const char *text)
{
	call_add_block(call, text_block(text));
}

void call_add_link(struct call *call, const char *uri, const char *name, const char *media_type,
		   int64_t size)
{
	struct json *block = json_object();

	json_put_text(block, "type", "resource_link");
	json_put_text(block, "uri", uri);
	json_put_text(block, "name", name);
	if (media_type)
		json_put_text(block, "mimeType", media_type);
	if (size >= 0)
		json_put_int(block, "size", size);
	call_add_block(call, block);
}

void call_warn(struct call *call, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text[utf8_whole(text, strlen(text))] = '\0';
	if (!call->warnings)
		call->warnings = json_array();
	json_append(call->warnings, json_new_text(text));
}

/* Warnings stand in both forms of the result. */
static void put_warnings(struct call *call, struct json *structured)
{
	if (!call->warnings)
		return;
	for (const struct json *w = json_first(call->warnings); w; w = json_next(w)) {
		auto_str line = mem_format("warning: %s", json_text(w));

		call_add_text(call, line);
	}
	if (structured)
		json_put(structured, "warnings", take(call->warnings));
}

static void end(struct call *call, struct json *structured, bool is_error)
{
	struct json *result;

	put_warnings(call, structured);
	result = json_object();
	json_put(result, "content", take(call->content));
	json_put(result, "structuredContent", structured);
	if (is_error)
		json_put_bool(result, "isError", true);
	call_end_by_result(call, result);
}

void call_answer(struct call *call, struct json *structured)
{
	if (structured && json_size(call->content) == 0) {
		auto_str text = json_print(structured);

		call_add_text(call, text);
	}
	end(call, structured, false);
}

/* --- failures --- */

/* The text form of a failure: the sentence, the next step, whether a retry can help. */
static void add_failure(struct call *call, const struct error *err, const char *next)
{
	const char *sentence = err->text;
	size_t len = strlen(sentence);
	auto_buf text = BUF_INIT(FAILURE_MAX);

	buf_addf(&text, "Error (%s): %s%s", error_kind_name(err->kind), sentence,
		 len > 0 && sentence[len - 1] == '.' ? "" : ".");
	if (next)
		buf_addf(&text, " Next: %s.", next);
	buf_add_text(&text, err->retryable ? " The same call may succeed if it is made again later."
					   : " Making the same call again will not help.");
	json_free(call->content);
	call->content = json_array();
	call_add_text(call, buf_text(&text));
}

void call_fail(struct call *call, const struct error *err, const char *next)
{
	struct json *structured;

	if (call->kind != CALL_TOOL) {
		call_reject(call, err);
		return;
	}
	structured = json_object();
	json_put_text(structured, "code", error_kind_name(err->kind));
	json_put_text(structured, "message", err->text);
	if (next)
		json_put_text(structured, "next", next);
	json_put_bool(structured, "retryable", err->retryable);
	add_failure(call, err, next);
	end(call, structured, true);
}

void resource_missing(enum era era, const char *uri, struct fault *ret_fault)
{
	fault_set(ret_fault, 200, era == ERA_2026 ? RPC_INVALID_PARAMS : RPC_NO_RESOURCE,
		  "there is no resource %.200s", uri);
	ret_fault->data = json_object();
	json_put_text(ret_fault->data, "uri", uri);
}

/* A thing that does not exist is a wrong argument here; only sessions have a code for it. */
static enum rpc_code reject_code(enum error_kind kind)
{
	return kind == ERROR_NOT_FOUND || kind == ERROR_GONE ? RPC_INVALID_PARAMS
							     : rpc_code_of(kind);
}

void call_reject(struct call *call, const struct error *err)
{
	bool missing = call->uri && (err->kind == ERROR_NOT_FOUND || err->kind == ERROR_GONE);
	struct fault fault;

	if (missing) {
		resource_missing(call->era, call->uri, &fault);
		snprintf(fault.text, sizeof(fault.text), "%.300s", err->text);
		fault.text[utf8_whole(fault.text, strlen(fault.text))] = '\0';
	} else {
		fault_set(&fault, 200, reject_code(err->kind), "%.300s", err->text);
	}
	/* -32000 to -32019 are not for new servers (2026-07-28). */
	if (call->era == ERA_2026 && fault.code == RPC_SERVER_ERROR)
		fault.code = RPC_INTERNAL_ERROR;
	call_end_by_fault(call, &fault);
}

/* --- prompts, resources, completion --- */

void call_add_message(struct call *call, const char *role, struct json *block)
{
	struct json *message = json_object();

	json_put_text(message, "role", role);
	json_put(message, "content", block);
	json_append(call->content, message);
}

void call_add_contents(struct call *call, const char *uri, const char *media_type, const char *text,
		       const char *base64)
{
	struct json *contents = json_object();

	json_put_text(contents, "uri", uri);
	if (media_type)
		json_put_text(contents, "mimeType", media_type);
	json_put_text(contents, base64 ? "blob" : "text", base64 ? base64 : text);
	json_append(call->content, contents);
}

void call_add_resource(struct call *call, const char *uri, const char *name,
		       const char *description, const char *media_type)
{
	struct json *item = json_object();

	json_put_text(item, "uri", uri);
	json_put_text(item, "name", name);
	if (description)
		json_put_text(item, "description", description);
	if (media_type)
		json_put_text(item, "mimeType", media_type);
	json_append(call->content, item);
}

void call_add_value(struct call *call, const char *text)
{
	if (json_size(call->content) < VALUES_MAX)
		json_append(call->content, json_new_text(text));
	else
		call->has_more = true;
}

void complete_nothing(struct call *call, const struct json *args)
{
	(void)args;
	call_end(call);
}

void call_end(struct call *call)
{
	struct json *result = json_object(), *completion;

	switch (call->kind) {
	case CALL_TOOL:
		json_put(result, "content", take(call->content));
		break;
	case CALL_PROMPT:
		json_put(result, "messages", take(call->content));
		break;
	case CALL_READ:
		json_put(result, "contents", take(call->content));
		if (call->era == ERA_2026)
			result_cache(result, 0, false);
		break;
	case CALL_COMPLETE:
		completion = json_object();
		json_put(completion, "values", take(call->content));
		if (call->has_more)
			json_put_bool(completion, "hasMore", true);
		json_put(result, "completion", completion);
		break;
	case CALL_LIST:
		json_put(result, "resources", take(call->content));
		if (call->era == ERA_2026)
			result_cache(result, 0, false);
		break;
	}
	call_end_by_result(call, result);
}
