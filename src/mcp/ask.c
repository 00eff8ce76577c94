/* Calls that need something of their client: a form filled in, a model asked, its roots.
 *
 * In 2026-07-28 the call is answered with what is asked (input_required) and the client sends it
 * again with the answers; what must be remembered in between travels signed through the client
 * (state.c).  A task asks in tasks/get and is answered by tasks/update.  In 2025 the questions are
 * requests on the stream of the call.  For the tool it is the same: it is run again.
 *
 * Some clients of 2025 declare what they then answer with an error.  Such a call goes on as if the
 * client had not declared it, so that the tool does what it does for those who cannot be asked. */
#include <string.h>
#include "call.h"
#include "utf8.h"

enum {
	ANSWER_MS = 10 * 60 * 1000, /* a person has so long (2025) */
	ROUNDS_MAX = 10,            /* clients of 2026-07-28 stop after as many by themselves */
	REFUSAL_MAX = 200,          /* bytes of a client's reason */
};

static const char *const methods[] = {
	[ASK_FORM] = "elicitation/create",
	[ASK_URL] = "elicitation/create",
	[ASK_SAMPLE] = "sampling/createMessage",
	[ASK_ROOTS] = "roots/list",
};

static const unsigned abilities[] = {
	[ASK_FORM] = CLIENT_ELICITS,
	[ASK_URL] = CLIENT_ELICITS_URL,
	[ASK_SAMPLE] = CLIENT_SAMPLES,
	[ASK_ROOTS] = CLIENT_ROOTS,
};

bool call_can_ask(const struct call *call, enum ask_kind kind)
{
	if (!(call->client_can & abilities[kind]))
		return false;
	return call->era == ERA_2025 ? call->on_note != NULL
				     : call->kind != CALL_COMPLETE && call->kind != CALL_LIST;
}

/* --- answers --- */

static bool is_elicited(const struct json *answer)
{
	const char *action = json_get_text(answer, "action");

	if (!action)
		return false;
	return strcmp(action, "decline") == 0 || strcmp(action, "cancel") == 0 ||
	       (strcmp(action, "accept") == 0 &&
		json_type(json_get(answer, "content")) != JSON_STRING);
}

/* answer: an object, or NULL. */
static bool is_answer(const struct json *answer, enum ask_kind kind)
{
	bool good = false;

	switch (kind) {
	case ASK_FORM:
		good = is_elicited(answer) &&
		       (json_get_object(answer, "content") ||
			strcmp(json_get_text(answer, "action"), "accept") != 0);
		break;
	case ASK_URL:
		good = is_elicited(answer);
		break;
	case ASK_SAMPLE:
		good = json_get(answer, "content") != NULL;
		break;
	case ASK_ROOTS:
		good = json_get_array(answer, "roots") != NULL;
		break;
	}
	return good;
}

const struct json *call_input(const struct call *call, const char *key, enum ask_kind kind)
{
	const struct json *answer = json_get_object(call->inputs, key);

	return is_answer(answer, kind) ? answer : NULL;
}

static enum ask_kind kind_of(const struct json *question)
{
	const char *method = json_get_text(question, "method");
	const char *mode = json_get_text(json_get(question, "params"), "mode");

	if (strcmp(method, methods[ASK_FORM]) == 0)
		return mode && strcmp(mode, "url") == 0 ? ASK_URL : ASK_FORM;
	return strcmp(method, methods[ASK_SAMPLE]) == 0 ? ASK_SAMPLE : ASK_ROOTS;
}

static void put_input(struct call *call, const char *key, const struct json *answer)
{
	struct json *inputs = json_object();

	/* Of two equal keys the first is read, so that the old one must not be copied. */
	for (const struct json *m = json_first(call->inputs); m; m = json_next(m))
		if (strcmp(json_key(m), key) != 0)
			json_put(inputs, json_key(m), json_copy(m));
	json_put(inputs, key, json_copy(answer));
	json_free(call->inputs);
	call->inputs = inputs;
}

/* --- questions --- */

void call_ask(struct call *call, const char *key, enum ask_kind kind, struct json *params)
{
	struct json *question = json_object();

	if (!call->asking)
		call->asking = json_object();
	json_put_text(question, "method", methods[kind]);
	json_put(question, "params", params);
	json_put(call->asking, key, question);
}

void call_set_state(struct call *call, const char *text)
{
	free(call->state);
	call->state = mem_strdup(text);
}

const char *call_state(const struct call *call)
{
	return call->state;
}

void ask_release(struct call *call)
{
	while (call->asks) {
		struct ask *ask = call->asks;

		call->asks = ask->next;
		free(ask->id);
		free(ask->key);
		free(ask);
	}
	timer_stop(take(call->ask_deadline));
	deferred_cancel(take(call->rerun));
	json_free(take(call->inputs));
	json_free(take(call->asking));
	free(take(call->refusal));
	free(take(call->state));
}

static void on_rerun(void *ctx)
{
	struct call *call = ctx;

	call->rerun = NULL;
	json_free(take(call->asking));
	call_clear(call);
	call->run(call, call->args);
}

static void run_again(struct call *call)
{
	timer_stop(take(call->ask_deadline));
	call->on_cancel = NULL;
	if (!call->rerun)
		call->rerun = loop_defer(call->mcp->loop, on_rerun, call);
}

/* --- 2026-07-28 --- */

static void answer_with_questions(struct call *call)
{
	struct json *result = json_object();

	json_put_text(result, "resultType", "input_required");
	json_put(result, "inputRequests", take(call->asking));
	if (call->inputs || call->state)
		json_put(result, "requestState", state_make(call));
	call_end_by_result(call, result);
}

bool ask_read(struct call *call, const struct json *params, struct fault *ret_fault)
{
	const struct json *answers = json_get_object(params, "inputResponses");
	const struct json *state = json_get(params, "requestState");

	if (state && !state_read(call, json_text(state)))
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
				 "this requestState is not one of ours for this request, or too "
				 "old; send the request without it");
	if (json_size(answers) > ASKS_MAX)
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
				 "inputResponses has more than %d answers", ASKS_MAX);
	for (const struct json *m = json_first(answers); m; m = json_next(m))
		if (json_type(m) == JSON_OBJECT)
			put_input(call, json_key(m), m);
	return true;
}

/* --- tasks --- */

void ask_take(struct call *call, const struct json *responses)
{
	for (const struct json *m = json_first(responses); m; m = json_next(m))
		if (json_get(call->asking, json_key(m)) && json_type(m) == JSON_OBJECT)
			put_input(call, json_key(m), m);
}

struct json *ask_open(const struct call *call)
{
	struct json *open = json_object();

	for (const struct json *m = json_first(call->asking); m; m = json_next(m))
		if (!call_input(call, json_key(m), kind_of(m)))
			json_put(open, json_key(m), json_copy(m));
	return open;
}

bool ask_settle(struct call *call)
{
	auto_json open = ask_open(call);

	if (json_size(open) > 0)
		return false;
	task_set_state(call, "working");
	run_again(call);
	return true;
}

/* --- 2025 --- */

static void on_late(void *ctx)
{
	struct call *call = ctx;
	struct error err;

	error_set(&err, ERROR_TIMEOUT, "the client did not answer what it was asked");
	call_clear(call);
	call_fail(call, &err,
		  "make the same call again when the person who is asked can answer; or first end "
		  "what the question is about, so that there is nothing to ask");
}

static void send_question(struct call *call, const struct json *question)
{
	struct ask *ask = mem_new(struct ask);
	auto_json message = NULL;

	ask->id = mem_format("\"ask-%llu\"", (unsigned long long)++call->mcp->next_ask);
	ask->key = mem_strdup(json_key(question));
	ask->next = call->asks;
	call->asks = ask;
	message = rpc_call(ask->id, json_get_text(question, "method"),
			   json_copy(json_get(question, "params")));
	call->on_note(call->answer_ctx, message);
}

static void send_questions(struct call *call)
{
	call->ask_deadline = timer_start(call->mcp->loop, ANSWER_MS, 0, on_late, call);
	for (const struct json *m = json_first(call->asking); m; m = json_next(m))
		send_question(call, m);
}

/* What a client must be able to do to put a question. */
static unsigned ability_of(const struct json *question)
{
	const char *method = json_get_text(question, "method");
	unsigned ability = 0;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i], method) == 0)
			ability |= abilities[i];
	return ability;
}

static void on_refused(struct call *call, const char *key, const struct json *error)
{
	const char *text = json_get_text(error, "message");

	if (!text)
		text = "it gave no reason";
	call->client_can &= ~ability_of(json_get(call->asking, key));
	free(call->refusal);
	call->refusal = mem_strndup(text, utf8_whole(text, strnlen(text, REFUSAL_MAX)));
}

/* A tool that asks all the same cannot do without. */
static bool asks_in_vain(const struct call *call)
{
	for (const struct json *m = json_first(call->asking); m && call->refusal; m = json_next(m))
		if (!(call->client_can & ability_of(m)))
			return true;
	return false;
}

static void fail_refused(struct call *call)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the client did not answer what it was asked: %s",
		  call->refusal);
	call_clear(call);
	call_fail(call, &err,
		  "do without this call, or make it with a client that can ask its person");
}

static struct ask **find_ask(struct call *call, const struct rpc_message *message)
{
	for (struct ask **at = &call->asks; *at; at = &(*at)->next)
		if (strlen((*at)->id) == message->id_len &&
		    memcmp((*at)->id, message->id, message->id_len) == 0)
			return at;
	return NULL;
}

static void take_answer(struct call *call, struct ask **at, const struct rpc_message *message)
{
	struct ask *ask = *at;
	const struct json *result = json_get_object(message->body, "result");

	if (result)
		put_input(call, ask->key, result);
	else
		on_refused(call, ask->key, json_get(message->body, "error"));
	*at = ask->next;
	free(ask->id);
	free(ask->key);
	free(ask);
	if (!call->asks)
		run_again(call);
}

void ask_response(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message)
{
	size_t len = strlen(peer->scope);

	for (struct call *call = mcp->open; call; call = call->next) {
		struct ask **at = NULL;

		if (strncmp(call->key, peer->scope, len) == 0 && call->key[len] == '\n')
			at = find_ask(call, message);
		if (at) {
			take_answer(call, at, message);
			return;
		}
	}
}

/* --- both --- */

static void fail_unanswered(struct call *call)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED,
		  "the client was asked %d times, and nothing it answered settles the call",
		  ROUNDS_MAX);
	call_clear(call);
	call_fail(call, &err,
		  "do without this call, or make it with a client that can ask its person");
}

void call_await(struct call *call)
{
	call->on_cancel = NULL;
	if (call->rounds++ == ROUNDS_MAX) {
		fail_unanswered(call);
	} else if (!call->mcp || (!call->task && !call->on_answer)) {
		struct error err; /* nobody is there to answer */

		error_set(&err, ERROR_CANCELLED, "the request was taken back");
		call_fail(call, &err, NULL);
	} else if (call->task) {
		if (!ask_settle(call))
			task_set_state(call, "input_required");
	} else if (call->era == ERA_2026) {
		answer_with_questions(call);
	} else if (asks_in_vain(call)) {
		fail_refused(call);
	} else {
		send_questions(call);
	}
}

void call_lacks(struct call *call, enum ask_kind kind)
{
	static const char *const names[] = { [ASK_FORM] = "elicitation",
					     [ASK_URL] = "elicitation",
					     [ASK_SAMPLE] = "sampling",
					     [ASK_ROOTS] = "roots" };
	struct json *capability = json_object();
	struct fault fault;

	if (kind == ASK_URL) {
		struct json *mode = json_object();

		json_put(mode, "url", json_object());
		json_put(capability, names[kind], mode);
	} else {
		json_put(capability, names[kind], json_object());
	}
	fault_set(&fault, 400, call->era == ERA_2026 ? RPC_MISSING_CAPABILITY : RPC_INVALID_REQUEST,
		  "this needs a client that declares the capability %s", names[kind]);
	fault.data = json_object();
	json_put(fault.data, "requiredCapabilities", capability);
	if (call->era == ERA_2025)
		fault.status = 200;
	call_end_by_fault(call, &fault);
}
