/* The process between process 1 and a command's main process.  It is a child subreaper, so that
 * whatever the command starts, children that called setsid or forked twice included, stays below it
 * and can be found.  It reports how the program ended, and is gone; what still
 * lives then goes to process 1 and lives on.
 *
 * It is a fork without exec of process 1: not dumpable, every signal blocked, and of no use to
 * anybody who would stop it but to end that one command. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	REPORTS_FD = 3,  /* the one descriptor that a supervisor keeps beside the standard ones */
	REQUESTS_FD = 3, /* the three of an interpreter */
	OUTCOMES_FD = 4,
	INTERPRETER_REPORTS_FD = 5,
	HIGH_FD = 16,
	DESCRIPTORS_MAX = 4096,
};

static void close_from(unsigned first)
{
	if (syscall(SYS_close_range, first, ~0u, 0) == 0)
		return;
	for (unsigned fd = first; fd < DESCRIPTORS_MAX; fd++)
		close((int)fd);
}

/* --- the main process, until exec -------------------------------------------------------- */

/* Process 1 leaves every signal at its default and only blocks them. */
static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Each of the three may lie where another is to be: first up, out of the way. */
static int arrange_interpreter(const struct plan *plan)
{
	int requests = fcntl(plan->fds[PIPE_IN], F_DUPFD, HIGH_FD);
	int outcomes = fcntl(plan->fds[PIPE_OUTCOME], F_DUPFD, HIGH_FD);
	int reports = fcntl(plan->fds[PIPE_REPORTS], F_DUPFD, HIGH_FD);

	dup2(requests, REQUESTS_FD);
	dup2(outcomes, OUTCOMES_FD);
	dup2(reports, INTERPRETER_REPORTS_FD);
	return INTERPRETER_REPORTS_FD;
}

/* Returns where the reports go. */
static int arrange_descriptors(const struct plan *plan)
{
	int reports = REPORTS_FD;

	/* All of ours lie above: process 1 keeps 0 to 2 on /dev/null, which is also where an
	 * interpreter reads its input. */
	dup2(plan->fds[PIPE_OUT], 1);
	dup2(plan->fds[PIPE_ERR], 2);
	if (plan->driver) {
		reports = arrange_interpreter(plan);
	} else {
		dup2(plan->fds[PIPE_IN], 0);
		if (plan->fds[PIPE_REPORTS] != reports)
			dup2(plan->fds[PIPE_REPORTS], reports);
	}
	fcntl(reports, F_SETFD, FD_CLOEXEC);
	close_from((unsigned)reports + 1);
	return reports;
}

static void say(int reports, const struct report *report)
{
	(void)!write(reports, report, sizeof(*report));
}

/* There will be no program. */
static void __attribute__((noreturn)) fail(int reports, enum report_where where)
{
	const struct report failed = { .kind = REPORT_FAILED, .number = errno, .where = where };

	say(reports, &failed);
	_exit(127);
}

static void __attribute__((noreturn)) become_program(const struct plan *plan)
{
	const char *shell = shell_path();
	const char *base = strrchr(shell, '/') + 1;
	const char *workdir = plan->start->workdir;
	/* "--": a command may begin with a hyphen. */
	char *arguments[] = { (char *)(uintptr_t)base, (char *)(uintptr_t) "-c",
			      (char *)(uintptr_t) "--", (char *)(uintptr_t)plan->start->command,
			      NULL };
	const struct report started = { .kind = REPORT_STARTED, .main = getpid() };
	int reports;

	setsid();
	reports = arrange_descriptors(plan);
	if (chdir(workdir[0] ? workdir : "/workspace") < 0)
		fail(reports, AT_CHDIR);
	umask(022);
	unblock_signals();
	/* Before any foreign code runs: it could kill the supervisor before that says a word, and
	 * process 1 must know what to take along then. */
	say(reports, &started);
	execve(shell, arguments, env_build(plan->start, shell, plan->driver));
	fail(reports, AT_EXEC);
}

/* --- the supervisor ---------------------------------------------------------------------- */

/* So that the OOM killer takes a command before it takes process 1.  The file of a process that is
 * not dumpable cannot be written, so this has to wait until the program is there. */
static void offer_to_oom_killer(pid_t main_pid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)main_pid);
	kernel_write(path, "300");
}

/* Makes the main process; when this returns it is the program, or is no more, and has said which.
 */
static pid_t main_start(const struct plan *plan)
{
	/* A plain fork would copy page tables that exec throws away: a sixth of the processor time
	 * of a short command.  The child does what vfork(2) of Linux allows: it shares our memory,
	 * and we stand still until its exec. */
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */

	if (pid == 0)
		become_program(plan); /* NOLINT(clang-analyzer-unix.Vfork) */
	if (pid < 0)
		fail(plan->fds[PIPE_REPORTS], AT_FORK);
	return pid;
}

static bool is_linger_order(const siginfo_t *info)
{
	/* Only kill(2) of process 1 itself looks like this; nobody can forge si_code and si_pid. */
	return info->si_signo == SIGUSR1 && info->si_code == SI_USER && info->si_pid == 1;
}

/* Waits for the next signal and takes those that are pending; sets *linger once told to. */
static void wait_for_signals(bool block, bool *linger)
{
	static const struct timespec at_once;
	sigset_t wanted;
	siginfo_t info;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGUSR1);
	if (block && sigwaitinfo(&wanted, &info) > 0)
		*linger |= is_linger_order(&info);
	while (sigtimedwait(&wanted, &info, &at_once) > 0)
		*linger |= is_linger_order(&info);
}

/* Reaps until the main process is gone; when told to linger, until everybody is. */
static void reap_all(pid_t main_pid, int *ret_status)
{
	bool main_lives = true;
	bool linger = false;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == main_pid) {
			*ret_status = status;
			main_lives = false;
		}
		if (pid > 0)
			continue;
		if (pid < 0)
			return;
		if (main_lives || linger) {
			wait_for_signals(true, &linger);
			continue;
		}
		/* The SIGCHLD that is taken here belongs to a child that is waited for anew. */
		wait_for_signals(false, &linger);
		if (!linger)
			return;
	}
}

static void measure(struct report *report)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	report->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			 (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	report->memory_peak = (uint64_t)usage.ru_maxrss * 1024;
}

void supervise(const struct plan *plan)
{
	struct report report = { .kind = REPORT_ENDED };

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	report.main = main_start(plan);
	offer_to_oom_killer(report.main);
	/* No copy of a pipe of the command may stay here, nor anything of process 1. */
	if (plan->fds[PIPE_REPORTS] != REPORTS_FD)
		dup2(plan->fds[PIPE_REPORTS], REPORTS_FD);
	close_from(REPORTS_FD + 1);
	reap_all(report.main, &report.status);
	measure(&report);
	say(REPORTS_FD, &report);
	_exit(0);
}

void supervisor_linger(pid_t supervisor)
{
	kill(supervisor, SIGUSR1);
}
