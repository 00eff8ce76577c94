/* A batch: several messages in one array, their answers in another.  JSON-RPC 2.0 section 6; MCP
 * had it in 2025-03-26 only.  It is answered when its last request is. */
#include "internal.h"
#include <string.h>

struct batch {
	struct json *answers;
	unsigned waiting; /* requests without an answer, and one while they are being started */
	bool asked;       /* there was something to answer */
	answer_fn *on_answer;
	void *ctx;
};

static void let_go(struct batch *batch)
{
	if (--batch->waiting > 0)
		return;
	if (json_size(batch->answers) > 0)
		batch->on_answer(batch->ctx, take(batch->answers), 200);
	else
		batch->on_answer(batch->ctx, NULL, batch->asked ? 200 : 202);
	json_free(batch->answers);
	free(batch);
}

static void on_one_answer(void *ctx, struct json *message, int status)
{
	struct batch *batch = ctx;

	(void)status;
	json_append(batch->answers, message);
	let_go(batch);
}

static void run_one(struct mcp *mcp, const struct peer *peer, struct batch *batch,
		    struct rpc_message *message)
{
	switch (message->kind) {
	case RPC_REQUEST:
		batch->asked = true;
		batch->waiting++;
		method_request(mcp, peer, message);
		break;
	case RPC_NOTIFICATION:
		method_notification(mcp, peer, message);
		break;
	case RPC_RESPONSE:
		method_response(mcp, peer, message);
		break;
	case RPC_FAULT:
		batch->asked = true;
		json_append(batch->answers, rpc_error(message->id, message->id_len,
						      message->fault_code, message->fault.text));
		break;
	}
}

static bool has_initialize(const struct rpc_message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (method_is_initialize(&messages[i]))
			return true;
	return false;
}

static void run_all(struct mcp *mcp, const struct peer *peer, struct rpc_message *messages,
		    size_t count)
{
	struct batch *batch = mem_new(struct batch);
	struct peer own = *peer;

	/* Its answers come in one array, in front of which nothing can go out. */
	own.on_answer = on_one_answer;
	own.on_note = NULL;
	own.on_drop = NULL;
	own.ctx = batch;
	batch->answers = json_array();
	batch->waiting = 1;
	batch->on_answer = peer->on_answer;
	batch->ctx = peer->ctx;
	for (size_t i = 0; i < count; i++)
		run_one(mcp, &own, batch, &messages[i]);
	let_go(batch);
}

bool batch_run(struct mcp *mcp, const struct peer *peer, const struct rpc_slice *text,
	       enum rpc_code *ret_code, struct error *err)
{
	struct rpc_slice items[BATCH_MAX];
	struct rpc_message *messages;
	size_t count;
	bool good;

	*ret_code = RPC_INVALID_REQUEST;
	if (strcmp(peer->version, "2025-03-26") != 0)
		return error_set(err, ERROR_INVALID,
				 "only revision 2025-03-26 has batches; send one message");
	if (!rpc_split(text, items, &count, ret_code, err))
		return false;
	messages = mem_array(struct rpc_message, count);
	for (size_t i = 0; i < count; i++)
		rpc_read(items[i].text, items[i].len, &messages[i]);
	good = !has_initialize(messages, count);
	if (good)
		run_all(mcp, peer, messages, count);
	else
		error_set(err, ERROR_INVALID, "initialize must not be part of a batch");
	for (size_t i = 0; i < count; i++)
		rpc_message_release(&messages[i]);
	free(messages);
	return good;
}
