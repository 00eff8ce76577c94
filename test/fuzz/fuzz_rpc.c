/* The JSON-RPC reader under arbitrary bytes: a message or a batch of them, in and out again. */
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
	if (!rpc_is_batch(text, size) || !rpc_split(&batch, items, &count, &code, &err))
		return 0;
	assert(count > 0 && count <= BATCH_MAX);
	for (size_t i = 0; i < count; i++) {
		assert(json_scan(items[i].text, items[i].len, &err));
		read_one(items[i].text, items[i].len);
	}
	return 0;
}
