/* What the agent says of commands, and what it is told: output, the end, and how both sides come to
 * one mind after a link broke.
 *
 * On a new link the agent lists what it knows.  What it and we know goes on from our offsets (what
 * comes twice is trimmed); what only it knows is killed and forgotten; what only we know never
 * arrived, and is sent again, or is lost. */
#include <signal.h>
#include <string.h>
#include "internal.h"

enum { LISTED_MAX = 4096, ACK_STEP = WIRE_WINDOW / 4 };

/* --- output -------------------------------------------------------------------------------- */

/* RESUME or ACK, or what code has in their place. */
static void send_offsets(struct command *command, enum wire_type type,
			 const struct wire_call_offsets *offsets)
{
	bool is_call = command->code || command->agent_calls;
	uint8_t payload[32];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	if (is_call) {
		wire_put_call_offsets(&writer, offsets);
		type = type == WIRE_ACK ? WIRE_CALL_ACK : WIRE_CALL_RESUME;
	} else {
		wire_put_offsets(&writer, &offsets->output);
	}
	link_send(command->sb, type, command->stream, payload, writer.len);
}

static struct wire_call_offsets safe_offsets(const struct command *command)
{
	return (struct wire_call_offsets){
		.output.out = (uint64_t)spool_safe(&command->spools[COMMAND_STDOUT]),
		.output.err = (uint64_t)spool_safe(&command->spools[COMMAND_STDERR]),
		.outcome = (uint64_t)spool_safe(&command->spools[COMMAND_OUTCOME]),
	};
}

static uint64_t sum_of(const struct wire_call_offsets *offsets)
{
	return offsets->output.out + offsets->output.err + offsets->outcome;
}

static void acknowledge(struct command *command)
{
	struct wire_call_offsets safe = safe_offsets(command);

	if (sum_of(&safe) - sum_of(&command->acked) < ACK_STEP)
		return;
	command->acked = safe;
	send_offsets(command, WIRE_ACK, &safe);
}

static int stream_of(enum wire_type type)
{
	if (type == WIRE_OUTCOME)
		return COMMAND_OUTCOME;
	return type == WIRE_STDOUT ? COMMAND_STDOUT : COMMAND_STDERR;
}

static bool on_output(struct command *command, const struct wire_frame *frame)
{
	struct spool *spool = &command->spools[stream_of(frame->type)];
	uint64_t total = (uint64_t)spool->total;
	uint64_t offset;
	const uint8_t *data;
	size_t len;

	if (command->phase != COMMAND_RUNNING || !wire_get_chunk(frame, &offset, &data, &len) ||
	    offset > total)
		return false;
	if (offset + len <= total) /* all of it has come before */
		return true;
	spool_write(spool, data + (total - offset), len - (size_t)(total - offset));
	acknowledge(command);
	waits_look(command);
	return true;
}

/* --- the beginning and the end ------------------------------------------------------------- */

void command_become_running(struct command *command)
{
	timer_stop(take(command->timer));
	buf_release(&command->start);
	command->phase = COMMAND_RUNNING;
}

bool command_started(struct command *command)
{
	/* The list of a new link may have told before. */
	if (command->phase == COMMAND_RUNNING)
		return true;
	if (command->phase != COMMAND_SENT)
		return false;
	command_become_running(command);
	command_feed(command);
	waits_look(command);
	return true;
}

static bool on_failed(struct command *command, const struct wire_frame *frame)
{
	struct wire_failed failed;
	struct error err;

	if ((command->phase != COMMAND_SENT && command->phase != COMMAND_RUNNING) ||
	    !wire_get_failed(frame, &failed))
		return false;
	if (command->code && code_refused(command, &failed))
		return true;
	command_start_error(command, &failed, &err);
	command_end(command, "lost", err.text, &err);
	return true;
}

static bool on_exited(struct command *command, const struct wire_frame *frame)
{
	struct wire_exited exited;

	/* It comes behind the last byte: anything else is a fault. */
	if (command->phase != COMMAND_RUNNING || !wire_get_exited(frame, &exited) ||
	    exited.out_total != (uint64_t)command->spools[COMMAND_STDOUT].total ||
	    exited.err_total != (uint64_t)command->spools[COMMAND_STDERR].total)
		return false;
	command_exited(command, &exited);
	return true;
}

static bool on_taken(struct command *command, const struct wire_frame *frame)
{
	uint64_t offset;

	if (command->phase != COMMAND_RUNNING || !wire_get_taken(frame, &offset) ||
	    !input_taken(&command->input, offset))
		return false;
	command_feed(command);
	waits_look(command);
	return true;
}

static void forget_stray(struct command *stray)
{
	link_send(stray->sb, WIRE_FORGET, stray->stream, NULL, 0);
	HASH_DEL(stray->sb->commands, stray);
	free(stray);
}

static bool is_output(const struct wire_frame *frame)
{
	return frame->type == WIRE_STDOUT || frame->type == WIRE_STDERR ||
	       frame->type == WIRE_OUTCOME;
}

/* Its output goes nowhere; the agent forgets only what has ended. */
static bool stray_frame(struct command *stray, const struct wire_frame *frame)
{
	uint64_t offset;
	const uint8_t *data;
	size_t len;

	if (frame->type == WIRE_EXITED || frame->type == WIRE_ENDED || frame->type == WIRE_FAILED) {
		forget_stray(stray);
		return true;
	}
	if (!is_output(frame))
		return true;
	if (!wire_get_chunk(frame, &offset, &data, &len))
		return false;
	if (frame->type == WIRE_STDOUT)
		stray->acked.output.out = offset + len;
	else if (frame->type == WIRE_STDERR)
		stray->acked.output.err = offset + len;
	else
		stray->acked.outcome = offset + len;
	send_offsets(stray, WIRE_ACK, &stray->acked);
	return true;
}

bool command_frame(struct sandbox *sb, const struct wire_frame *frame)
{
	struct command *command = NULL;

	HASH_FIND(hh, sb->commands, &frame->stream, sizeof(frame->stream), command);
	if (command && command->phase == COMMAND_STRAY)
		return stray_frame(command, frame);
	if (!command) /* forgotten while this was on its way; what never was is a fault */
		return frame->stream != 0 && frame->stream < (uint64_t)sb->row.next_stream;
	if (command->phase == COMMAND_OVER) /* as good as forgotten: its hint is looked for */
		return true;
	if (frame->type == WIRE_OUTCOME && !command->code)
		return false;
	if (is_output(frame))
		return on_output(command, frame);
	if (command->code && code_frame_is_ours(frame))
		return code_frame(command, frame);
	if (frame->type == WIRE_STARTED)
		return frame->length == 0 && !command->code && command_started(command);
	if (frame->type == WIRE_FAILED)
		return on_failed(command, frame);
	if (frame->type == WIRE_TAKEN)
		return on_taken(command, frame);
	return frame->type == WIRE_EXITED && !command->code && on_exited(command, frame);
}

/* --- a new link ---------------------------------------------------------------------------- */

static struct wire_call_offsets kept_offsets(const struct wire_called *listed)
{
	return (struct wire_call_offsets){
		.output = { listed->command.out_kept, listed->command.err_kept },
		.outcome = listed->outcome_kept,
	};
}

/* The agent knows one that we do not: ended and written down, but FORGET did not arrive; or begun
 * by nobody.  It is remembered until the list is complete. */
static bool list_stray(struct sandbox *sb, const struct wire_frame *frame,
		       const struct wire_called *listed)
{
	struct command *stray;

	if (HASH_COUNT(sb->commands) >= LISTED_MAX)
		return false;
	stray = mem_new(struct command);
	stray->all = sb->all;
	stray->stream = frame->stream;
	stray->agent_calls = frame->type == WIRE_CALLED;
	stray->phase = COMMAND_STRAY;
	stray->listed = true;
	stray->agent_over = listed->command.over;
	stray->acked = kept_offsets(listed);
	command_attach(stray, sb);
	return true;
}

/* Signals that end something may be sent twice; others happen once. */
static bool may_repeat(uint32_t number)
{
	return number == SIGTERM || number == SIGINT || number == SIGKILL;
}

void command_drop_strays(struct sandbox *sb)
{
	struct command *command, *next;

	HASH_ITER(hh, sb->commands, command, next)
	{
		if (command->phase == COMMAND_STRAY) {
			HASH_DEL(sb->commands, command);
			free(command);
		}
	}
}

void command_list_begin(struct sandbox *sb)
{
	/* A list that broke off says nothing. */
	command_drop_strays(sb);
	for (struct command *command = sb->commands; command; command = command->hh.next)
		command->listed = false;
}

/* COMMAND or CALLED. */
static bool read_listed(const struct wire_frame *frame, struct wire_called *ret_listed)
{
	*ret_listed = (struct wire_called){ 0 };
	if (frame->type == WIRE_CALLED ? !wire_get_called(frame, ret_listed)
				       : !wire_get_command(frame, &ret_listed->command))
		return false;
	return ret_listed->command.out_kept <= INT64_MAX &&
	       ret_listed->command.err_kept <= INT64_MAX && ret_listed->outcome_kept <= INT64_MAX;
}

bool command_listed(struct sandbox *sb, const struct wire_frame *frame)
{
	struct command *command = NULL;
	struct wire_called listed;

	if (frame->stream == 0 || (frame->stream & WIRE_FILE_STREAM) ||
	    !read_listed(frame, &listed))
		return false;
	HASH_FIND(hh, sb->commands, &frame->stream, sizeof(frame->stream), command);
	if (!command)
		return list_stray(sb, frame, &listed);
	if (command->listed)
		return false;
	command->listed = true;
	if (command->phase == COMMAND_OVER)
		return true;
	if (!input_resume(&command->input, &listed.command))
		return false;
	if (command->code)
		code_began(command, &listed.began);
	command_become_running(command);
	if (may_repeat(command->order.signal))
		command->order_sent = false;
	/* What we acknowledged and then lost (a crash, a full disk) is a gap. */
	spool_skip(&command->spools[COMMAND_STDOUT], (int64_t)listed.command.out_kept);
	spool_skip(&command->spools[COMMAND_STDERR], (int64_t)listed.command.err_kept);
	spool_skip(&command->spools[COMMAND_OUTCOME], (int64_t)listed.outcome_kept);
	return true;
}

static void send_kill(struct command *command, const struct wire_kill *order)
{
	uint8_t payload[32];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	wire_put_kill(&writer, order);
	command->order_sent =
		link_send(command->sb, WIRE_KILL, command->stream, payload, writer.len);
}

static void settle_stray(struct command *stray)
{
	if (stray->agent_over) {
		forget_stray(stray);
		return;
	}
	send_kill(stray, &(struct wire_kill){ .signal = SIGKILL });
	send_offsets(stray, WIRE_RESUME, &stray->acked);
}

static void settle_unlisted(struct command *command)
{
	if (command->phase == COMMAND_SENT) {
		command->phase = COMMAND_PENDING;
		return;
	}
	if (command->phase == COMMAND_RUNNING)
		command_end(command, "lost",
			    "its container does not know it: it was never started, or it was lost "
			    "in a restart",
			    NULL);
}

void command_list_complete(struct sandbox *sb)
{
	struct command *command, *next;

	HASH_ITER(hh, sb->commands, command, next)
	{
		if (command->phase == COMMAND_STRAY) {
			settle_stray(command);
		} else if (!command->listed) {
			settle_unlisted(command);
		} else if (command->phase == COMMAND_RUNNING) {
			command->acked = safe_offsets(command);
			send_offsets(command, WIRE_RESUME, &command->acked);
		}
	}
}

void command_deliver_order(struct command *command)
{
	if (command->order.signal == 0 || command->order_sent)
		return;
	if (command->phase == COMMAND_PENDING) {
		command->row.signal = command->order.signal;
		command_end(command, "killed", "it was killed before it was started", NULL);
		return;
	}
	send_kill(command, &command->order);
}

void command_link_up(struct sandbox *sb)
{
	struct command *command, *next;

	HASH_ITER(hh, sb->commands, command, next)
	{
		if (command->phase == COMMAND_PENDING) {
			command_send_start(command);
		} else if (command->phase == COMMAND_RUNNING) {
			command_feed(command);
			command_deliver_order(command);
			waits_look(command);
		}
	}
}
