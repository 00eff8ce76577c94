/* Ending a whole tree.  A signal goes to every process of it once.  SIGKILL comes in passes: stop
 * all that are there, kill all that are there, and look again until nobody is left, because a
 * process may fork while we look.  Before the first, the supervisor is told to stay until its tree
 * is gone; otherwise what a dying main process leaves behind would pass to process 1 and be out of
 * sight.
 *
 * An interpreter is to survive the end of a call: it is interrupted as by Ctrl-C, and whoever is
 * outside of its process group (what was sent to the background) hears nothing.  Its supervisor is
 * told to stay only when that did not help. */
#include "internal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PASS_SLOWEST_MS = 50, PASSES_PATIENT = 60, ORPHAN_PASSES = 20 };

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

static void pass_once(struct tree *tree, uint64_t now)
{
	struct killing *killing = &tree->killing;
	size_t left = kill_pass(tree->supervisor, 0);
	unsigned pause = 1 + killing->passes / 2;

	killing->passes++;
	killing->pass_at_ms = now + (pause < PASS_SLOWEST_MS ? pause : PASS_SLOWEST_MS);
	/* Nobody left, and yet no report: somebody inside has stopped the supervisor. */
	if (left == 0)
		kill(tree->supervisor, SIGCONT);
	if (left == 0 && killing->passes > PASSES_PATIENT)
		kill(tree->supervisor, SIGKILL);
}

void tree_kill(struct tree *tree, uint64_t now)
{
	if (tree->supervisor <= 0)
		return;
	tree->killing.ordered = true;
	tree->killing.hard_at_ms = 0;
	supervisor_linger(tree->supervisor);
	pass_once(tree, now);
}

static void escalate(struct killing *killing, uint64_t now, uint64_t after_ms)
{
	if (after_ms > 0 && after_ms < UINT64_MAX - now &&
	    (!killing->hard_at_ms || now + after_ms < killing->hard_at_ms))
		killing->hard_at_ms = now + after_ms;
}

static void signal_tree(struct tree *tree, uint32_t signal)
{
	const pid_t *pids;
	size_t count = tree_find(tree->supervisor, 0, &pids);

	signal_all(pids, count, (int)signal);
}

static bool is_interrupt(const struct command *command, uint32_t signal, uint64_t escalate_ms)
{
	return command->call.is_code && escalate_ms > 0 && (signal == SIGTERM || signal == SIGINT);
}

void command_kill(struct command *command, uint32_t signal, uint64_t escalate_ms)
{
	struct tree *tree = &command->tree;
	uint64_t now = now_ms();

	if (!command_is_running(command) || tree->supervisor <= 0)
		return;
	if (signal == SIGKILL) {
		tree_kill(tree, now);
		return;
	}
	tree->killing.last_signal = signal;
	if (is_interrupt(command, signal, escalate_ms)) {
		tree->killing.ordered = true;
		if (tree->main > 0)
			kill(-tree->main, SIGINT);
	} else {
		if (escalate_ms > 0) {
			tree->killing.ordered = true;
			supervisor_linger(tree->supervisor);
		}
		signal_tree(tree, signal);
	}
	escalate(&tree->killing, now, escalate_ms);
}

void tree_tick(struct tree *tree, uint64_t now)
{
	struct killing *killing = &tree->killing;

	if (killing->hard_at_ms && now >= killing->hard_at_ms)
		tree_kill(tree, now);
	else if (killing->pass_at_ms && now >= killing->pass_at_ms)
		pass_once(tree, now);
}

uint64_t tree_deadline(const struct tree *tree)
{
	uint64_t hard = tree->killing.hard_at_ms ? tree->killing.hard_at_ms : UINT64_MAX;
	uint64_t pass = tree->killing.pass_at_ms ? tree->killing.pass_at_ms : UINT64_MAX;

	return hard < pass ? hard : pass;
}

void tree_kill_orphans(const struct tree *tree)
{
	/* The main process is ours now, its session still tells most of its tree. */
	for (int i = 0; i < ORPHAN_PASSES && kill_pass(0, tree->main) > 0; i++)
		;
}

void kill_everything(void)
{
	for (int i = 0; i < ORPHAN_PASSES && kill(-1, SIGKILL) == 0; i++)
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}
