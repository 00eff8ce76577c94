/* Process 1 of the container: makes the house ready, then answers events for ever.  It never blocks
 * and needs no fork to answer, so that it still listens when every process id is taken, and it ends
 * only with the container. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 32 };

static struct agent the_agent;

bool watch(struct agent *agent, int fd, uint32_t events, enum source source, unsigned index,
	   uint32_t number)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)source << 56 | (uint64_t)index << 32 | number,
	};

	return epoll_ctl(agent->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void unwatch(struct agent *agent, int fd)
{
	epoll_ctl(agent->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void unwatch_close(struct agent *agent, int *fd)
{
	if (*fd < 0)
		return;
	unwatch(agent, *fd);
	close(*fd);
	*fd = -1;
}

void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* What is missing in the image; failures show when a command needs the place. */
static void prepare_house(void)
{
	umask(0);
	/* Podman makes the root directory 0555, and root without capabilities is bound by that. */
	chmod("/", 0755);
	mkdir("/workspace", 0755);
	mkdir("/root", 0700);
	mkdir("/tmp", 01777);
	chmod("/tmp", 01777);
	umask(022);
	if (chdir("/workspace") < 0)
		(void)!chdir("/");
	/* Only with CAP_SYS_RESOURCE; else we are merely the smallest process of all. */
	kernel_write("/proc/self/oom_score_adj", "-1000");
}

/* Standard streams of process 1 lead to the container's log: nothing of ours goes there, and no
 * command may inherit them. */
static void drop_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

/* None is ignored, because commands would inherit that.  By the bare system call: the C library
 * keeps 32 to 34 to itself, and make(1), for one, hands them down ignored. */
static void default_signals(void)
{
	const unsigned long as_born[4] = {
		0
	}; /* the kernel's struct sigaction: SIG_DFL, no flags */

	for (int i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, as_born, NULL, NSIG / 8);
}

static bool open_signals(struct agent *agent)
{
	sigset_t all;
	sigset_t wanted;

	/* Blocked ones wait for signalfd. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	default_signals();
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGUSR1);
	agent->signals = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
	return agent->signals >= 0 && watch(agent, agent->signals, EPOLLIN, FROM_SIGNALS, 0, 0);
}

/* The way in when every process id is taken and no link is up: no exec can start then, but a signal
 * from outside needs no process. */
static void clear_house(struct agent *agent)
{
	for (unsigned i = 0; i < agent->commands_top; i++)
		agent->commands[i].tree.killing.ordered = true;
	kill_everything();
}

/* A sender of 0 is outside of our pid namespace.  Nobody inside may order us, but can have a 0
 * written there by other means than kill(2): sigqueue with a number of its own, or SIGIO turned
 * into another signal (F_SETSIG). */
static bool is_from_outside(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_USER && info->ssi_pid == 0;
}

static void signals_ready(struct agent *agent)
{
	struct signalfd_siginfo info;

	while (read(agent->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (!is_from_outside(&info))
			continue;
		if (info.ssi_signo == SIGTERM)
			agent->leaving = true;
		if (info.ssi_signo == SIGUSR1)
			clear_house(agent);
	}
	/* Supervisors, whose end their report pipes tell, and everybody's orphans. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* The command in a slot, if the event is about it and not about an earlier one. */
static struct command *command_at(struct agent *agent, unsigned index, uint32_t stream)
{
	struct command *command = &agent->commands[index];

	if (command->state == COMMAND_FREE || command->stream != stream)
		return NULL;
	return command;
}

static void command_event(struct agent *agent, struct command *command, enum source source)
{
	if (source == FROM_STDIN) {
		command->input.writable = true;
		input_drain(agent, command);
	} else if (source == FROM_REPORTS) {
		command_reported(agent, command);
	} else {
		struct output *output = source == FROM_STDOUT   ? &command->out
					: source == FROM_STDERR ? &command->err
								: &command->outcome;

		output->readable = true;
		output_fill(agent, command, output);
		command_settle(agent, command);
	}
}

static void link_event(struct agent *agent, enum source source, uint32_t generation)
{
	if (!link_is_open(agent) || generation != agent->link.generation)
		return;
	if (source == FROM_LINK_IN)
		agent->link.readable = true;
	else if (source == FROM_LINK_OUT)
		agent->link.writable = true;
	else
		link_close(agent); /* the link process says nothing, so it is gone */
}

static void dispatch(struct agent *agent, uint64_t data)
{
	enum source source = (enum source)(data >> 56);
	unsigned index = (unsigned)(data >> 32) & 0xffffff;
	uint32_t number = (uint32_t)data;
	struct command *command;

	switch (source) {
	case FROM_DOOR:
		door_ready(agent);
		break;
	case FROM_GUEST:
		guest_ready(agent, index);
		break;
	case FROM_BELL:
		meeting_seek(agent);
		break;
	case FROM_SIGNALS:
		signals_ready(agent);
		break;
	case FROM_LINK_IN:
	case FROM_LINK_OUT:
	case FROM_LINK_SESSION:
		link_event(agent, source, number);
		break;
	case FROM_REPORTS:
	case FROM_STDIN:
	case FROM_STDOUT:
	case FROM_STDERR:
	case FROM_OUTCOME:
		command = command_at(agent, index, number);
		if (command)
			command_event(agent, command, source);
		break;
	case FROM_CONTEXT:
		context_reported(agent, &agent->contexts[index]);
		break;
	case FROM_CONTEXT_OUTPUT:
		context_printed(agent, &agent->contexts[index]);
		break;
	case FROM_DRAIN:
		drain_ready(agent, index);
		break;
	case FROM_SYNC:
		upload_synced(agent, index, number);
		break;
	case FROM_INOTIFY:
		inotify_ready(agent);
		break;
	}
}

/* Does what is due; returns how long nothing else will be, in milliseconds, -1: for ever. */
static int tick(struct agent *agent)
{
	uint64_t now = now_ms();
	uint64_t next;

	if (agent->ends_ms <= now)
		agent->leaving = true;
	meeting_tick(agent, now);
	next = meeting_deadline(agent);
	next = agent->ends_ms < next ? agent->ends_ms : next;
	contexts_tick(agent, now);
	next = contexts_deadline(agent) < next ? contexts_deadline(agent) : next;
	observers_tick(agent, now);
	next = observers_deadline(agent) < next ? observers_deadline(agent) : next;
	for (unsigned i = 0; i < agent->commands_top; i++) {
		struct command *command = &agent->commands[i];
		uint64_t deadline;

		if (command->state == COMMAND_FREE)
			continue;
		command_tick(agent, command, now);
		deadline = command_deadline(command);
		next = deadline < next ? deadline : next;
	}
	if (link_has_work(agent) || tasks_have_work(agent) || next <= now)
		return 0;
	if (next == UINT64_MAX)
		return -1;
	return next - now > 60000 ? 60000 : (int)(next - now);
}

static void turn(struct agent *agent)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int timeout = tick(agent);
	int count;

	link_flush(agent);
	count = epoll_wait(agent->epoll, events, EVENTS_AT_ONCE, timeout);
	for (int i = 0; i < count; i++)
		dispatch(agent, events[i].data.u64);
	link_read(agent);
	tasks_step(agent);
	link_flush(agent);
}

static bool agent_init(struct agent *agent)
{
	meeting_init(agent);
	files_init(agent);
	uploads_init(agent);
	agent->inotify = -1;
	for (int i = 0; i < GUESTS_MAX; i++)
		agent->guests[i] = -1;
	for (int i = 0; i < DRAINS_MAX; i++)
		agent->drains[i] = -1;
	if (getrandom(&agent->boot, sizeof(agent->boot), 0) != (ssize_t)sizeof(agent->boot))
		agent->boot = now_ms();
	agent->started_ms = now_ms();
	agent->ends_ms = UINT64_MAX;
	agent->epoll = epoll_create1(EPOLL_CLOEXEC);
	return agent->epoll >= 0 && open_signals(agent) && link_init(agent);
}

int init_run(void)
{
	struct agent *agent = &the_agent;

	if (getpid() != 1) {
		fputs("agent init must be process 1\n", stderr);
		return 1;
	}
	if (!agent_init(agent) || !door_open(agent)) {
		perror("agent init");
		return 1;
	}
	prepare_house();
	drop_standard_streams();
	cgroup_find(&agent->cgroup);
	meeting_seek(agent);
	while (!agent->leaving)
		turn(agent);
	kill_everything();
	return 0;
}
