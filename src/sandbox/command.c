/* A command's life: its object while the agent may still speak of it, its row, its end.
 *
 *	PENDING ──START──> SENT ──STARTED──> RUNNING ──EXITED──> OVER
 *	   ^                │
 *	   └──not arrived───┘
 *
 * The row is written before START is sent and again before the agent is told to forget, so that at
 * no time a crash of the server loses what was answered.  One that is over lives on as row and
 *spool files; its object goes as soon as nobody waits for it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum { SETTLE_RETRY_MS = 5000, SAID_MAX = 512 };

struct command *command_new(struct sandboxes *all, struct command_row *row)
{
	struct command *command = mem_new(struct command);

	command->all = all;
	command->row = *row;
	*row = (struct command_row){ 0 };
	command->stream = (uint32_t)command->row.stream;
	command->phase = COMMAND_PENDING;
	command->begun_mono_ms = clock_mono_ms();
	command->start = BUF_INIT(WIRE_PAYLOAD_MAX);
	input_init(&command->input);
	for (int stream = COMMAND_OUTCOME; stream <= COMMAND_STDERR; stream++)
		spool_init(&command->spools[stream], all->spool_dir, command->row.id, stream,
			   stream == COMMAND_OUTCOME ? CODE_OUTCOME_MAX
						     : all->settings.output_spool);
	if (command->row.language)
		command->code = mem_new(struct code);
	return command;
}

static void command_free(struct command *command)
{
	assert(!command->waits);
	program_search_close(command->search);
	timer_stop(command->timer);
	buf_release(&command->start);
	free(command->workdir);
	buf_release(&command->input.queue);
	for (int stream = COMMAND_OUTCOME; stream <= COMMAND_STDERR; stream++)
		spool_release(&command->spools[stream]);
	free(command->code);
	command_row_release(&command->row);
	free(command->hint);
	free(command->failure);
	free(command);
}

void command_unref(struct command *command)
{
	if (command->phase == COMMAND_OVER && !command->sb && !command->waits)
		command_free(command);
}

void command_attach(struct command *command, struct sandbox *sb)
{
	command->sb = sb;
	HASH_ADD(hh, sb->commands, stream, sizeof(command->stream), command);
}

static void detach(struct command *command)
{
	HASH_DEL(command->sb->commands, command);
	command->sb = NULL;
}

struct command *command_find(struct sandbox *sb, uint32_t stream)
{
	struct command *command = NULL;

	HASH_FIND(hh, sb->commands, &stream, sizeof(stream), command);
	return command && command->phase != COMMAND_STRAY ? command : NULL;
}

int64_t command_running_count(const struct sandbox *sb)
{
	int64_t count = 0;

	for (const struct command *command = sb->commands; command; command = command->hh.next)
		count += command->phase != COMMAND_OVER && command->phase != COMMAND_STRAY;
	return count;
}

/* The beginning of what it said on standard error.  Only the shell's "not found" is ever looked
 * for.
 */
static void read_said(const struct command *command, struct buf *ret_said)
{
	struct error err;

	*ret_said = BUF_INIT(SAID_MAX);
	if (command->row.exit_code == 127)
		(void)!spool_read(&command->spools[COMMAND_STDERR], 0, SAID_MAX, ret_said, &err);
}

char *command_hint(struct command *command, const struct container_row *container,
		   const struct sandbox *sb)
{
	auto_buf said = { 0 };
	char program[PROGRAM_SIZE];
	char package[PACKAGE_SIZE] = "";
	struct hint_facts facts = {
		.row = &command->row,
		.container = container,
		.settings = &command->all->settings,
		.runtimes = sb && sb->measured ? sb->hello.runtimes : "",
		.found = PROGRAM_UNKNOWN,
		.package = package,
		.missing = command->missing,
	};

	read_said(command, &said);
	facts.said = buf_text(&said);
	if (sb && hint_wants_program(&facts, program))
		(void)!program_known(sb, program, &facts.found, package);
	return hint_make(&facts);
}

/* --- its end ------------------------------------------------------------------------------- */

static void renew_hint(struct command *command)
{
	free(command->hint);
	command->hint = command_hint(command, &command->sb->row, command->sb);
	if (command->missing)
		code_explain_missing(command);
}

static void on_program_known(void *ctx)
{
	struct command *command = ctx;

	program_search_close(take(command->search));
	renew_hint(command);
	command_settle(command);
}

/* Whether the end has to wait a moment for what the image's index says of a missing program. */
static bool asks_for_program(struct command *command)
{
	auto_buf said = { 0 };
	char program[PROGRAM_SIZE];
	char package[PACKAGE_SIZE];
	enum program_found found;
	struct hint_facts facts = { .row = &command->row, .missing = command->missing };

	read_said(command, &said);
	facts.said = buf_text(&said);
	if (!hint_wants_program(&facts, program) ||
	    program_known(command->sb, program, &found, package))
		return false;
	command->search = program_search_begin(command->sb, program, on_program_known, command);
	return command->search != NULL;
}

static void on_settle_again(void *ctx)
{
	struct command *command = ctx;

	timer_stop(take(command->timer));
	command_settle(command);
}

void command_settle(struct command *command)
{
	struct error err;

	program_search_close(take(command->search));
	if (!store_command_end(command->all->store, &command->row, &err)) {
		/* The agent keeps it until we have it; whoever waits hears of it now. */
		log_error(command->row.id, "its end cannot be written down yet: %s", err.text);
		timer_stop(take(command->timer));
		command->timer = timer_start(command->all->loop, SETTLE_RETRY_MS, 0,
					     on_settle_again, command);
		waits_look(command);
		return;
	}
	link_send_soon(command->sb, WIRE_FORGET, command->stream);
	if (command->all->on_command_end)
		command->all->on_command_end(command->all->command_end_ctx, command->sb->row.owner,
					     command->row.id);
	if (command->code)
		code_wake(command->sb);
	once_look(command->sb);
	detach(command);
	waits_look(command);
	command_unref(command);
}

/* What every end has in common; the caller has filled in how it ended. */
static void finish(struct command *command)
{
	struct spool *out = &command->spools[COMMAND_STDOUT];
	struct spool *error = &command->spools[COMMAND_STDERR];
	struct spool *outcome = &command->spools[COMMAND_OUTCOME];

	timer_stop(take(command->timer));
	command->phase = COMMAND_OVER;
	spool_finish(out);
	spool_finish(error);
	spool_finish(outcome);
	if (command->row.input_closed) /* else there is no file */
		input_file_remove(command->all, command->row.id);
	command->row.stdout_bytes = out->total;
	command->row.stderr_bytes = error->total;
	command->row.outcome_bytes = outcome->total;
	if (command->row.ended_at == 0)
		command->row.ended_at = clock_wall_ms();
	renew_hint(command);
	if (!asks_for_program(command))
		command_settle(command);
}

void command_exited(struct command *command, const struct wire_exited *exited)
{
	static const char *const by_cause[] = {
		[WIRE_CAUSE_NONE] = NULL,           [WIRE_CAUSE_KILL] = NULL,
		[WIRE_CAUSE_TIMEOUT] = "timed_out", [WIRE_CAUSE_OOM] = "oom_killed",
		[WIRE_CAUSE_DRIVER] = NULL,         [WIRE_CAUSE_RETIRED] = NULL,
	};
	struct command_row *row = &command->row;
	const char *state = by_cause[exited->cause];

	if (!state)
		state = exited->signal ? "killed" : "exited";
	snprintf(row->state, sizeof(row->state), "%s", state);
	row->exit_code = exited->exit_code;
	row->signal = exited->signal;
	row->duration_ms = (int64_t)(exited->duration_ms & INT64_MAX);
	row->cpu_ms = (int64_t)(exited->cpu_us / 1000);
	row->memory_peak = (int64_t)(exited->memory_peak & INT64_MAX);
	if (!row->reason && exited->pids_seen)
		row->reason = mem_strdup(REASON_PIDS);
	else if (!row->reason && exited->oom_seen && exited->cause != WIRE_CAUSE_OOM)
		row->reason = mem_strdup(REASON_OOM);
	finish(command);
}

void command_end(struct command *command, const char *state, const char *reason,
		 const struct error *failure)
{
	struct command_row *row = &command->row;

	if (command->phase == COMMAND_OVER) {
		command_settle(command);
		return;
	}
	snprintf(row->state, sizeof(row->state), "%s", state);
	free(row->reason);
	row->reason = mem_strdup(reason);
	if (command->phase == COMMAND_RUNNING)
		row->duration_ms = clock_wall_ms() - row->started_at;
	if (failure) {
		command->failure = mem_new(struct error);
		*command->failure = *failure;
	}
	finish(command);
}

static bool is_our_doing(const char *reason)
{
	return strcmp(reason, REASON_ASKED) == 0 || strcmp(reason, REASON_EXPIRED) == 0 ||
	       strcmp(reason, REASON_CLOSING) == 0;
}

static void end_with_container(struct command *command, const char *reason)
{
	bool began = command->phase == COMMAND_RUNNING;
	auto_str why = mem_format("its container ended: %s", reason);
	struct error gone;

	error_set(&gone, ERROR_GONE, "container %s ended before the command was started: %s",
		  command->sb->row.id, reason);
	error_advise(&gone, "call create_container for a new one", false);
	if (began && is_our_doing(reason)) {
		command->row.signal = 9;
		command_end(command, "killed", why, NULL);
	} else {
		command_end(command, "lost", why, began ? NULL : &gone);
	}
}

void command_container_over(struct sandbox *sb, const char *reason)
{
	struct command *command, *next;

	command_drop_strays(sb);
	HASH_ITER(hh, sb->commands, command, next)
	end_with_container(command, reason);
	/* Those whose end could not be written down: their rows are lost at the next start. */
	HASH_ITER(hh, sb->commands, command, next)
	{
		timer_stop(take(command->timer));
		detach(command);
		command_unref(command);
	}
}

void command_abandon(struct sandbox *sb)
{
	struct command *command, *next;

	command_drop_strays(sb);
	HASH_ITER(hh, sb->commands, command, next)
	{
		detach(command);
		command_free(command);
	}
}

/* --- after a restart of the server --------------------------------------------------------- */

static void copy_row(struct command_row *copy, const struct command_row *row)
{
	*copy = *row;
	copy->command = mem_strdup(row->command);
	copy->reason = mem_strdup(row->reason);
	copy->language = mem_strdup(row->language);
	copy->context = mem_strdup(row->context);
	copy->state_lost = mem_strdup(row->state_lost);
}

static bool load_one(void *ctx, const struct command_row *row)
{
	struct sandbox *sb = ctx;
	struct command_row copy;
	struct command *command;

	copy_row(&copy, row);
	command = command_new(sb->all, &copy);
	/* Whether it was started at all, the agent's list will tell. */
	command->phase = COMMAND_RUNNING;
	command->input.eof = row->input_closed;
	input_file_load(sb->all, row->id, &command->input);
	for (int stream = COMMAND_OUTCOME; stream <= COMMAND_STDERR; stream++)
		spool_load(&command->spools[stream], -1);
	command_attach(command, sb);
	return true;
}

bool command_load(struct sandbox *sb, struct error *err)
{
	return store_command_each(sb->all->store, sb->row.id, true, load_one, sb, err);
}
