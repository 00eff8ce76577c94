/* Whose turn it is.  A context runs one call at a time; those that come meanwhile wait here, in the
 * order in which they came (which is that of a container's commands), and for a while only.
 *
 * Before CALL may come, in this order: the turn; a link to an agent that knows of calls; and, where
 * the interpreter is to go first, RETIRED. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

static bool is_waited_for(const struct command *other, const struct command *command)
{
	return other->code && other->phase != COMMAND_OVER && other->phase != COMMAND_STRAY &&
	       strcmp(other->row.context, command->row.context) == 0 &&
	       strcmp(other->row.language, command->row.language) == 0;
}

/* The call that has the interpreter, or is next to have it; NULL: it is this one's turn. */
static const struct command *holder(const struct command *command)
{
	const struct command *other = command->sb->commands;

	while (other && other != command && !is_waited_for(other, command))
		other = other->hh.next;
	return other == command ? NULL : other;
}

bool code_is_queued(const struct command *command)
{
	return command->code && command->phase == COMMAND_PENDING && !command->code->has_turn;
}

/* --- waiting for it ------------------------------------------------------------------------ */

static void on_turn_late(void *ctx)
{
	struct command *command = ctx;
	const struct command *busy = holder(command);
	const char *id = busy ? busy->row.id : "before";
	auto_str reason = mem_format("it was never started: context \"%s\" was busy with %s",
				     command->row.context, id);
	struct error err;

	timer_stop(take(command->timer));
	error_set(&err, ERROR_CONFLICT,
		  "context \"%s\" of container %s is busy with command %s, so the code has not "
		  "run",
		  command->row.context, command->sb->row.id, id);
	error_advise(&err,
		     "wait for that one with check_command, interrupt it with kill_command, or "
		     "give another context",
		     true);
	command_end(command, "lost", reason, &err);
}

void code_queue(struct command *command, int64_t turn_ms)
{
	const struct command *busy = holder(command);

	command->code->has_turn = !busy;
	if (!busy)
		return;
	command->hint = mem_format("it waits for its context \"%s\", which command %s keeps busy",
				   command->row.context, busy->row.id);
	command->timer = timer_start(command->all->loop, turn_ms, 0, on_turn_late, command);
}

static void take_turn(struct command *command)
{
	if (command->code->has_turn)
		return;
	command->code->has_turn = true;
	timer_stop(take(command->timer));
	free(take(command->hint));
	command->begun_mono_ms = clock_mono_ms(); /* from here on the link is waited for */
}

static void on_wake(void *ctx)
{
	struct sandbox *sb = ctx;
	struct command *command, *next;

	sb->code_turn = NULL;
	HASH_ITER(hh, sb->commands, command, next)
	{
		if (code_is_queued(command))
			command_send_start(command);
	}
}

void code_wake(struct sandbox *sb)
{
	if (!sb->code_turn)
		sb->code_turn = loop_defer(sb->all->loop, on_wake, sb);
}

/* --- before CALL --------------------------------------------------------------------------- */

static void refuse_old_agent(struct command *command)
{
	struct error err;

	error_set(&err, ERROR_CONFLICT,
		  "container %s was made by an earlier version of this server, whose process 1 "
		  "cannot keep interpreters",
		  command->sb->row.id);
	error_advise(&err,
		     "call create_container for a new one, or run the code with execute_command",
		     false);
	command_end(command, "lost", "it was never started: its container is too old", &err);
}

static void send_retire(struct command *command)
{
	uint8_t payload[4 * WIRE_NAME_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	struct wire_retire retire;

	snprintf(retire.language, sizeof(retire.language), "%s", command->row.language);
	snprintf(retire.context, sizeof(retire.context), "%s", command->row.context);
	wire_put_retire(&writer, &retire);
	link_send(command->sb, WIRE_RETIRE, command->stream, payload, writer.len);
}

bool code_may_start(struct command *command)
{
	struct code *code = command->code;
	struct sandbox *sb = command->sb;
	const char *source;

	if (!code->has_turn && holder(command))
		return false;
	take_turn(command);
	if (!link_is_up(sb))
		return true; /* the caller waits for it */
	if (sb->hello.version < WIRE_VERSION_CALLS) {
		refuse_old_agent(command);
		return false;
	}
	if (code->retire) {
		send_retire(command);
		return false;
	}
	source = code->driver->source;
	return link_send(sb, WIRE_DRIVER, command->stream, source, strlen(source));
}

bool code_refused(struct command *command, const struct wire_failed *failed)
{
	struct code *code = command->code;

	/* Its interpreter is there and of no use: dying, or out of step. */
	if (strcmp(failed->where, "context") != 0 || code->retired || command->start.len == 0)
		return false;
	code->retire = true;
	command->phase = COMMAND_PENDING;
	command_send_start(command);
	return true;
}
