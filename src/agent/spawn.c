/* Starting a command: its pipes, and the fork of its supervisor.  Process 1 never waits for the new
 * program: whether it runs is a report of the supervisor. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The texts of the order being started.  The children read them where they lie. */
static char room[WIRE_PAYLOAD_MAX + 3 + ENV_MAX];
static const char *order_env[ENV_MAX];

/* The ends of a command's four pipes: ours, and those of its supervisor. */
enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_REPORTS, PIPES };
struct pipes {
	int ours[PIPES];
	int theirs[PIPES];
};

static void close_all(int fds[PIPES])
{
	for (int i = 0; i < PIPES; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static bool pipes_open(struct pipes *pipes)
{
	for (int i = 0; i < PIPES; i++)
		pipes->ours[i] = pipes->theirs[i] = -1;
	for (int i = 0; i < PIPES; i++) {
		bool we_write = i == PIPE_IN;
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0) {
			int number = errno;

			close_all(pipes->ours);
			close_all(pipes->theirs);
			errno = number;
			return false;
		}
		pipes->ours[i] = ends[we_write];
		pipes->theirs[i] = ends[!we_write];
		set_nonblocking(pipes->ours[i]);
	}
	return true;
}

static bool pipes_watch(struct agent *agent, struct command *command)
{
	unsigned index = (unsigned)(command - agent->commands);
	uint32_t stream = command->stream;

	return watch(agent, command->reports, EPOLLIN, FROM_REPORTS, index, stream) &&
	       watch(agent, command->input.fd, EPOLLOUT | EPOLLET, FROM_STDIN, index, stream) &&
	       watch(agent, command->out.fd, EPOLLIN | EPOLLET, FROM_STDOUT, index, stream) &&
	       watch(agent, command->err.fd, EPOLLIN | EPOLLET, FROM_STDERR, index, stream);
}

/* The command's half of the pipes becomes the command's own, whatever happens next. */
static void command_adopt(struct command *command, const struct pipes *pipes)
{
	command->input.fd = pipes->ours[PIPE_IN];
	command->out.fd = pipes->ours[PIPE_OUT];
	command->err.fd = pipes->ours[PIPE_ERR];
	command->reports = pipes->ours[PIPE_REPORTS];
}

static void command_spawn(struct agent *agent, struct command *command,
			  const struct wire_start *start)
{
	struct pipes pipes;
	struct plan plan = { .start = start };
	pid_t child;

	if (!pipes_open(&pipes)) {
		command_fail(agent, command, errno, "pipe");
		return;
	}
	plan.stdin_fd = pipes.theirs[PIPE_IN];
	plan.stdout_fd = pipes.theirs[PIPE_OUT];
	plan.stderr_fd = pipes.theirs[PIPE_ERR];
	plan.reports = pipes.theirs[PIPE_REPORTS];
	command_adopt(command, &pipes);
	/* Not into the command at once: the child would copy that page only to write it, too. */
	child = fork();
	if (child == 0)
		supervise(&plan);
	command->supervisor = child;
	if (child < 0)
		command_fail(agent, command, errno, "fork");
	else if (!pipes_watch(agent, command))
		command_fail(agent, command, errno, "watch");
	close_all(pipes.theirs);
}

bool command_start(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_start start;
	struct command *command;

	if (!wire_get_start(frame, room, order_env, ENV_MAX, &start))
		return false;
	command = command_new(agent, frame->stream);
	if (!command) {
		put_failed(&agent->link.control, WIRE_FAILED, frame->stream, EAGAIN, "commands");
		return true;
	}
	if (command->state == COMMAND_FAILED)
		return true;
	command->oom_before = cgroup_oom_count(&agent->cgroup);
	command->pids_before = cgroup_pids_count(&agent->cgroup);
	if (start.kill_after_ms > 0 && start.kill_after_ms < UINT64_MAX - command->started_ms)
		command->kill_at_ms = command->started_ms + start.kill_after_ms;
	command_spawn(agent, command, &start);
	return true;
}
