/* Running a small program to its end, with a deadline, before the loop runs: the probes of this
 * machine.  Everything else is a child of the loop. */
#include "internal.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

extern char **environ;

/* Starts argv with its input from `in` and all output to `out`; -1 when it cannot be started. */
static pid_t start(const char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	failed = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return failed ? -1 : pid;
}

static int ms_until(int64_t due_ms)
{
	int64_t left = due_ms - clock_mono_ms();

	return left > 0 ? (int)left : 0;
}

/* False when the deadline comes first. */
static bool read_to_end(int fd, struct buf *ret_output, int64_t due_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char chunk[4096];
	ssize_t got;

	while (poll(&poll_fd, 1, ms_until(due_ms)) > 0) {
		got = read(fd, chunk, sizeof(chunk));
		if (got <= 0)
			return true;
		(void)buf_add(ret_output, chunk, (size_t)got);
	}
	return false;
}

static bool wait_for_end(pid_t pid, int64_t due_ms, int *ret_exit)
{
	auto_fd pidfd = pidfd_open(pid, 0);
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	bool is_over = pidfd < 0 || poll(&poll_fd, 1, ms_until(due_ms)) > 0;
	int status = 0;

	if (!is_over)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return is_over;
}

bool tool_run(const char *const *argv, const char *input, struct buf *ret_output, int *ret_exit,
	      int64_t deadline_ms)
{
	int64_t due_ms = clock_mono_ms() + deadline_ms;
	int in[2], out[2];
	pid_t pid;
	bool is_fed, is_read, is_over;

	if (pipe2(in, O_CLOEXEC) != 0)
		return false;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return false;
	}
	/* Less than a pipe holds, so that it never blocks; and while we hold the other end, too, it
	 * raises no signal. */
	is_fed = !input || write(in[1], input, strlen(input)) == (ssize_t)strlen(input);
	pid = is_fed ? start(argv, in[0], out[1]) : -1;
	close(in[0]);
	close(in[1]);
	close(out[1]);
	is_read = pid > 0 && read_to_end(out[0], ret_output, due_ms);
	close(out[0]);
	is_over = pid > 0 && wait_for_end(pid, is_read ? due_ms : 0, ret_exit);
	return is_read && is_over;
}
