/* Starting a command: its pipes, and the fork of its supervisor.  Process 1 never waits for the new
 * program: whether it runs is a report of the supervisor. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/* The texts of the order being started.  The children read them where they lie. */
static char room[WIRE_PAYLOAD_MAX + 3 + ENV_MAX];
static const char *order_env[ENV_MAX];

/* The driver of the call that comes next, as an entry of its environment. */
#define DRIVER_NAME "SANDPOD_DRIVER="
static char driver[(sizeof(DRIVER_NAME) + WIRE_DRIVER_MAX + 4095) / 4096 * 4096]
	__attribute__((aligned(4096)));

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

static bool pipes_open(struct pipes *pipes, int count)
{
	for (int i = 0; i < PIPES; i++)
		pipes->ours[i] = pipes->theirs[i] = -1;
	for (int i = 0; i < count; i++) {
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

bool command_watch(struct agent *agent, struct command *command)
{
	unsigned index = (unsigned)(command - agent->commands);
	uint32_t stream = command->stream;

	return watch(agent, command->reports, EPOLLIN, FROM_REPORTS, index, stream) &&
	       watch(agent, command->input.fd, EPOLLOUT | EPOLLET, FROM_STDIN, index, stream) &&
	       watch(agent, command->out.fd, EPOLLIN | EPOLLET, FROM_STDOUT, index, stream) &&
	       watch(agent, command->err.fd, EPOLLIN | EPOLLET, FROM_STDERR, index, stream) &&
	       (command->outcome.fd < 0 ||
		watch(agent, command->outcome.fd, EPOLLIN | EPOLLET, FROM_OUTCOME, index, stream));
}

/* The command's half of the pipes becomes the command's own, whatever happens next. */
static void command_adopt(struct command *command, const struct pipes *pipes)
{
	command->input.fd = pipes->ours[PIPE_IN];
	command->out.fd = pipes->ours[PIPE_OUT];
	command->err.fd = pipes->ours[PIPE_ERR];
	command->reports = pipes->ours[PIPE_REPORTS];
	command->outcome.fd = pipes->ours[PIPE_OUTCOME];
}

static void command_spawn(struct agent *agent, struct command *command,
			  const struct wire_start *start)
{
	bool is_call = command->call.is_code;
	struct pipes pipes;
	struct plan plan = { .start = start, .driver = is_call ? driver : NULL };
	pid_t child;

	if (!pipes_open(&pipes, is_call ? PIPES : PIPE_OUTCOME)) {
		command_fail(agent, command, errno, "pipe");
		return;
	}
	memcpy(plan.fds, pipes.theirs, sizeof(plan.fds));
	command_adopt(command, &pipes);
	/* Not into the command at once: the child would copy that page only to write it, too. */
	child = fork();
	if (child == 0)
		supervise(&plan);
	command->tree.supervisor = child > 0 ? child : 0;
	if (child < 0)
		command_fail(agent, command, errno, "fork");
	else if (!command_watch(agent, command))
		command_fail(agent, command, errno, "watch");
	close_all(pipes.theirs);
}

/* NULL: it was refused, and that is told. */
static struct command *command_begin(struct agent *agent, uint32_t stream, uint64_t kill_after_ms)
{
	struct command *command = command_new(agent, stream);

	if (!command) {
		put_failed(&agent->link.control, WIRE_FAILED, stream, EAGAIN, "commands");
		return NULL;
	}
	if (command->state == COMMAND_FAILED)
		return NULL;
	command->oom_before = cgroup_oom_count(&agent->cgroup);
	command->pids_before = cgroup_pids_count(&agent->cgroup);
	if (kill_after_ms > 0 && kill_after_ms < UINT64_MAX - command->started_ms)
		command->kill_at_ms = command->started_ms + kill_after_ms;
	return command;
}

bool command_start(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_start start;
	struct command *command;

	if (!wire_get_start(frame, room, order_env, ENV_MAX, &start))
		return false;
	command = command_begin(agent, frame->stream, start.kill_after_ms);
	if (command)
		command_spawn(agent, command, &start);
	return true;
}

bool driver_take(struct agent *agent, const struct wire_frame *frame)
{
	size_t name = sizeof(DRIVER_NAME) - 1;

	(void)agent;
	if (frame->length > WIRE_DRIVER_MAX || memchr(frame->payload, '\0', frame->length))
		return false;
	memcpy(driver, DRIVER_NAME, name);
	memcpy(driver + name, frame->payload, frame->length);
	driver[name + frame->length] = '\0';
	return true;
}

bool call_start(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_call order;
	struct command *command;

	if (!wire_get_call(frame, room, order_env, ENV_MAX, &order))
		return false;
	command = command_begin(agent, frame->stream, order.start.kill_after_ms);
	if (command) {
		command->call.is_code = true;
		command->call.code_len = order.code_len;
	}
	if (command && context_lend(agent, command, &order) && command->call.began.fresh)
		command_spawn(agent, command, &order.start);
	if (command && command_is_running(command))
		call_request(agent, command);
	/* Nobody needs it any more, and an idle container is to be small. */
	madvise(driver, sizeof(driver), MADV_DONTNEED);
	return true;
}
