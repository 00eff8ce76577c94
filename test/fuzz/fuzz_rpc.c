/* The reader of messages of both eras under arbitrary bytes: a message or a batch of them, in and
 * out again, which era it is of, and the values of headers. */
#include <assert.h>
#include <string.h>
#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct rpc_message *message)
{
	auto_json result = rpc_result(message->id, message->id_len, json_object());
	auto_json error =
		rpc_error(message->id, message->id_len, RPC_INTERNAL_ERROR, message->fault.text);
	auto_str good = json_print(result);
	auto_str bad = json_print(error);
	struct error err;

	/* Whatever came in, what goes out is JSON. */
	assert(json_scan(good, strlen(good), &err));
	assert(json_scan(bad, strlen(bad), &err));
}

/* How a cancellation finds the id that it names. */
static void find_request_id(const struct rpc_message *message)
{
	const char *params, *id;
	size_t params_len, id_len;

	if (message->params &&
	    json_raw_member(message->text, message->text_len, "params", &params, &params_len) &&
	    json_raw_member(params, params_len, "requestId", &id, &id_len))
		assert(id > message->text && id + id_len < message->text + message->text_len);
}

/* The same bytes stand for headers, so that some agree with the message. */
static void decide(const struct rpc_message *message, bool http)
{
	const char *name = json_get_text(message->params, "name");
	const struct mcp_headers headers = { .http = http,
					     .version = http ? "2026-07-28" : NULL,
					     .method = message->method,
					     .name = name };
	struct envelope envelope;
	struct fault fault;
	enum era era;
	const char *token;
	size_t len;

	if (era_decide(message, &headers, &era, &envelope, &fault)) {
		assert(era == ERA_2025 || message->kind != RPC_REQUEST || envelope.version);
	} else {
		auto_json error = rpc_fault(message->id, message->id_len, &fault);
		auto_str text = json_print(error);
		struct error err;

		assert(fault.status == 400 && fault.code < 0 && fault.text[0]);
		assert(json_scan(text, strlen(text), &err));
	}
	if (envelope_token(message, &token, &len))
		assert(token > message->text && len <= RPC_ID_MAX &&
		       token + len < message->text + message->text_len);
}

/* Text of headers and URIs ends at its first zero byte. */
static void read_texts(const uint8_t *data, size_t size)
{
	auto_str text = mem_strndup((const char *)data, size);
	auto_str decoded = header_decode(text);
	struct json *values;

	(void)header_says(text, "x");
	if (template_match("sandbox://{container_id}/{+path}", text, &values)) {
		assert(json_get_text(values, "container_id") && json_get_text(values, "path"));
		json_free(values);
	}
}

static void read_one(const char *text, size_t len)
{
	auto_rpc_message message = { .body = NULL };

	rpc_read(text, len, &message);
	if (message.id)
		assert(message.id >= text && message.id + message.id_len <= text + len &&
		       message.id_len > 0 && message.id_len <= RPC_ID_MAX);
	switch (message.kind) {
	case RPC_REQUEST:
		assert(message.method && message.id);
		break;
	case RPC_NOTIFICATION:
		assert(message.method && !message.id);
		break;
	case RPC_RESPONSE:
		assert(message.id);
		break;
	case RPC_FAULT:
		assert(message.fault_code < 0 && message.fault.text[0]);
		break;
	}
	assert(!message.params || json_type(message.params) == JSON_OBJECT);
	find_request_id(&message);
	decide(&message, true);
	decide(&message, false);
	answer(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct rpc_slice batch = { text, size };
	struct rpc_slice items[BATCH_MAX];
	enum rpc_code code;
	struct error err;
	size_t count;

	read_one(text, size);
	read_texts(data, size);
	if (!rpc_is_batch(text, size) || !rpc_split(&batch, items, &count, &code, &err))
		return 0;
	assert(count > 0 && count <= BATCH_MAX);
	for (size_t i = 0; i < count; i++) {
		assert(json_scan(items[i].text, items[i].len, &err));
		read_one(items[i].text, items[i].len);
	}
	return 0;
}
