/* A command on behalf of its call: waited for, told of on the way, handed back or kept as a task,
 * and killed when its client takes the call back before that. */
#include "execution.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "utf8.h"

enum {
	TELL_MS = 1000,       /* how often progress is told … */
	TASK_TELL_MS = 2000,  /* … and the state of a task */
	TASK_WAIT_MS = 20000, /* a task that nobody is told of is looked at so often */
	KILL_WAIT_MS = 3000,  /* TERM, then KILL after two seconds */
	LINE_SHOWN = 200,     /* bytes of the last line that are told */
};

struct execution {
	struct waiting waiting;
	const struct execution_kind *kind;
	struct command_wish wish;
	char command_id[ID_SIZE];
	int64_t began_ms, until_ms; /* monotonic; until when the call waits */
	bool background;
	bool last; /* the wait under way is the last of this call */
};

/* --- taken back --- */

static void on_killed(void *ctx, const struct command_view *view, const struct error *err)
{
	(void)ctx;
	(void)view;
	(void)err;
}

static void on_cancel(void *ctx)
{
	struct execution *execution = ctx;
	struct call *call = execution->waiting.call;
	struct error ignored; /* it may have ended by now */

	if (!execution->background && call_was_taken_back(call))
		(void)!command_kill(tools_of(call)->sandboxes, call_owner(call),
				    execution->command_id, SIGTERM, KILL_WAIT_MS, on_killed, NULL,
				    &ignored);
	sandbox_cancel(execution->waiting.op);
}

/* --- on the way --- */

/* The last line of the output, for people. */
static void add_last_line(const struct command_view *view, struct buf *text)
{
	int64_t total = view->row->stdout_bytes;
	int64_t from = total > LINE_SHOWN ? total - LINE_SHOWN : 0;
	auto_buf tail = BUF_INIT(LINE_SHOWN);
	auto_buf clean = BUF_INIT((size_t)3 * LINE_SHOWN);
	struct error ignored;
	const char *line;
	bool replaced;

	if (total == 0 ||
	    !command_output(view, COMMAND_STDOUT, from, total - from, &tail, &ignored))
		return;
	while (tail.len > 0 && strchr("\r\n", tail.data[tail.len - 1]))
		tail.data[--tail.len] = '\0';
	line = tail.len > 0 ? memrchr(tail.data, '\n', tail.len) : NULL;
	line = line ? line + 1 : buf_text(&tail);
	if (*line && utf8_clean(line, strlen(line), &clean, &replaced))
		buf_addf(text, ": %s", buf_text(&clean));
}

static void tell(const struct execution *execution, const struct command_view *view)
{
	int64_t elapsed_ms = clock_mono_ms() - execution->began_ms;
	auto_buf text = BUF_INIT(1024);
	char duration[FORMAT_SIZE], size[FORMAT_SIZE];

	format_duration(elapsed_ms / 1000 * 1000, duration);
	format_size(view->row->stdout_bytes + view->row->stderr_bytes, size);
	buf_addf(&text, "running for %s, %s of output", duration, size);
	add_last_line(view, &text);
	call_progress(execution->waiting.call, (double)elapsed_ms / 1000, -1, buf_text(&text));
}

static void on_view(void *ctx, const struct command_view *view, const struct error *err);

/* How long to wait before something is told, at most until the call's time is over. */
static int64_t next_wait_ms(struct execution *execution)
{
	const struct call *call = execution->waiting.call;
	int64_t left = execution->until_ms - clock_mono_ms();

	execution->last = false;
	if (call_is_task(call))
		return call_wants_progress(call) ? TASK_TELL_MS : TASK_WAIT_MS;
	if (call_wants_progress(call) && left > TELL_MS)
		return TELL_MS;
	execution->last = true;
	return left > 0 ? left : 0;
}

static void end(struct execution *execution, const struct command_view *view,
		const struct error *err)
{
	execution->kind->answer(execution->waiting.call, view, err, &execution->wish);
	free(execution);
}

static void wait_on(struct execution *execution)
{
	struct call *call = execution->waiting.call;
	const struct command_watch watch = { .owner = call_owner(call),
					     .command_id = execution->command_id,
					     .wait_ms = next_wait_ms(execution) };
	struct error err;

	execution->waiting.op =
		command_check(tools_of(call)->sandboxes, &watch, on_view, execution, &err);
	if (execution->waiting.op)
		call_on_cancel(call, on_cancel, execution);
	else
		end(execution, NULL, &err);
}

static void on_view(void *ctx, const struct command_view *view, const struct error *err)
{
	struct execution *execution = ctx;
	struct call *call = execution->waiting.call;

	if (err || strcmp(view->row->state, "running") != 0 || execution->background) {
		end(execution, view, err);
		return;
	}
	/* Out of time: a task if the client takes one, else handed back. */
	if (execution->last && !call_detach(call, execution->command_id)) {
		end(execution, view, NULL);
		return;
	}
	tell(execution, view);
	wait_on(execution);
}

/* --- beginning --- */

static struct execution *execution_new(struct call *call, const struct execution_kind *kind,
				       const struct command_wish *wish)
{
	struct execution *execution = mem_new(struct execution);

	execution->waiting.call = call;
	execution->kind = kind;
	execution->wish = *wish;
	execution->began_ms = clock_mono_ms();
	return execution;
}

void execution_begin(struct call *call, const struct execution_plan *plan)
{
	struct execution *execution = execution_new(call, plan->kind, &plan->wish);
	struct sandbox_op *op;
	struct error err;
	int64_t wait_ms;

	execution->background = plan->background;
	execution->until_ms = execution->began_ms + plan->wait_ms;
	wait_ms = next_wait_ms(execution);
	if (call_is_task(call)) {
		/* It is written down with its command as soon as there is one. */
		wait_ms = 0;
		execution->last = true;
	}
	op = plan->kind->start(tools_of(call)->sandboxes, plan->request, wait_ms, on_view,
			       execution, &err);
	if (!op) {
		free(execution);
		tool_fail(call, &err);
		return;
	}
	snprintf(execution->command_id, sizeof(execution->command_id), "%s", command_op_id(op));
	execution->waiting.op = op;
	call_on_cancel(call, on_cancel, execution);
}

void execution_resume(struct call *call, const struct execution_kind *kind, const char *command_id)
{
	const struct command_wish wish = {
		.output = { .limit = tools_of(call)->output_limit },
		.streams = COMMAND_STDOUT | COMMAND_STDERR,
	};
	struct execution *execution = execution_new(call, kind, &wish);

	snprintf(execution->command_id, sizeof(execution->command_id), "%s", command_id);
	wait_on(execution);
}
