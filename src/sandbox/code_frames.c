/* What the agent says of calls that it does not say of every command: which interpreter they have,
 * and how they ended. */
#include <string.h>
#include "internal.h"

/* --- the beginning ------------------------------------------------------------------------- */

/* Why an interpreter is not there any more, behind "because"; the caller owns it. */
static char *how_it_ended(const struct wire_began *began)
{
	const char *name;

	switch ((enum wire_cause)began->cause) {
	case WIRE_CAUSE_NONE:
		break;
	case WIRE_CAUSE_KILL:
		return mem_strdup("it was killed");
	case WIRE_CAUSE_TIMEOUT:
		return mem_strdup("the code before ran too long and did not heed the interrupt");
	case WIRE_CAUSE_OOM:
		return mem_strdup("the memory limit of the container killed it");
	case WIRE_CAUSE_DRIVER:
		return mem_strdup("its answers made no sense any more, so it was ended");
	case WIRE_CAUSE_RETIRED:
		return mem_strdup("a fresh one was asked for");
	}
	if (began->signal == 0)
		return mem_format("it ended with exit code %u", began->exit_code);
	name = sigabbrev_np((int)began->signal);
	return mem_format("signal %u (%s) ended it", began->signal, name ? name : "?");
}

void code_began(struct command *command, const struct wire_began *began)
{
	command->row.fresh = began->fresh;
	free(take(command->row.state_lost));
	if (began->lost)
		command->row.state_lost = how_it_ended(began);
}

static bool on_began(struct command *command, const struct wire_frame *frame)
{
	struct wire_began began;

	if (!wire_get_began(frame, &began))
		return false;
	code_began(command, &began);
	return command_started(command);
}

static bool on_retired(struct command *command, const struct wire_frame *frame)
{
	if (frame->length != 0)
		return false;
	/* After a break of the link it can come twice. */
	if (command->phase != COMMAND_PENDING || !command->code->retire)
		return true;
	command->code->retire = false;
	command->code->retired = true;
	command_send_start(command);
	return true;
}

/* --- the end ------------------------------------------------------------------------------- */

static const char *fault_sentence(enum wire_fault fault)
{
	switch (fault) {
	case WIRE_FAULT_NONE:
		break;
	case WIRE_FAULT_LINE:
		return "its interpreter was ended: something else than results came where they are "
		       "to come (does the code write to descriptor 4?)";
	case WIRE_FAULT_LONG:
		return "its interpreter was ended: one result had more than 4 MiB";
	case WIRE_FAULT_FLOOD:
		return "its interpreter was ended: its results had more than 64 MiB";
	case WIRE_FAULT_EARLY:
		return "its interpreter was ended: it said that it was done before it had read all "
		       "of the code";
	case WIRE_FAULT_STALE:
		return "its interpreter was ended: it went on giving results after it was done";
	case WIRE_FAULT_CLOSED:
		return "its interpreter was ended: it had closed the way by which results come";
	}
	return NULL;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && strchr(" .", at[len]))
			return true;
	return false;
}

/* The shell found no interpreter: nothing has run. */
static bool program_is_missing(const struct command *command, const struct wire_ended *ended)
{
	const struct driver *driver = command->code->driver;

	return driver && driver->program && command->row.fresh && !ended->alive &&
	       ended->exited.exit_code == 127 && ended->outcome_total == 0 &&
	       !has_word(command->sb->hello.runtimes, driver->program);
}

static void end_without_program(struct command *command)
{
	const struct driver *driver = command->code->driver;
	struct error err;

	error_set(&err, ERROR_NOT_FOUND,
		  "the image of container %s has no %s, which code in %s needs; it has: %s",
		  command->sb->row.id, driver->program, driver->language,
		  command->sb->hello.runtimes);
	error_advise(&err,
		     "use a language that is there, install it, or call create_container with an "
		     "image that has it",
		     false);
	/* Into a container for one run nothing can be installed: it is gone when this is read. */
	if (!command->sb->row.request_id || !once_has_form(command->sb->row.request_id))
		command->missing = driver->program;
	command_end(command, "lost", err.text, &err);
}

void code_explain_missing(struct command *command)
{
	const struct driver *driver = command->code->driver;
	auto_str hint = take(command->hint);

	if (!hint)
		return;
	error_set(command->failure, ERROR_NOT_FOUND, "code in %s cannot run in container %s: %s",
		  driver->language, command->sb->row.id, hint);
	error_advise(command->failure,
		     "install it as the message says, and call again; or use a language that is "
		     "there, or call create_container with an image that has it",
		     false);
	free(command->row.reason);
	command->row.reason = mem_strdup(command->failure->text);
}

static bool totals_fit(const struct command *command, const struct wire_ended *ended)
{
	const struct spool *spools = command->spools;

	return ended->exited.out_total == (uint64_t)spools[COMMAND_STDOUT].total &&
	       ended->exited.err_total == (uint64_t)spools[COMMAND_STDERR].total &&
	       ended->outcome_total == (uint64_t)spools[COMMAND_OUTCOME].total;
}

static bool on_ended(struct command *command, const struct wire_frame *frame)
{
	struct command_row *row = &command->row;
	struct wire_ended ended;

	/* It comes behind the last byte: anything else is a fault. */
	if (command->phase != COMMAND_RUNNING || !wire_get_ended(frame, &ended) ||
	    !totals_fit(command, &ended))
		return false;
	row->context_over = !ended.alive;
	if (program_is_missing(command, &ended)) {
		end_without_program(command);
		return true;
	}
	if (!row->reason)
		row->reason = mem_strdup(fault_sentence((enum wire_fault)ended.fault));
	command_exited(command, &ended.exited);
	return true;
}

bool code_frame_is_ours(const struct wire_frame *frame)
{
	return frame->type == WIRE_BEGAN || frame->type == WIRE_ENDED ||
	       frame->type == WIRE_RETIRED;
}

bool code_frame(struct command *command, const struct wire_frame *frame)
{
	if (frame->type == WIRE_BEGAN)
		return on_began(command, frame);
	if (frame->type == WIRE_RETIRED)
		return on_retired(command, frame);
	return on_ended(command, frame);
}
