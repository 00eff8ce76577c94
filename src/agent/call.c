/* A command that is code: it has a context's interpreter for as long as it runs.  The interpreter
 * hears "run LENGTH" and the code, and answers with lines: JSON objects, which go to the server as
 * they are, and at last "done STATUS".
 *
 * Whatever else it says ends it: a driver that is out of step cannot be trusted with another call,
 * and the user's code, which can write there too, must not be able to make one that hangs. */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char done_word[] = "done ";

/* The interpreter goes, with its whole tree. */
static void call_break(struct agent *agent, struct command *command, enum wire_fault fault)
{
	/* What is left in the pipe of one that has ended is of no more use. */
	if (!command_is_running(command)) {
		unwatch_close(agent, &command->outcome.fd);
		return;
	}
	command->call.fault = fault;
	if (command->exited.cause == WIRE_CAUSE_NONE)
		command->exited.cause = WIRE_CAUSE_DRIVER;
	/* In this order: it must not die of a pipe that nobody reads. */
	tree_kill(&command->tree, now_ms());
	unwatch_close(agent, &command->outcome.fd);
}

void call_request(struct agent *agent, struct command *command)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "run %llu\n",
			   (unsigned long long)command->call.code_len);

	/* The pipe is empty, or its reader has not even taken the last code. */
	if (write(command->input.fd, line, (size_t)len) == len)
		return;
	if (errno == EPIPE)
		call_closed(command);
	else
		call_break(agent, command, WIRE_FAULT_EARLY);
}

/* --- done -------------------------------------------------------------------------------- */

/* The STATUS of a whole word; -1: it is none. */
static int done_status(const struct call *call)
{
	size_t prefix = sizeof(done_word) - 1;
	int status = 0;

	if (call->word_len < prefix + 2 || memcmp(call->word, done_word, prefix) != 0)
		return -1;
	for (size_t i = prefix; i + 1 < call->word_len; i++) {
		if (call->word[i] < '0' || call->word[i] > '9')
			return -1;
		status = status * 10 + (call->word[i] - '0');
	}
	return status <= 255 ? status : -1;
}

/* What the call took of a process that lives on. */
static void measure(struct agent *agent, struct command *command, int status)
{
	struct report report = { .status = status << 8,
				 .cpu_us = process_cpu_us(command->tree.main),
				 .memory_peak = process_memory_peak(command->tree.main) };
	uint64_t before = command->call.cpu_before;

	report.cpu_us -= report.cpu_us < before ? report.cpu_us : before;
	command_measure(agent, command, &report);
}

static void call_done(struct agent *agent, struct command *command, int status)
{
	struct wire_exited *exited = &command->exited;

	measure(agent, command, status);
	/* Code that ended well although it was interrupted has just ended. */
	if (exited->cause == WIRE_CAUSE_NONE && command->tree.killing.ordered && status != 0) {
		exited->cause = WIRE_CAUSE_KILL;
		exited->signal = SIGINT;
		exited->exit_code = 0;
	}
	command->call.done = true;
	context_take_process(agent, command);
	command_finish(agent, command, now_ms());
}

/* --- lines ------------------------------------------------------------------------------- */

/* A byte of a line that is no object.  Returns whether the line is whole. */
static bool word_add(struct call *call, uint8_t byte, enum wire_fault *ret_fault)
{
	if (call->word_len == sizeof(call->word)) {
		*ret_fault = WIRE_FAULT_LINE;
		return true;
	}
	call->word[call->word_len++] = (char)byte;
	return byte == '\n';
}

/* Looks at a piece of what came; returns how much of it goes to the server. */
static size_t scan_piece(struct call *call, const uint8_t *data, size_t len,
			 enum wire_fault *ret_fault, bool *ret_word)
{
	size_t at = 0;

	while (at < len && !*ret_fault) {
		const uint8_t *newline;
		size_t some;

		if (call->word_len > 0 || (call->line_len == 0 && data[at] != '{'))
			break;
		newline = memchr(data + at, '\n', len - at);
		some = newline ? (size_t)(newline - data) + 1 - at : len - at;
		call->line_len += some;
		at += some;
		if (call->line_len > WIRE_LINE_MAX)
			*ret_fault = WIRE_FAULT_LONG;
		if (newline)
			call->line_len = 0;
	}
	for (size_t i = at; i < len && !*ret_fault; i++) {
		if (*ret_word)
			*ret_fault = WIRE_FAULT_STALE;
		else
			*ret_word = word_add(call, data[i], ret_fault);
	}
	return at;
}

bool call_scan(struct agent *agent, struct command *command, size_t len)
{
	struct call *call = &command->call;
	struct ring *ring = &command->outcome.ring;
	enum wire_fault fault = WIRE_FAULT_NONE;
	struct iovec pieces[2];
	bool word = false;
	size_t passed = 0;
	int count;

	ring->end -= len;
	/* One that is being killed has nothing more to say. */
	if (command->tree.killing.passes > 0) {
		unwatch_close(agent, &command->outcome.fd);
		return false;
	}
	count = ring_pieces(ring, ring->end, len, pieces);
	for (int i = 0; i < count && !fault; i++)
		passed += scan_piece(call, pieces[i].iov_base, pieces[i].iov_len, &fault, &word);
	ring->end += passed;
	if (!fault && ring->end > WIRE_OUTCOME_MAX)
		fault = WIRE_FAULT_FLOOD;
	if (word && done_status(call) < 0)
		fault = WIRE_FAULT_LINE; /* whatever stands behind it */
	if (!fault && word && command->input.ring.start < call->code_len)
		fault = WIRE_FAULT_EARLY;
	if (fault) {
		call_break(agent, command, fault);
		return false;
	}
	if (!word)
		return true;
	/* That it started stands in another pipe. */
	if (command->state == COMMAND_STARTING)
		command_reported(agent, command);
	if (command->state == COMMAND_RUNNING)
		call_done(agent, command, done_status(call));
	return false;
}

void call_closed(struct command *command)
{
	if (!command->call.closed_by_ms)
		command->call.closed_by_ms = now_ms() + CLOSED_MS;
}

void call_tick(struct agent *agent, struct command *command, uint64_t now)
{
	struct call *call = &command->call;

	if (!command_is_running(command) || !call->closed_by_ms || now < call->closed_by_ms)
		return;
	call->closed_by_ms = 0;
	if (command->tree.killing.passes == 0)
		call_break(agent, command, WIRE_FAULT_CLOSED);
}

/* --- the other end ----------------------------------------------------------------------- */

void call_lost(struct agent *agent, struct command *command)
{
	struct wire_exited *exited = &command->exited;
	const struct wire_began ended = { .fresh = 1,
					  .lost = 1,
					  .cause = exited->cause,
					  .exit_code = exited->exit_code,
					  .signal = exited->signal };
	uint64_t before = command->call.cpu_before;

	exited->cpu_us -= exited->cpu_us < before ? exited->cpu_us : before;
	context_lost(agent, command, &ended);
}

struct wire_ended call_ended(const struct command *command)
{
	return (struct wire_ended){ .exited = command->exited,
				    .outcome_total = command->outcome.ring.end,
				    .alive = command->call.done,
				    .fault = (uint8_t)command->call.fault };
}
