/* The JSON-RPC 2.0 envelope as MCP narrows it: params are an object, an id is a string or an
 * integer and never null.  Pure: text in, values out; fuzzed.  Ids are kept as the bytes that were
 * sent, because a double would lose digits and "1" is not 1. */
#include "internal.h"
#include <stdarg.h>
#include <string.h>
#include "utf8.h"

static void fault(struct rpc_message *message, enum rpc_code code, const char *text)
{
	message->kind = RPC_FAULT;
	message->fault_code = code;
	error_set(&message->fault, ERROR_INVALID, "%s", text);
}

static bool is_integer(const char *text, size_t len)
{
	return !memchr(text, '.', len) && !memchr(text, 'e', len) && !memchr(text, 'E', len);
}

/* True also when there is no id. */
static bool read_id(struct rpc_message *message)
{
	const struct json *id = json_get(message->body, "id");
	const char *start;
	size_t len;

	if (!id || !json_raw_member(message->text, message->text_len, "id", &start, &len))
		return true;
	if (json_type(id) != JSON_STRING &&
	    !(json_type(id) == JSON_NUMBER && is_integer(start, len))) {
		fault(message, RPC_INVALID_REQUEST, "the id must be a string or a whole number");
		return false;
	}
	if (len > RPC_ID_MAX) {
		fault(message, RPC_INVALID_REQUEST, "the id is longer than 256 bytes");
		return false;
	}
	message->id = start;
	message->id_len = len;
	return true;
}

static void read_call(struct rpc_message *message)
{
	const struct json *params = json_get(message->body, "params");

	if (params && json_type(params) != JSON_OBJECT) {
		fault(message, RPC_INVALID_PARAMS, "params must be an object");
		return;
	}
	message->params = params;
	message->kind = message->id ? RPC_REQUEST : RPC_NOTIFICATION;
}

static void read_object(struct rpc_message *message)
{
	const struct json *body = message->body;
	const char *version = json_get_text(body, "jsonrpc");

	if (!read_id(message))
		return;
	if (!version || strcmp(version, "2.0") != 0) {
		fault(message, RPC_INVALID_REQUEST, "a message must say \"jsonrpc\": \"2.0\"");
		return;
	}
	message->method = json_get_text(body, "method");
	if (message->method)
		read_call(message);
	else if (json_get(body, "method"))
		fault(message, RPC_INVALID_REQUEST, "the method must be a string");
	else if (message->id && (json_get(body, "result") || json_get(body, "error")))
		message->kind = RPC_RESPONSE;
	else
		fault(message, RPC_INVALID_REQUEST,
		      "a message must be a request, a notification or a response");
}

void rpc_read(const char *text, size_t len, struct rpc_message *ret_message)
{
	struct error err;

	*ret_message = (struct rpc_message){ .text = text, .text_len = len };
	ret_message->body = json_parse(text, len, &err);
	if (!ret_message->body)
		fault(ret_message, RPC_PARSE_ERROR, err.text);
	else if (json_type(ret_message->body) != JSON_OBJECT)
		fault(ret_message, RPC_INVALID_REQUEST, "a message must be an object");
	else
		read_object(ret_message);
}

void rpc_message_release(struct rpc_message *message)
{
	json_free(message->body);
	message->body = NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool rpc_is_batch(const char *text, size_t len)
{
	while (len > 0 && is_space(*text)) {
		text++;
		len--;
	}
	return len > 0 && *text == '[';
}

/* Finds where the value at *at ends: at a comma or bracket of the array around it.  text has passed
 * the strict scan, so that only strings and nesting have to be minded. */
static void skip_value(const char *text, size_t len, size_t *at)
{
	int depth = 0;
	bool quoted = false;

	for (; *at < len; (*at)++) {
		char c = text[*at];

		if (quoted) {
			if (c == '\\')
				(*at)++;
			else if (c == '"')
				quoted = false;
		} else if (depth == 0 && (c == ',' || c == ']')) {
			return;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
}

bool rpc_split(const struct rpc_slice *batch, struct rpc_slice ret_items[BATCH_MAX],
	       size_t *ret_count, enum rpc_code *ret_code, struct error *err)
{
	const char *text = batch->text;
	size_t len = batch->len, at = 0, count = 0;

	*ret_code = RPC_PARSE_ERROR;
	if (!json_scan(text, len, err))
		return false;
	*ret_code = RPC_INVALID_REQUEST;
	while (text[at] != '[')
		at++;
	for (;;) {
		size_t start;

		at++; /* the bracket or a comma */
		while (at < len && is_space(text[at]))
			at++;
		start = at;
		skip_value(text, len, &at);
		if (at == start)
			return error_set(err, ERROR_INVALID, "a batch must not be empty");
		if (count == BATCH_MAX)
			return error_set(err, ERROR_LIMIT, "a batch may hold %d messages",
					 BATCH_MAX);
		ret_items[count++] = (struct rpc_slice){ text + start, at - start };
		if (at >= len || text[at] == ']')
			break;
	}
	*ret_count = count;
	return true;
}

static struct json *envelope(const char *id, size_t id_len)
{
	struct json *message = json_object();

	json_put_text(message, "jsonrpc", "2.0");
	if (id)
		json_put(message, "id", json_new_raw(id, id_len));
	return message;
}

struct json *rpc_result(const char *id, size_t id_len, struct json *result)
{
	struct json *message = envelope(id, id_len);

	json_put(message, "result", result);
	return message;
}

struct json *rpc_error(const char *id, size_t id_len, enum rpc_code code, const char *text)
{
	struct json *message = envelope(id, id_len);
	struct json *error = json_object();

	json_put_int(error, "code", code);
	json_put_text(error, "message", text);
	json_put(message, "error", error);
	return message;
}

struct json *rpc_fault(const char *id, size_t id_len, struct fault *fault)
{
	struct json *message = envelope(id, id_len);
	struct json *error = json_object();

	json_put_int(error, "code", fault->code);
	json_put_text(error, "message", fault->text);
	json_put(error, "data", take(fault->data));
	json_put(message, "error", error);
	return message;
}

struct json *rpc_call(const char *id, const char *method, struct json *params)
{
	struct json *message = envelope(id, id ? strlen(id) : 0);

	json_put_text(message, "method", method);
	json_put(message, "params", params);
	return message;
}

bool fault_set(struct fault *ret_fault, int status, enum rpc_code code, const char *format, ...)
{
	va_list args;

	*ret_fault = (struct fault){ .code = code, .status = status };
	va_start(args, format);
	vsnprintf(ret_fault->text, sizeof(ret_fault->text), format, args);
	va_end(args);
	ret_fault->text[utf8_whole(ret_fault->text, strlen(ret_fault->text))] = '\0';
	return false;
}

enum rpc_code rpc_code_of(enum error_kind kind)
{
	switch (kind) {
	case ERROR_INVALID:
		return RPC_INVALID_PARAMS;
	case ERROR_NOT_FOUND:
	case ERROR_GONE:
		return RPC_NO_SESSION;
	case ERROR_NONE:
	case ERROR_INTERNAL:
		return RPC_INTERNAL_ERROR;
	case ERROR_CONFLICT:
	case ERROR_LIMIT:
	case ERROR_TIMEOUT:
	case ERROR_CANCELLED:
	case ERROR_UNAVAILABLE:
		return RPC_SERVER_ERROR;
	}
	return RPC_INTERNAL_ERROR;
}
