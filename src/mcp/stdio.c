/* One client on two descriptors: a message a line in, an answer a line out.  Answers are written
 * whole; what the other side does not take at once waits in a queue, and while that is long nothing
 * more is read.  Ends when the input has ended and every request is answered. */
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "buf.h"

enum {
	READ_SIZE = 64 * 1024,
	QUEUE_PAUSE = 4 * 1024 * 1024, /* nothing more is read above this */
	QUEUE_MAX = 64 * 1024 * 1024,
};

struct mcp_stdio {
	struct mcp *mcp;
	int in, out;
	int in_flags, out_flags; /* to be put back; -1: unknown */
	struct watch *in_watch;  /* NULL: a file, which is read turn by turn */
	struct watch *out_watch; /* only while the queue waits */
	struct deferred *turn;   /* the next read of a file, on_broken, or on_end */
	struct buf line;         /* the front of a line that has not ended */
	struct buf queue;        /* answers not yet taken */
	bool skipping;           /* a line that was too long */
	bool ended;              /* no more input */
	bool broken;             /* nobody takes the output any more */
	bool closed;
	bool begun; /* initialize was answered */
	struct hello hello;
	int log_level;
	unsigned waiting; /* requests without an answer */
	void (*on_end)(void *ctx);
	void *ctx;
};

static void stdio_free(struct mcp_stdio *stdio)
{
	buf_release(&stdio->line);
	buf_release(&stdio->queue);
	free(stdio);
}

static void on_end_due(void *ctx)
{
	struct mcp_stdio *stdio = ctx;

	stdio->turn = NULL;
	stdio->on_end(stdio->ctx);
}

static void end_if_done(struct mcp_stdio *stdio)
{
	if (stdio->ended && !stdio->closed && stdio->waiting == 0 && stdio->queue.len == 0 &&
	    !stdio->turn)
		stdio->turn = loop_defer(stdio->mcp->loop, on_end_due, stdio);
}

/* --- output --- */

static void input_stop(struct mcp_stdio *stdio)
{
	watch_close(stdio->in_watch);
	stdio->in_watch = NULL;
	deferred_cancel(stdio->turn);
	stdio->turn = NULL;
	stdio->ended = true;
}

/* What does not end by itself would keep us. */
static void let_go(struct mcp_stdio *stdio)
{
	listen_end_scope(stdio->mcp, "local");
	call_cancel_asking(stdio->mcp, "local");
	task_waits_drop_scope(stdio->mcp, "local");
}

static void on_broken(void *ctx)
{
	struct mcp_stdio *stdio = ctx;

	stdio->turn = NULL;
	let_go(stdio);
	end_if_done(stdio);
}

/* Listeners and calls may be on their way through a list of themselves when what they say cannot be
 * written: they are let go a turn later. */
static void output_break(struct mcp_stdio *stdio)
{
	stdio->broken = true;
	buf_clear(&stdio->queue);
	watch_close(stdio->out_watch);
	stdio->out_watch = NULL;
	input_stop(stdio);
	stdio->turn = loop_defer(stdio->mcp->loop, on_broken, stdio);
}

static void on_writable(void *ctx, unsigned events);
static void input_pause(struct mcp_stdio *stdio, bool pause);

static void wait_for_room(struct mcp_stdio *stdio)
{
	struct error err;

	if (!stdio->out_watch)
		stdio->out_watch = watch_open(stdio->mcp->loop, stdio->out, LOOP_WRITE, on_writable,
					      stdio, &err);
	if (!stdio->out_watch)
		output_break(stdio);
}

static void flush(struct mcp_stdio *stdio)
{
	while (stdio->queue.len > 0) {
		ssize_t n = write(stdio->out, stdio->queue.data, stdio->queue.len);

		if (n > 0) {
			buf_drop(&stdio->queue, (size_t)n);
		} else if (errno == EAGAIN) {
			wait_for_room(stdio);
			return;
		} else if (errno != EINTR) {
			output_break(stdio);
			return;
		}
	}
	watch_close(stdio->out_watch);
	stdio->out_watch = NULL;
}

static void on_writable(void *ctx, unsigned events)
{
	struct mcp_stdio *stdio = ctx;

	(void)events;
	flush(stdio);
	if (stdio->queue.len < QUEUE_PAUSE)
		input_pause(stdio, false);
	end_if_done(stdio);
}

static void send_message(struct mcp_stdio *stdio, const struct json *message)
{
	auto_str text = json_print(message);

	if (stdio->broken)
		return;
	if (!buf_add_text(&stdio->queue, text) || !buf_add(&stdio->queue, "\n", 1)) {
		output_break(stdio);
		return;
	}
	if (!stdio->out_watch)
		flush(stdio);
	if (stdio->queue.len >= QUEUE_PAUSE)
		input_pause(stdio, true);
}

static void send_error(struct mcp_stdio *stdio, const struct rpc_message *message,
		       enum rpc_code code, const char *text)
{
	auto_json error =
		rpc_error(message ? message->id : NULL, message ? message->id_len : 0, code, text);

	send_message(stdio, error);
}

static void on_answer(void *ctx, struct json *message, int status)
{
	struct mcp_stdio *stdio = ctx;

	(void)status;
	stdio->waiting--;
	if (message && !stdio->closed)
		send_message(stdio, message);
	json_free(message);
	if (!stdio->closed)
		end_if_done(stdio);
	else if (stdio->waiting == 0)
		stdio_free(stdio);
}

static void on_note(void *ctx, const struct json *message)
{
	struct mcp_stdio *stdio = ctx;

	if (!stdio->closed)
		send_message(stdio, message);
}

/* --- messages --- */

static struct peer peer_of(struct mcp_stdio *stdio)
{
	return (struct peer){ .owner = "local",
			      .scope = "local",
			      .version = stdio->hello.version,
			      .client = stdio->hello.client,
			      .client_can = stdio->hello.client_can,
			      .log_level = stdio->log_level,
			      .log_level_slot = &stdio->log_level,
			      .on_answer = on_answer,
			      .on_note = on_note,
			      .ctx = stdio };
}

static void run_initialize(struct mcp_stdio *stdio, const struct rpc_message *message)
{
	auto_json answer = NULL;
	struct json *result;
	struct error err;

	if (stdio->begun) {
		send_error(stdio, message, RPC_INVALID_REQUEST,
			   "this session is initialized already");
		return;
	}
	result = hello_initialize(stdio->mcp, message, &stdio->hello, &err);
	if (!result) {
		send_error(stdio, message, RPC_INVALID_PARAMS, err.text);
		return;
	}
	stdio->begun = true;
	sink_add(stdio->mcp, "local", on_note, stdio);
	answer = rpc_result(message->id, message->id_len, result);
	send_message(stdio, answer);
}

/* Both eras may speak at once on the same lines: each request is of its own. */
static void run_request(struct mcp_stdio *stdio, struct rpc_message *message)
{
	const struct mcp_headers headers = { .http = false };
	struct peer peer = peer_of(stdio);
	struct envelope envelope;
	struct fault fault;

	if (!era_decide(message, &headers, &peer.era, &envelope, &fault)) {
		auto_json error = rpc_fault(message->id, message->id_len, &fault);

		send_message(stdio, error);
		return;
	}
	if (peer.era == ERA_2025 && method_is_initialize(message)) {
		run_initialize(stdio, message);
		return;
	}
	if (peer.era == ERA_2026) {
		peer.version = envelope.version;
		peer.client = envelope.client;
		peer.client_can = envelope.client_can;
		peer.log_level = envelope.log_level;
	}
	stdio->waiting++;
	method_request(stdio->mcp, &peer, message);
}

static void run_message(struct mcp_stdio *stdio, struct rpc_message *message)
{
	struct peer peer = peer_of(stdio);

	switch (message->kind) {
	case RPC_REQUEST:
		run_request(stdio, message);
		break;
	case RPC_NOTIFICATION:
		method_notification(stdio->mcp, &peer, message);
		break;
	case RPC_RESPONSE:
		method_response(stdio->mcp, &peer, message);
		break;
	case RPC_FAULT:
		send_error(stdio, message, message->fault_code, message->fault.text);
		break;
	}
}

static void run_batch(struct mcp_stdio *stdio, const struct rpc_slice *text)
{
	struct peer peer = peer_of(stdio);
	enum rpc_code code;
	struct error err;

	stdio->waiting++;
	if (!batch_run(stdio->mcp, &peer, text, &code, &err)) {
		stdio->waiting--;
		send_error(stdio, NULL, code, err.text);
	}
}

static bool is_blank(const char *text, size_t len)
{
	return strspn(text, " \t\r") >= len;
}

/* text is followed by a readable byte (the newline, or the buffer's NUL). */
static void run_line(struct mcp_stdio *stdio, const char *text, size_t len)
{
	struct rpc_slice slice = { text, len };

	if (stdio->broken || is_blank(text, len))
		return;
	if (rpc_is_batch(text, len)) {
		run_batch(stdio, &slice);
	} else {
		auto_rpc_message message = { .body = NULL };

		rpc_read(text, len, &message);
		run_message(stdio, &message);
	}
}

/* --- input --- */

static void add_to_line(struct mcp_stdio *stdio, const char *data, size_t len)
{
	if (stdio->skipping || buf_add(&stdio->line, data, len))
		return;
	stdio->skipping = true;
	buf_clear(&stdio->line);
	send_error(stdio, NULL, RPC_INVALID_REQUEST, "a message may have 4 MiB");
}

static void end_line(struct mcp_stdio *stdio)
{
	run_line(stdio, buf_text(&stdio->line), stdio->line.len); /* nothing, if it was skipped */
	stdio->skipping = false;
	buf_clear(&stdio->line);
}

static void take_input(struct mcp_stdio *stdio, const char *data, size_t len)
{
	const char *newline;

	while (len > 0 && (newline = memchr(data, '\n', len))) {
		size_t part = (size_t)(newline - data);

		if (stdio->line.len == 0 && !stdio->skipping) {
			run_line(stdio, data, part);
		} else {
			add_to_line(stdio, data, part);
			end_line(stdio);
		}
		data += part + 1;
		len -= part + 1;
	}
	if (len > 0)
		add_to_line(stdio, data, len);
}

/* False at the end of the input. */
static bool read_some(struct mcp_stdio *stdio)
{
	char data[READ_SIZE];
	ssize_t n = read(stdio->in, data, sizeof(data));

	if (n > 0)
		take_input(stdio, data, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void on_input_end(struct mcp_stdio *stdio)
{
	if (!stdio->ended) {
		end_line(stdio); /* the last line may lack its newline */
		input_stop(stdio);
		let_go(stdio);
	}
	end_if_done(stdio);
}

static void on_readable(void *ctx, unsigned events)
{
	struct mcp_stdio *stdio = ctx;

	(void)events;
	if (!read_some(stdio))
		on_input_end(stdio);
	else
		end_if_done(stdio); /* the output may have broken */
}

static void on_turn(void *ctx)
{
	struct mcp_stdio *stdio = ctx;

	stdio->turn = NULL;
	if (!read_some(stdio))
		on_input_end(stdio);
	else if (stdio->ended)
		end_if_done(stdio);
	else if (stdio->queue.len < QUEUE_PAUSE)
		stdio->turn = loop_defer(stdio->mcp->loop, on_turn, stdio);
}

static void input_pause(struct mcp_stdio *stdio, bool pause)
{
	if (stdio->ended)
		return;
	if (stdio->in_watch)
		watch_set(stdio->in_watch, pause ? 0 : LOOP_READ);
	else if (!pause && !stdio->turn)
		stdio->turn = loop_defer(stdio->mcp->loop, on_turn, stdio);
}

/* --- the whole --- */

struct mcp_stdio *mcp_stdio_open(struct mcp *mcp, int in, int out, void (*on_end)(void *ctx),
				 void *ctx, struct error *err)
{
	struct mcp_stdio *stdio;
	struct error ignored;
	int out_flags = fcntl(out, F_GETFL);

	if (out_flags < 0) {
		error_set_errno(err, ERROR_INVALID, errno, "standard output cannot be written");
		return NULL;
	}
	stdio = mem_new(struct mcp_stdio);
	stdio->mcp = mcp;
	stdio->log_level = LEVEL_INFO;
	stdio->in = in;
	stdio->out = out;
	stdio->in_flags = fcntl(in, F_GETFL);
	stdio->out_flags = out_flags;
	stdio->line = BUF_INIT(MESSAGE_MAX);
	stdio->queue = BUF_INIT(QUEUE_MAX);
	stdio->on_end = on_end;
	stdio->ctx = ctx;
	(void)fcntl(out, F_SETFL, out_flags | O_NONBLOCK);
	/* Files and /dev/null cannot be watched, and never keep a reader waiting. */
	stdio->in_watch = watch_open(mcp->loop, in, LOOP_READ, on_readable, stdio, &ignored);
	if (!stdio->in_watch)
		stdio->turn = loop_defer(mcp->loop, on_turn, stdio);
	return stdio;
}

void mcp_stdio_close(struct mcp_stdio *stdio)
{
	if (!stdio)
		return;
	watch_close(stdio->in_watch);
	watch_close(stdio->out_watch);
	deferred_cancel(stdio->turn);
	if (stdio->in_flags >= 0)
		(void)fcntl(stdio->in, F_SETFL, stdio->in_flags);
	(void)fcntl(stdio->out, F_SETFL, stdio->out_flags);
	stdio->closed = true;
	sink_remove(stdio->mcp, "local");
	listen_end_scope(stdio->mcp, "local");
	if (stdio->waiting == 0)
		stdio_free(stdio);
}
