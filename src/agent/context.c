/* The interpreters of this container: where each call finds its own, and what becomes of one
 *between two calls.  A call that runs has the interpreter's processes and descriptors as if it had
 *started them; when it is done they come back here, and wait.
 *
 *	FREE -> BUSY <-> SETTLING -> IDLE -> BUSY
 *	          `---------`-> GONE <-`- DYING
 *
 * Of one that is gone it is remembered how it ended, so that the next call of that name can be told
 * why its variables are not there. */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PRINTED_MOST = 48 * 1024, /* of a pipe's 64 KiB, between two calls */
	PRINTED_DROP = 32 * 1024,
};

static unsigned index_of(const struct agent *agent, const struct context *context)
{
	return (unsigned)(context - agent->contexts);
}

static struct context *context_find(struct agent *agent, const char *language, const char *name)
{
	for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
		struct context *context = &agent->contexts[i];

		if (context->state != CONTEXT_FREE && strcmp(context->language, language) == 0 &&
		    strcmp(context->name, name) == 0)
			return context;
	}
	return NULL;
}

/* A free slot, else that of the one that is gone for the longest time; NULL: all live. */
static struct context *context_new(struct agent *agent, const struct wire_call *order)
{
	struct context *best = NULL;

	for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
		struct context *context = &agent->contexts[i];

		if (context->state == CONTEXT_FREE) {
			best = context;
			break;
		}
		if (context->state == CONTEXT_GONE && context->retirer == 0 &&
		    (!best || context->used_ms < best->used_ms))
			best = context;
	}
	if (!best)
		return NULL;
	/* Not before: a page that was never written to takes no memory. */
	best->reports = best->requests = best->out = best->err = best->outcome = -1;
	memcpy(best->language, order->language, sizeof(best->language));
	memcpy(best->name, order->context, sizeof(best->name));
	best->state = CONTEXT_GONE;
	best->ended = (struct wire_began){ .fresh = 1 };
	return best;
}

/* --- to a call and back ------------------------------------------------------------------ */

static void lend(struct agent *agent, struct context *context, struct command *command)
{
	command->tree = context->tree;
	command->reports = context->reports;
	command->input.fd = context->requests;
	command->out.fd = context->out;
	command->err.fd = context->err;
	command->outcome.fd = context->outcome;
	command->call.cpu_before = process_cpu_us(context->tree.main);
	context->tree = (struct tree){ 0 };
	context->reports = context->requests = -1;
	context->out = context->err = context->outcome = -1;
	unwatch(agent, command->reports);
	unwatch(agent, command->outcome.fd);
	unwatch(agent, command->out.fd);
	unwatch(agent, command->err.fd);
	command->state = COMMAND_RUNNING;
	command->started_due = true;
	command->started_by_ms = now_ms() + STARTED_MS;
	if (!command_watch(agent, command))
		command_kill(command, SIGKILL, 0);
}

/* How much can be read; -1: it is closed. */
static int waiting_in(int fd)
{
	int waiting = 0;

	return fd < 0 || ioctl(fd, FIONREAD, &waiting) < 0 ? -1 : waiting;
}

/* It waits, has said nothing, and its end has not been reported. */
static bool is_usable(const struct context *context)
{
	return context->state == CONTEXT_IDLE && context->requests >= 0 && context->out >= 0 &&
	       context->err >= 0 && waiting_in(context->outcome) == 0 &&
	       waiting_in(context->reports) == 0;
}

bool context_lend(struct agent *agent, struct command *command, const struct wire_call *order)
{
	struct context *context = context_find(agent, order->language, order->context);

	if (!context)
		context = context_new(agent, order);
	if (!context) {
		command_fail(agent, command, EMFILE, "contexts");
		return false;
	}
	if (context->state != CONTEXT_GONE && !is_usable(context)) {
		command_fail(agent, command, EBUSY, "context");
		return false;
	}
	command->call.context = context;
	if (context->state == CONTEXT_GONE)
		command->call.began = context->ended;
	else
		lend(agent, context, command);
	context->state = CONTEXT_BUSY;
	return true;
}

static void watch_context(struct agent *agent, struct context *context, int fd, uint32_t events,
			  enum source source)
{
	if (fd >= 0)
		watch(agent, fd, events, source, index_of(agent, context), 0);
}

void context_take_process(struct agent *agent, struct command *command)
{
	struct context *context = command->call.context;

	context->tree = command->tree;
	context->tree.killing = (struct killing){ 0 };
	context->reports = command->reports;
	context->requests = command->input.fd;
	context->outcome = command->outcome.fd;
	command->reports = command->input.fd = command->outcome.fd = -1;
	unwatch(agent, context->reports);
	unwatch(agent, context->requests);
	unwatch(agent, context->outcome);
	watch_context(agent, context, context->reports, EPOLLIN, FROM_CONTEXT);
	watch_context(agent, context, context->outcome, EPOLLIN | EPOLLET, FROM_CONTEXT_OUTPUT);
	context->state = CONTEXT_SETTLING;
}

static void forget_descriptors(struct agent *agent, struct context *context)
{
	unwatch_close(agent, &context->reports);
	unwatch_close(agent, &context->requests);
	unwatch_close(agent, &context->outcome);
	output_leave(agent, &context->out);
	output_leave(agent, &context->err);
}

static void become_gone(struct agent *agent, struct context *context)
{
	forget_descriptors(agent, context);
	context->state = CONTEXT_GONE;
	context->used_ms = now_ms();
}

void context_take_output(struct agent *agent, struct command *command)
{
	struct context *context = command->call.context;

	if (context->state != CONTEXT_SETTLING)
		return;
	context->out = take_fd(&command->out.fd);
	context->err = take_fd(&command->err.fd);
	if (context->tree.supervisor <= 0) {
		become_gone(agent, context);
		return;
	}
	unwatch(agent, context->out);
	unwatch(agent, context->err);
	watch_context(agent, context, context->out, EPOLLIN | EPOLLET, FROM_CONTEXT_OUTPUT);
	watch_context(agent, context, context->err, EPOLLIN | EPOLLET, FROM_CONTEXT_OUTPUT);
	context->state = context->tree.killing.ordered ? CONTEXT_DYING : CONTEXT_IDLE;
	context->used_ms = now_ms();
	/* What came behind "done" may be there already. */
	context_printed(agent, context);
}

void context_lost(struct agent *agent, struct command *command, const struct wire_began *ended)
{
	struct context *context = command->call.context;

	if (context->state != CONTEXT_BUSY)
		return;
	if (ended)
		context->ended = *ended;
	become_gone(agent, context);
}

/* --- between two calls ------------------------------------------------------------------- */

static void kill_idle(struct context *context, enum wire_cause cause)
{
	if (context->state == CONTEXT_IDLE)
		context->state = CONTEXT_DYING;
	if (context->tree.supervisor <= 0 || context->tree.killing.ordered)
		return;
	context->ended.cause = (uint8_t)cause;
	tree_kill(&context->tree, now_ms());
}

/* What is printed between two calls belongs to the next one; but it must not stop whoever prints
 * it, like a server in the background: of much only the last is kept. */
static void drop_old(int fd)
{
	static char nowhere[PRINTED_DROP];

	while (waiting_in(fd) > PRINTED_MOST)
		if (read(fd, nowhere, sizeof(nowhere)) <= 0)
			return;
}

void context_printed(struct agent *agent, struct context *context)
{
	(void)agent;
	if (context->state != CONTEXT_IDLE && context->state != CONTEXT_SETTLING)
		return;
	if (waiting_in(context->outcome) > 0)
		kill_idle(context, WIRE_CAUSE_DRIVER);
	drop_old(context->out);
	drop_old(context->err);
}

/* As command_ended, for the time between two calls. */
static void context_ended(struct agent *agent, struct context *context, int status)
{
	uint8_t cause = context->tree.killing.ordered ? context->ended.cause : WIRE_CAUSE_NONE;

	context->ended = (struct wire_began){ .fresh = 1, .lost = 1, .cause = cause };
	if (WIFSIGNALED(status))
		context->ended.signal = (uint32_t)WTERMSIG(status);
	else
		context->ended.exit_code = (uint32_t)WEXITSTATUS(status);
	context->tree = (struct tree){ 0 };
	if (context->state == CONTEXT_SETTLING)
		forget_descriptors(agent, context);
	else
		become_gone(agent, context);
}

void context_reported(struct agent *agent, struct context *context)
{
	struct report report;
	ssize_t got;

	if (context->reports < 0)
		return;
	got = read(context->reports, &report, sizeof(report));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof(report)) {
		tree_kill_orphans(&context->tree);
		context_ended(agent, context, SIGKILL);
	} else if (report.kind == REPORT_ENDED) {
		context_ended(agent, context, report.status);
	}
}

/* --- the end on order -------------------------------------------------------------------- */

static bool is_alive(const struct context *context)
{
	return context->state != CONTEXT_FREE && context->state != CONTEXT_GONE;
}

static bool put_retired(struct box *box, uint32_t stream)
{
	struct wire_writer writer = box_begin(box);

	return box_end(box, &writer, WIRE_RETIRED, stream);
}

bool context_retire(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_retire order;
	struct context *context;
	struct command *caller = NULL;

	if (frame->stream == 0 || !wire_get_retire(frame, &order))
		return false;
	context = context_find(agent, order.language, order.context);
	if (!context || !is_alive(context))
		return put_retired(&agent->link.control, frame->stream);
	context->retirer = frame->stream;
	for (unsigned i = 0; i < agent->commands_top && context->state == CONTEXT_BUSY; i++)
		if (agent->commands[i].call.context == context &&
		    command_is_running(&agent->commands[i]))
			caller = &agent->commands[i];
	if (caller)
		command_kill(caller, SIGKILL, 0);
	else
		kill_idle(context, WIRE_CAUSE_RETIRED);
	return true;
}

void contexts_tell(struct agent *agent, struct box *box)
{
	for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
		struct context *context = &agent->contexts[i];

		if (context->retirer == 0 || is_alive(context))
			continue;
		if (!put_retired(box, context->retirer))
			return;
		context->retirer = 0;
	}
}

void contexts_unlinked(struct agent *agent)
{
	for (unsigned i = 0; i < CONTEXTS_MAX; i++)
		agent->contexts[i].retirer = 0;
}

void contexts_tick(struct agent *agent, uint64_t now)
{
	for (unsigned i = 0; i < CONTEXTS_MAX; i++)
		if (agent->contexts[i].tree.supervisor > 0)
			tree_tick(&agent->contexts[i].tree, now);
}

uint64_t contexts_deadline(const struct agent *agent)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < CONTEXTS_MAX; i++) {
		uint64_t next = tree_deadline(&agent->contexts[i].tree);

		first = next < first ? next : first;
	}
	return first;
}
