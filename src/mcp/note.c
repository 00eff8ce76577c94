/* What goes out before an answer: progress and log messages, each only to who asked for it. */
#include "call.h"
#include <math.h>
#include <string.h>

static const char *const levels[] = {
	[LEVEL_DEBUG] = "debug",     [LEVEL_INFO] = "info",           [LEVEL_NOTICE] = "notice",
	[LEVEL_WARNING] = "warning", [LEVEL_ERROR] = "error",         [LEVEL_CRITICAL] = "critical",
	[LEVEL_ALERT] = "alert",     [LEVEL_EMERGENCY] = "emergency",
};

int level_of(const char *text)
{
	for (int i = 0; text && i < LEVEL_NONE; i++)
		if (strcmp(levels[i], text) == 0)
			return i;
	return LEVEL_NONE;
}

static void send(struct call *call, const char *method, struct json *params)
{
	auto_json message = rpc_call(NULL, method, params);

	call->on_note(call->answer_ctx, message);
}

/* A whole number where it is one. */
static struct json *number_json(double number)
{
	return number == floor(number) && fabs(number) < 9e15 ? json_new_int((int64_t)number)
							      : json_new_double(number);
}

bool call_wants_progress(const struct call *call)
{
	return call->task || (call->token && call->on_note);
}

void call_progress(struct call *call, double progress, double total, const char *text)
{
	struct json *params;

	if (call->task && text)
		task_set_message(call, text);
	/* 2025-11-25 progress: the value MUST increase. */
	if (!call->token || !call->on_note || progress <= call->progress)
		return;
	call->progress = progress;
	params = json_object();
	json_put(params, "progressToken", json_new_raw(call->token, strlen(call->token)));
	json_put(params, "progress", number_json(progress));
	if (total >= 0)
		json_put(params, "total", number_json(total));
	/* 2025-03-26 brought the message. */
	if (text && strcmp(call->version, "2024-11-05") != 0)
		json_put_text(params, "message", text);
	send(call, "notifications/progress", params);
}

void call_log(struct call *call, enum mcp_level level, const char *logger, const char *text)
{
	struct json *params;

	if (!call->on_note || (int)level < call->log_level || level == LEVEL_NONE)
		return;
	params = json_object();
	json_put_text(params, "level", levels[level]);
	if (logger)
		json_put_text(params, "logger", logger);
	json_put_text(params, "data", text);
	send(call, "notifications/message", params);
}

void call_send_away(struct call *call, int64_t retry_ms)
{
	if (call->on_drop && call->on_answer)
		call->on_drop(call->answer_ctx, retry_ms);
}
