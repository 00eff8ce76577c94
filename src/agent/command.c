/* The life of a command:
 *
 *	FREE -> STARTING -> RUNNING -> ENDED -> OVER -> FREE (forgotten)
 *	            `-> FAILED ----------------------------^
 *
 * It outlives every link: what a new link needs to go on (offsets, the result, kept output) stays
 * until the server says FORGET. */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a command's four rings take together; a page that is not touched takes nothing. */
static const size_t rings_size = (size_t)4 * WIRE_WINDOW;

struct command *command_find(struct agent *agent, uint32_t stream)
{
	for (unsigned i = 0; i < agent->commands_top; i++)
		if (agent->commands[i].state != COMMAND_FREE && agent->commands[i].stream == stream)
			return &agent->commands[i];
	return NULL;
}

static uint8_t *rings_map(void)
{
	void *memory =
		mmap(NULL, rings_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, rings_size, MADV_DONTFORK);
	return memory;
}

static bool rings_take(struct agent *agent, struct command *command)
{
	uint8_t *memory = agent->spare_rings ? agent->spare_rings : rings_map();

	agent->spare_rings = NULL;
	if (!memory)
		return false;
	command->out.ring.data = memory;
	command->err.ring.data = memory + WIRE_WINDOW;
	command->input.ring.data = memory + (size_t)2 * WIRE_WINDOW;
	command->outcome.ring.data = memory + (size_t)3 * WIRE_WINDOW;
	return true;
}

/* One set is kept: changing the map of the address space costs more than using what is there. */
static void rings_give_back(struct agent *agent, struct command *command)
{
	uint8_t *memory = command->out.ring.data;
	bool used = command->out.ring.end > 0 || command->err.ring.end > 0 ||
		    command->input.ring.end > 0 || command->outcome.ring.end > 0;

	command->out.ring.data = NULL;
	if (!memory)
		return;
	if (agent->spare_rings) {
		munmap(memory, rings_size);
		return;
	}
	if (used)
		madvise(memory, rings_size, MADV_DONTNEED);
	agent->spare_rings = memory;
}

/* A failed command whose failure was told needs no FORGET: its slot is the first to go. */
static bool slot_is_free(const struct command *command)
{
	return command->state == COMMAND_FREE ||
	       (command->state == COMMAND_FAILED && command->resumed && !command->end_due);
}

struct command *command_new(struct agent *agent, uint32_t stream)
{
	for (unsigned i = 0; i < COMMANDS_MAX; i++) {
		struct command *command = &agent->commands[i];

		if (!slot_is_free(command))
			continue;
		if (command->state != COMMAND_FREE)
			command_forget(agent, command);
		memset(command, 0, sizeof(*command));
		command->state = COMMAND_STARTING;
		command->stream = stream;
		command->resumed = true;
		command->reports = command->input.fd = command->out.fd = command->err.fd =
			command->outcome.fd = -1;
		command->started_ms = now_ms();
		if (i >= agent->commands_top)
			agent->commands_top = i + 1;
		if (!rings_take(agent, command))
			command_fail(agent, command, ENOMEM, "memory");
		return command;
	}
	return NULL;
}

static void leave_outputs(struct agent *agent, struct command *command)
{
	output_leave(agent, &command->out.fd);
	output_leave(agent, &command->err.fd);
	output_leave(agent, &command->outcome.fd);
}

void command_forget(struct agent *agent, struct command *command)
{
	if (command->call.done && command->state == COMMAND_ENDED)
		context_take_output(agent, command);
	leave_outputs(agent, command);
	input_close(agent, command);
	unwatch_close(agent, &command->reports);
	rings_give_back(agent, command);
	command->state = COMMAND_FREE;
	while (agent->commands_top > 0 &&
	       agent->commands[agent->commands_top - 1].state == COMMAND_FREE)
		agent->commands_top--;
}

void command_fail(struct agent *agent, struct command *command, int number, const char *where)
{
	command->state = COMMAND_FAILED;
	command->end_due = true;
	command->failed.number = (uint32_t)number;
	strncpy(command->failed.where, where, sizeof(command->failed.where) - 1);
	unwatch_close(agent, &command->out.fd);
	unwatch_close(agent, &command->err.fd);
	unwatch_close(agent, &command->outcome.fd);
	input_close(agent, command);
	if (command->call.context)
		context_lost(agent, command, NULL);
}

/* --- the end ----------------------------------------------------------------------------- */

static bool has_moved(uint64_t before, uint64_t after)
{
	return before != UINT64_MAX && after != UINT64_MAX && after > before;
}

static bool ended_by(const struct wire_exited *exited, uint32_t signal)
{
	return exited->signal == signal || (!exited->signal && exited->exit_code == 128 + signal);
}

static enum wire_cause find_cause(const struct command *command)
{
	const struct wire_exited *exited = &command->exited;
	const struct killing *killing = &command->tree.killing;

	if (exited->cause != WIRE_CAUSE_NONE)
		return (enum wire_cause)exited->cause; /* set when the time was up */
	if (killing->ordered || (killing->last_signal && ended_by(exited, killing->last_signal)))
		return WIRE_CAUSE_KILL;
	if (exited->oom_seen && ended_by(exited, SIGKILL))
		return WIRE_CAUSE_OOM;
	return WIRE_CAUSE_NONE;
}

bool command_is_running(const struct command *command)
{
	return command->state == COMMAND_STARTING || command->state == COMMAND_RUNNING;
}

void command_measure(struct agent *agent, struct command *command, const struct report *report)
{
	struct wire_exited *exited = &command->exited;

	if (WIFSIGNALED(report->status))
		exited->signal = (uint32_t)WTERMSIG(report->status);
	else
		exited->exit_code = (uint32_t)WEXITSTATUS(report->status);
	exited->cpu_us = report->cpu_us;
	exited->memory_peak = report->memory_peak;
	exited->duration_ms = now_ms() - command->started_ms;
	exited->oom_seen = has_moved(command->oom_before, cgroup_oom_count(&agent->cgroup));
	exited->pids_seen = has_moved(command->pids_before, cgroup_pids_count(&agent->cgroup));
}

static void fill_outputs(struct agent *agent, struct command *command)
{
	output_fill(agent, command, &command->out);
	output_fill(agent, command, &command->err);
	output_fill(agent, command, &command->outcome);
}

void command_finish(struct agent *agent, struct command *command, uint64_t drain_until_ms)
{
	command->state = COMMAND_ENDED;
	command->kill_at_ms = 0;
	command->tree = (struct tree){ 0 };
	command->drain_until_ms = drain_until_ms;
	input_close(agent, command);
	output_owes(&command->out);
	output_owes(&command->err);
	output_owes(&command->outcome);
	fill_outputs(agent, command);
	command_settle(agent, command);
}

static void command_ended(struct agent *agent, struct command *command, const struct report *report)
{
	command_measure(agent, command, report);
	command->exited.cause = (uint8_t)find_cause(command);
	if (command->call.is_code)
		call_lost(agent, command);
	command_finish(agent, command, now_ms() + DRAIN_MS);
}

void command_settle(struct agent *agent, struct command *command)
{
	if (command->state != COMMAND_ENDED || !output_is_complete(command, &command->out) ||
	    !output_is_complete(command, &command->err) ||
	    !output_is_complete(command, &command->outcome))
		return;
	if (command->call.done)
		context_take_output(agent, command);
	leave_outputs(agent, command);
	command->state = COMMAND_OVER;
	command->end_due = true;
	command->exited.out_total = command->out.ring.end;
	command->exited.err_total = command->err.ring.end;
}

/* The supervisor was killed from inside.  What it knew is lost; the command counts as killed. */
static void supervisor_lost(struct agent *agent, struct command *command)
{
	struct report report = { .status = SIGKILL };

	if (command->state == COMMAND_STARTING) {
		command_fail(agent, command, ESRCH, "supervisor");
	} else if (command->state == COMMAND_RUNNING) {
		tree_kill_orphans(&command->tree);
		command_ended(agent, command, &report);
	}
}

/* The main process says that it started right before exec, which can still fail.  If the server has
 * been told by then, the command ends as in a shell that finds no program. */
static void exec_failed(struct agent *agent, struct command *command, const struct report *report)
{
	static const char *const places[] = { "fork", "chdir", "exec" };
	const struct report not_found = { .status = 127 << 8 };

	if (command->state == COMMAND_RUNNING && !command->started_due) {
		command_ended(agent, command, &not_found);
		return;
	}
	command->started_due = false;
	command_fail(agent, command, report->number, places[report->where]);
}

static void obey_report(struct agent *agent, struct command *command, const struct report *report)
{
	switch (report->kind) {
	case REPORT_STARTED:
		command->state = COMMAND_RUNNING;
		command->tree.main = report->main;
		command->started_due = true;
		command->started_by_ms = now_ms() + STARTED_MS;
		break;
	case REPORT_FAILED:
		exec_failed(agent, command, report);
		break;
	case REPORT_ENDED:
		if (command->state == COMMAND_RUNNING)
			command_ended(agent, command, report);
		break;
	}
}

void command_reported(struct agent *agent, struct command *command)
{
	struct report reports[REPORTS_MAX];
	ssize_t got = read(command->reports, reports, sizeof(reports));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (ssize_t i = 0; (i + 1) * (ssize_t)sizeof(reports[0]) <= got; i++)
		obey_report(agent, command, &reports[i]);
	/* The watch is by level: what has not been read calls again, and so does the end. */
	if (got > 0 && command->state < COMMAND_ENDED)
		return;
	unwatch_close(agent, &command->reports);
	supervisor_lost(agent, command);
}

/* --- what the server hears --------------------------------------------------------------- */

void command_list(struct agent *agent, struct command *command)
{
	struct box *box = &agent->link.control;
	struct wire_writer writer = box_begin(box);
	const struct wire_command record = {
		.over = command->state >= COMMAND_ENDED,
		.out_kept = command->out.ring.start,
		.err_kept = command->err.ring.start,
		.in_taken = command->input.ring.start,
		.in_held = command->input.ring.end,
	};

	if (command->state == COMMAND_FREE)
		return;
	if (command->call.is_code) {
		const struct wire_called called = { .command = record,
						    .outcome_kept = command->outcome.ring.start,
						    .began = command->call.began };

		wire_put_called(&writer, &called);
		box_end(box, &writer, WIRE_CALLED, command->stream);
	} else {
		wire_put_command(&writer, &record);
		box_end(box, &writer, WIRE_COMMAND, command->stream);
	}
	/* The list itself said that it started. */
	command->started_due = false;
	command->end_due = command->state == COMMAND_OVER || command->state == COMMAND_FAILED;
	command->input.told = record.in_taken;
}

/* An output goes on from `from`; what is before it needs not be kept.  An offset before what is
 * kept goes on from there: the chunk's offset shows the gap. */
static bool output_resume(struct output *output, uint64_t from)
{
	if (from > output->ring.end)
		return false;
	if (from > output->ring.start)
		output->ring.start = from;
	output->sent = output->ring.start;
	return true;
}

static void refill(struct agent *agent, struct command *command)
{
	fill_outputs(agent, command);
	command_settle(agent, command);
}

bool command_resume(struct agent *agent, struct command *command,
		    const struct wire_call_offsets *offsets)
{
	if (command->resumed || !output_resume(&command->out, offsets->output.out) ||
	    !output_resume(&command->err, offsets->output.err) ||
	    !output_resume(&command->outcome, offsets->outcome))
		return false;
	command->resumed = true;
	refill(agent, command);
	return true;
}

static void drop_up_to(struct output *output, uint64_t offset)
{
	if (offset > output->ring.start)
		output->ring.start = offset;
}

bool command_acked(struct agent *agent, struct command *command,
		   const struct wire_call_offsets *offsets)
{
	if (!command->resumed || offsets->output.out > command->out.sent ||
	    offsets->output.err > command->err.sent || offsets->outcome > command->outcome.sent)
		return false;
	drop_up_to(&command->out, offsets->output.out);
	drop_up_to(&command->err, offsets->output.err);
	drop_up_to(&command->outcome, offsets->outcome);
	refill(agent, command);
	return true;
}

static bool all_is_sent(const struct command *command)
{
	return command->out.sent == command->out.ring.end &&
	       command->err.sent == command->err.ring.end &&
	       command->outcome.sent == command->outcome.ring.end;
}

/* Each frame wakes three processes on its way.  A short command has its result in the same write.
 */
static bool started_can_wait(const struct command *command)
{
	return all_is_sent(command) && !command->end_due &&
	       command->input.told == command->input.ring.start &&
	       now_ms() < command->started_by_ms;
}

static void tell_end(struct command *command, struct box *box)
{
	struct wire_writer writer = box_begin(box);
	enum wire_type type = WIRE_EXITED;

	if (command->state == COMMAND_OVER && command->call.is_code) {
		const struct wire_ended ended = call_ended(command);

		wire_put_ended(&writer, &ended);
		type = WIRE_ENDED;
	} else if (command->state == COMMAND_OVER) {
		wire_put_exited(&writer, &command->exited);
	} else {
		wire_put_failed(&writer, &command->failed);
		type = WIRE_FAILED;
	}
	if (box_end(box, &writer, type, command->stream))
		command->end_due = false;
}

static bool tell_start(const struct command *command, struct box *box)
{
	struct wire_writer writer = box_begin(box);

	if (!command->call.is_code)
		return box_end(box, &writer, WIRE_STARTED, command->stream);
	wire_put_began(&writer, &command->call.began);
	return box_end(box, &writer, WIRE_BEGAN, command->stream);
}

void command_tell(struct command *command, struct box *box)
{
	struct wire_writer writer;

	if (command->state == COMMAND_FREE || !command->resumed)
		return;
	if (command->started_due) {
		if (started_can_wait(command))
			return;
		if (!tell_start(command, box))
			return;
		command->started_due = false;
	}
	if (command->input.told != command->input.ring.start) {
		writer = box_begin(box);
		wire_put_taken(&writer, command->input.ring.start);
		if (!box_end(box, &writer, WIRE_TAKEN, command->stream))
			return;
		command->input.told = command->input.ring.start;
	}
	if (command->end_due && all_is_sent(command))
		tell_end(command, box);
}

/* --- time -------------------------------------------------------------------------------- */

void command_tick(struct agent *agent, struct command *command, uint64_t now)
{
	if (command->kill_at_ms && now >= command->kill_at_ms) {
		command->kill_at_ms = 0;
		command->exited.cause = WIRE_CAUSE_TIMEOUT;
		if (command->call.is_code)
			command_kill(command, SIGINT, INTERRUPT_MS);
		else
			command_kill(command, SIGKILL, 0);
	}
	if (command_is_running(command))
		tree_tick(&command->tree, now);
	if (command->call.is_code)
		call_tick(agent, command, now);
	if (command->state == COMMAND_ENDED && now >= command->drain_until_ms)
		command_settle(agent, command);
}

uint64_t command_deadline(const struct command *command)
{
	const uint64_t now = now_ms();
	const uint64_t times[] = {
		command->kill_at_ms,
		command_is_running(command) ? command->call.closed_by_ms : 0,
		/* Past these two, events alone go on: room on the link, bytes in the pipe. */
		command->started_due && command->started_by_ms > now ? command->started_by_ms : 0,
		command->drain_until_ms > now ? command->drain_until_ms : 0,
	};
	uint64_t first = tree_deadline(&command->tree);

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] && times[i] < first)
			first = times[i];
	return first;
}
