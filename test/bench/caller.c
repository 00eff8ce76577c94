/* JSON-RPC over POST /mcp. */
#include "caller.h"
#include "stats.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { CALL_MS = 120000, ANSWER_MAX = 4 << 20 };

static struct json *envelope(const struct caller *caller, const char *method, struct json *params)
{
	struct json *message = json_object();

	json_put_text(message, "jsonrpc", "2.0");
	json_put_int(message, "id", caller->number);
	json_put_text(message, "method", method);
	json_put(message, "params", params);
	return message;
}

static char *headers_of(const struct caller *caller)
{
	bool known = *caller->session;

	return mem_format("Content-Type: application/json\r\n"
			  "Accept: application/json, text/event-stream\r\n%s%s%s",
			  known ? "Mcp-Session-Id: " : "", caller->session, known ? "\r\n" : "");
}

static bool post(struct caller *caller, const struct json *message, struct exchange *exchange,
		 struct error *err)
{
	auto_str headers = headers_of(caller);
	auto_str body = json_print(message);

	exchange->method = "POST";
	exchange->path = "/mcp";
	exchange->headers = headers;
	exchange->body = body;
	exchange->body_len = strlen(body);
	exchange->deadline_ns = ns_in(CALL_MS);
	if (!client_call(&caller->client, exchange, err))
		return false;
	if (exchange->status != 200)
		return error_set(err, ERROR_UNAVAILABLE, "the server answered %d: %.200s",
				 exchange->status, buf_text(&exchange->answer));
	return true;
}

static bool initialize(struct caller *caller, struct error *err)
{
	struct exchange exchange = { 0 };
	struct json *params = json_object();
	struct json *client = json_object();
	auto_json message = NULL;
	bool done;

	json_put_text(client, "name", "sandpod-bench");
	json_put_text(client, "version", "1");
	json_put_text(params, "protocolVersion", "2025-06-18");
	json_put(params, "capabilities", json_object());
	json_put(params, "clientInfo", client);
	message = envelope(caller, "initialize", params);
	done = post(caller, message, &exchange, err);
	snprintf(caller->session, SESSION_SIZE, "%s", exchange.session);
	buf_release(&exchange.answer);
	return done;
}

bool caller_open(struct caller *caller, int port, const char *session, struct error *err)
{
	static atomic_int_fast64_t last_number;

	*caller = (struct caller){ .number = 1 + atomic_fetch_add(&last_number, 1) };
	client_init_port(&caller->client, port);
	if (session) {
		snprintf(caller->session, SESSION_SIZE, "%s", session);
		return true;
	}
	if (initialize(caller, err))
		return true;
	caller_close(caller);
	return false;
}

void caller_close(struct caller *caller)
{
	client_release(&caller->client);
}

static struct json *tool_params(const char *name, struct json *args)
{
	struct json *params = json_object();

	json_put_text(params, "name", name);
	json_put(params, "arguments", args);
	return params;
}

/* What takes long is answered by an event stream, of which the last message counts. */
static struct json *read_answer(const struct buf *answer, struct error *err)
{
	static const char front[] = "\ndata: {";
	const char *text = buf_text(answer);
	const char *at = text, *last = NULL;

	if (*text == '{')
		return json_parse(text, answer->len, err);
	while ((at = strstr(at, front)))
		last = at += strlen(front) - 1;
	if (!last) {
		error_set(err, ERROR_UNAVAILABLE, "no answer: %.200s", text);
		return NULL;
	}
	return json_parse(last, strcspn(last, "\n"), err);
}

struct json *caller_ask(struct caller *caller, const char *method, struct json *params,
			struct error *err)
{
	struct exchange exchange = { 0 };
	auto_json message = envelope(caller, method, params);
	auto_json reply = NULL;
	const struct json *result;

	if (post(caller, message, &exchange, err))
		reply = read_answer(&exchange.answer, err);
	buf_release(&exchange.answer);
	if (!reply)
		return NULL;
	result = json_get_object(reply, "result");
	if (result)
		return json_copy(result);
	error_set(err, ERROR_UNAVAILABLE, "%s: %s", method,
		  json_get_text(json_get_object(reply, "error"), "message"));
	return NULL;
}

struct json *caller_tool(struct caller *caller, const char *name, struct json *args,
			 struct error *err)
{
	auto_json result = caller_ask(caller, "tools/call", tool_params(name, args), err);
	const struct json *structured;

	if (!result)
		return NULL;
	structured = json_get_object(result, "structuredContent");
	if (!structured || json_get_bool(result, "isError", false)) {
		const char *code = json_get_text(structured, "code");
		const char *text = json_get_text(structured, "message");

		error_set(err, code && strcmp(code, "limit") == 0 ? ERROR_LIMIT : ERROR_UNAVAILABLE,
			  "%s: %s", name, text ? text : "refused");
		return NULL;
	}
	return json_copy(structured);
}

bool caller_create(struct caller *caller, double cpus, char ret_id[CONTAINER_ID_SIZE],
		   struct error *err)
{
	struct json *args = json_object();
	auto_json result = NULL;

	if (cpus > 0)
		json_put(args, "cpus", json_new_double(cpus));
	result = caller_tool(caller, "create_container", args, err);
	if (!result)
		return false;
	snprintf(ret_id, CONTAINER_ID_SIZE, "%s", json_get_text(result, "container_id"));
	return true;
}

bool caller_destroy(struct caller *caller, const char *id, struct error *err)
{
	struct json *args = json_object();
	auto_json result = NULL;

	json_put_text(args, "container_id", id);
	result = caller_tool(caller, "destroy_container", args, err);
	return result != NULL;
}

static struct json *command_args(const char *id, const char *command)
{
	struct json *args = json_object();

	json_put_text(args, "container_id", id);
	json_put_text(args, "command", command);
	return args;
}

static bool run(struct caller *caller, struct json *args, char **ret_stdout, struct error *err)
{
	auto_json result = NULL;
	int64_t exit_code = -1;

	json_put_int(args, "wait_seconds", 45);
	result = caller_tool(caller, "execute_command", args, err);
	if (!result)
		return false;
	if (!json_get_int(result, "exit_code", &exit_code) || exit_code != 0)
		return error_set(err, ERROR_UNAVAILABLE, "a command ended %s with %lld: %.300s",
				 json_get_text(result, "state"), (long long)exit_code,
				 json_get_text(result, "stderr"));
	if (ret_stdout)
		*ret_stdout = mem_strdup(json_get_text(result, "stdout"));
	return true;
}

bool caller_run(struct caller *caller, const char *id, const char *command, char **ret_stdout,
		struct error *err)
{
	return run(caller, command_args(id, command), ret_stdout, err);
}

bool caller_feed(struct caller *caller, const char *id, const char *command, const char *text,
		 struct error *err)
{
	struct json *args = command_args(id, command);

	json_put_text(args, "stdin", text);
	return run(caller, args, NULL, err);
}

struct buf caller_prepare_tool(struct caller *caller, const char *name, struct json *args)
{
	auto_json message = envelope(caller, "tools/call", tool_params(name, args));
	auto_str headers = headers_of(caller);
	auto_str body = json_print(message);
	struct exchange exchange = { .method = "POST", .path = "/mcp", .headers = headers };
	struct buf request = BUF_INIT(1 << 20);

	request_head(&request, &exchange, (int64_t)strlen(body));
	(void)buf_add_text(&request, body);
	return request;
}

struct buf caller_prepare(struct caller *caller, const char *id, const char *command)
{
	return caller_prepare_tool(caller, "execute_command", command_args(id, command));
}

bool caller_repeat(struct caller *caller, const struct buf *request, struct error *err)
{
	return caller_expect(caller, request, "\"exit_code\":0", err);
}

bool caller_expect(struct caller *caller, const struct buf *request, const char *words,
		   struct error *err)
{
	struct exchange exchange = {
		.deadline_ns = ns_in(CALL_MS),
		.answer = BUF_INIT(ANSWER_MAX),
	};
	bool good;

	good = client_connect(&caller->client, err) &&
	       client_send(&caller->client, request->data, request->len, exchange.deadline_ns,
			   err) &&
	       client_receive(&caller->client, &exchange, err);
	if (good && !strstr(buf_text(&exchange.answer), words))
		good = error_set(err, ERROR_UNAVAILABLE, "a call failed: %.300s",
				 buf_text(&exchange.answer));
	buf_release(&exchange.answer);
	return good;
}
