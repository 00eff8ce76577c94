/* Children.  Standard output and error share one pipe.  on_exit waits for its end, so that the last
 * output comes first; but not longer than DRAIN_MS, because a grandchild may hold the pipe for
 * ever. A child has up to four handles of libuv and is freed when the last of them has been closed.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { DRAIN_MS = 200 };

struct child {
	struct loop *loop;
	uv_process_t process;
	uv_timer_t drain;
	uv_pipe_t out, in;
	bool has_process, has_out, has_in;
	uv_write_t feed;
	char *stdin_text;
	int handles; /* not closed yet */
	bool is_exited, is_out_over, is_over, is_forgotten;
	int exit_code, signal;
	child_output_fn *on_output;
	child_exit_fn *on_exit;
	void *ctx;
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->handles > 0)
		return;
	free(child->stdin_text);
	free(child);
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_handle_closed);
}

static void close_all(struct child *child)
{
	child->is_over = true;
	if (child->has_process)
		close_handle((uv_handle_t *)&child->process);
	close_handle((uv_handle_t *)&child->drain);
	if (child->has_out)
		close_handle((uv_handle_t *)&child->out);
	if (child->has_in)
		close_handle((uv_handle_t *)&child->in);
}

void child_abandon(uv_process_t *process)
{
	struct child *child = process->data;

	if (child->is_forgotten)
		close_all(child);
}

static void finish(struct child *child)
{
	close_all(child);
	if (!child->is_forgotten)
		child->on_exit(child->ctx, child->exit_code, child->signal);
}

static void on_drained(uv_timer_t *drain)
{
	finish(drain->data);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct child *child = process->data;

	child->is_exited = true;
	child->signal = signal;
	child->exit_code = signal ? -1 : (int)status;
	if (child->has_out && !child->is_out_over)
		uv_timer_start(&child->drain, on_drained, DRAIN_MS, 0);
	else
		finish(child);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct child *child = handle->data;

	(void)suggested;
	*ret_buf = uv_buf_init(child->loop->scratch, SCRATCH_SIZE);
}

static void on_read(uv_stream_t *out, ssize_t len, const uv_buf_t *buf)
{
	struct child *child = out->data;

	if (len > 0 && !child->is_forgotten)
		child->on_output(child->ctx, buf->base, (size_t)len);
	if (len >= 0)
		return;
	child->is_out_over = true;
	close_handle((uv_handle_t *)out);
	if (child->is_exited && !child->is_over)
		finish(child);
}

static void on_fed(uv_write_t *feed, int status)
{
	(void)status; /* a child that does not read its input to the end is no failure */
	close_handle((uv_handle_t *)feed->handle);
}

/* A pipe whose end [ours] belongs to the handle; the other one is for the child. */
static bool open_pipe(struct child *child, uv_pipe_t *ret_pipe, int ours, int *ret_theirs,
		      struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot make a pipe");
	uv_pipe_init(&child->loop->uv, ret_pipe, 0);
	ret_pipe->data = child;
	child->handles++;
	*(ours == 0 ? &child->has_out : &child->has_in) = true;
	*ret_theirs = fds[!ours];
	uv_pipe_open(ret_pipe, fds[ours]);
	return true;
}

/* Input and output that can only begin once the process is there. */
static void start_streams(struct child *child)
{
	if (child->has_out)
		uv_read_start((uv_stream_t *)&child->out, on_alloc, on_read);
	if (child->has_in) {
		uv_buf_t text = uv_buf_init(child->stdin_text, (unsigned)strlen(child->stdin_text));

		if (uv_write(&child->feed, (uv_stream_t *)&child->in, &text, 1, on_fed) != 0)
			close_handle((uv_handle_t *)&child->in);
	}
}

static bool spawn(struct child *child, const struct child_options *options, struct error *err)
{
	auto_fd out = -1;
	auto_fd in = -1;
	uv_stdio_container_t stdio[3] = { { .flags = UV_IGNORE } };
	uv_process_options_t uv = {
		.file = options->argv[0],
		.args = (char **)options->argv,
		.env = (char **)options->env,
		.cwd = options->cwd,
		.exit_cb = on_process_exit,
		.stdio = stdio,
		.stdio_count = 3,
	};
	int failed;

	if (options->on_output && !open_pipe(child, &child->out, 0, &out, err))
		return false;
	if (options->stdin_text && !open_pipe(child, &child->in, 1, &in, err))
		return false;
	if (in >= 0)
		stdio[0] = (uv_stdio_container_t){ UV_INHERIT_FD, { .fd = in } };
	stdio[1].flags = UV_INHERIT_FD;
	stdio[1].data.fd = out >= 0 ? out : STDERR_FILENO;
	stdio[2] = stdio[1];
	/* A handle that could not be spawned has to be closed all the same. */
	child->has_process = true;
	child->handles++;
	failed = uv_spawn(&child->loop->uv, &child->process, &uv);
	if (failed)
		return error_set(err, ERROR_UNAVAILABLE, "cannot start %s: %s", options->argv[0],
				 uv_strerror(failed));
	start_streams(child);
	return true;
}

struct child *child_spawn(struct loop *loop, const struct child_options *options, struct error *err)
{
	struct child *child = mem_new(struct child);

	child->loop = loop;
	child->stdin_text = mem_strdup(options->stdin_text);
	child->on_output = options->on_output;
	child->on_exit = options->on_exit;
	child->ctx = options->ctx;
	uv_timer_init(&loop->uv, &child->drain);
	child->handles = 1;
	child->drain.data = child;
	child->process.data = child;
	if (!spawn(child, options, err)) {
		close_all(child);
		return NULL;
	}
	return child;
}

int child_pid(const struct child *child)
{
	return child->process.pid;
}

void child_signal(struct child *child, int number)
{
	/* Once it was reaped, its number may be another process's. */
	if (!child->is_exited)
		uv_process_kill(&child->process, number);
}

void child_forget(struct child *child)
{
	/* Its output is still read, or it would die of SIGPIPE: "left alone" includes that. */
	if (child)
		child->is_forgotten = true;
}
