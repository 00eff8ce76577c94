/* Ending a whole tree.  A signal goes to every process of it once.  SIGKILL comes in passes: stop
 * all that are there, kill all that are there, and look again until nobody is left, because a
 * process may fork while we look.  Before the first, the supervisor is told to stay until its tree
 * is gone; otherwise what a dying main process leaves behind would pass to process 1 and be out of
 * sight. */
#include "internal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PASS_SLOWEST_MS = 50, PASSES_PATIENT = 60, ORPHAN_PASSES = 20 };

static bool is_running(const struct command *command)
{
	return command->state == COMMAND_STARTING || command->state == COMMAND_RUNNING;
}

static size_t signal_all(const pid_t *pids, size_t count, int signal)
{
	for (size_t i = 0; i < count; i++)
		kill(pids[i], signal);
	return count;
}

/* One pass of stop and kill; returns how many were there. */
static size_t kill_pass(pid_t supervisor, pid_t session)
{
	const pid_t *pids;
	size_t count = tree_find(supervisor, session, &pids);

	signal_all(pids, count, SIGSTOP);
	return signal_all(pids, count, SIGKILL);
}

static void pass_once(struct command *command, uint64_t now)
{
	struct killing *killing = &command->killing;
	size_t left = kill_pass(command->supervisor, 0);
	unsigned pause = 1 + killing->passes / 2;

	killing->passes++;
	killing->pass_at_ms = now + (pause < PASS_SLOWEST_MS ? pause : PASS_SLOWEST_MS);
	/* Nobody left, and yet no report: somebody inside has stopped the supervisor. */
	if (left == 0)
		kill(command->supervisor, SIGCONT);
	if (left == 0 && killing->passes > PASSES_PATIENT)
		kill(command->supervisor, SIGKILL);
}

void command_kill(struct command *command, uint32_t signal, uint64_t escalate_ms)
{
	struct killing *killing = &command->killing;
	uint64_t now = now_ms();
	const pid_t *pids;
	size_t count;

	if (!is_running(command) || command->supervisor <= 0)
		return;
	if (signal == SIGKILL || escalate_ms > 0) {
		killing->ordered = true;
		supervisor_linger(command->supervisor);
	}
	if (signal == SIGKILL) {
		killing->hard_at_ms = 0;
		pass_once(command, now);
		return;
	}
	killing->last_signal = signal;
	count = tree_find(command->supervisor, 0, &pids);
	signal_all(pids, count, (int)signal);
	if (escalate_ms > 0 && escalate_ms < UINT64_MAX - now &&
	    (!killing->hard_at_ms || now + escalate_ms < killing->hard_at_ms))
		killing->hard_at_ms = now + escalate_ms;
}

void command_kill_tick(struct command *command, uint64_t now)
{
	struct killing *killing = &command->killing;

	if (!is_running(command))
		return;
	if (killing->hard_at_ms && now >= killing->hard_at_ms) {
		killing->hard_at_ms = 0;
		pass_once(command, now);
	} else if (killing->pass_at_ms && now >= killing->pass_at_ms) {
		pass_once(command, now);
	}
}

void command_kill_orphans(const struct command *command)
{
	/* The main process is ours now, its session still tells most of its tree. */
	for (int i = 0; i < ORPHAN_PASSES && kill_pass(0, command->main) > 0; i++)
		;
}

void kill_everything(void)
{
	for (int i = 0; i < ORPHAN_PASSES && kill(-1, SIGKILL) == 0; i++)
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}
