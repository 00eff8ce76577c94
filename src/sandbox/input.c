/* What is fed to a command's standard input, and the signals it is sent.  The agent takes bytes at
 * the command's pace and says how far it is (TAKEN); what it has not taken stays here, so that a
 * new link can go on.  At most WIRE_WINDOW bytes are under way. */
#include <signal.h>
#include "internal.h"

enum {
	QUEUE_MAX = 1024 * 1024,
	TAKE_WAIT_MS = 3000,
	ESCALATE_MS = 2000,
};

void input_init(struct input *input)
{
	*input = (struct input){ .queue = BUF_INIT(QUEUE_MAX) };
}

bool input_add(struct input *input, const char *text, size_t len, struct error *err)
{
	if (buf_add(&input->queue, text, len))
		return true;
	return error_set(err, ERROR_LIMIT,
			 "%zu bytes of input still wait to be read by the command, and at most %d "
			 "may; send less, or wait until it has read them",
			 input->queue.len, QUEUE_MAX);
}

bool input_is_done(const struct input *input)
{
	return input->queue.len == 0 && (!input->eof || input->eof_sent);
}

bool input_taken(struct input *input, uint64_t offset)
{
	if (offset < input->taken || offset > input->sent)
		return false;
	if (offset > input->base) {
		buf_drop(&input->queue, (size_t)(offset - input->base));
		input->base = offset;
	}
	input->taken = offset;
	return true;
}

bool input_resume(struct input *input, const struct wire_command *listed)
{
	input->eof_sent = false;
	/* After a restart of the server nothing is known of what send_input sent before: what is
	 * added from now on comes behind what the agent holds. */
	if (input->sent == 0 && listed->in_held > 0 && !input->whole) {
		input->taken = listed->in_taken;
		input->base = input->sent = listed->in_held;
		return true;
	}
	if (listed->in_held > input->base + input->queue.len)
		return false;
	if (input->sent < listed->in_held)
		input->sent = listed->in_held;
	if (!input_taken(input, listed->in_taken))
		return false;
	input->sent = listed->in_held;
	return true;
}

/* Sends what the window allows; true when all of it has been. */
static bool send_data(struct command *command)
{
	struct input *input = &command->input;
	uint64_t end = input->base + input->queue.len;

	while (input->sent < end && input->sent - input->taken < WIRE_WINDOW) {
		uint64_t len = WIRE_WINDOW - (input->sent - input->taken);

		if (len > end - input->sent)
			len = end - input->sent;
		if (len > WIRE_CHUNK_MAX)
			len = WIRE_CHUNK_MAX;
		if (!link_send_chunk(command->sb, WIRE_INPUT, command->stream, input->sent,
				     input->queue.data + (input->sent - input->base), (size_t)len))
			return false;
		input->sent += len;
	}
	return input->sent == end;
}

/* Before the end is sent the row says so: the agent takes nothing behind it, so that a server that
 * did not know of it would offend with every new input.  And not before all of the text is sent:
 * what a crash takes along must not look like the whole. */
static void note_closed(struct command *command)
{
	struct error err;

	if (command->row.input_closed)
		return;
	command->row.input_closed = true;
	if (!store_command_set_input_closed(command->all->store, command->row.id, &err))
		log_warn(command->row.id, "that its input is closed is not written down: %s",
			 err.text);
}

void command_feed(struct command *command)
{
	struct input *input = &command->input;

	if (!send_data(command) || !input->eof || input->eof_sent || !link_is_up(command->sb))
		return;
	note_closed(command);
	input->eof_sent = link_send(command->sb, WIRE_INPUT_END, command->stream, NULL, 0);
}

struct sandbox_op *command_input(struct sandboxes *all, const char *owner, const char *command_id,
				 const char *text, size_t len, bool eof, command_view_fn *done,
				 void *ctx, struct error *err)
{
	struct command *command = command_get(all, owner, command_id, err);

	if (!command)
		return NULL;
	if (command->phase == COMMAND_OVER)
		error_set(err, ERROR_CONFLICT,
			  "command %s has ended (%s): nobody reads its input any more; "
			  "check_command shows what it printed",
			  command->row.id, command->row.state);
	else if (command->code)
		error_set(err, ERROR_CONFLICT,
			  "command %s is code: it has no standard input; write what it is to read "
			  "into a file, or into the code",
			  command->row.id);
	else if (command->input.eof)
		error_set(err, ERROR_CONFLICT,
			  "the input of command %s was closed; start a new one without stdin to "
			  "feed it later",
			  command->row.id);
	else if (!text || input_add(&command->input, text, len, err)) {
		command->input.eof = eof;
		if (command->phase == COMMAND_RUNNING)
			command_feed(command);
		return &wait_begin(command, WAIT_INPUT, TAKE_WAIT_MS, done, ctx)->op;
	}
	command_unref(command);
	return NULL;
}

/* Those that ask a program to end are followed by the one that it cannot refuse. */
static uint64_t escalation(int signal)
{
	return signal == SIGTERM || signal == SIGINT ? ESCALATE_MS : 0;
}

struct sandbox_op *command_kill(struct sandboxes *all, const char *owner, const char *command_id,
				int signal, int64_t wait_ms, command_view_fn *done, void *ctx,
				struct error *err)
{
	struct command_wait *wait;
	struct command *command;

	if (signal < 1 || signal > 64) {
		error_set(err, ERROR_INVALID, "there is no signal %d", signal);
		return NULL;
	}
	command = command_get(all, owner, command_id, err);
	if (!command)
		return NULL;
	/* First: an order to one that was not started ends it, and nobody else may wait for it. */
	wait = wait_begin(command, WAIT_END, wait_ms, done, ctx);
	/* An order of SIGKILL that could not be sent yet is not taken back by a milder one. */
	if (command->phase != COMMAND_OVER &&
	    (command->order.signal != SIGKILL || command->order_sent)) {
		command->order = (struct wire_kill){ (uint32_t)signal, escalation(signal) };
		command->order_sent = false;
		command_deliver_order(command);
	}
	return &wait->op;
}
