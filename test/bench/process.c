/* Starting, waiting, and running to the end with the output read. */
#include "process.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;

/* Between fork and exec: only what is safe in a child of a program with threads. */
static void become(const struct process_options *options, int null_fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* A Ctrl-C at the terminal is ours to pass on, in our order. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, options->death_signal ? options->death_signal : SIGKILL);
	dup2(options->in ? options->in : null_fd, STDIN_FILENO);
	dup2(options->out ? options->out : null_fd, STDOUT_FILENO);
	dup2(options->errors ? options->errors : null_fd, STDERR_FILENO);
	execvpe(options->argv[0], (char *const *)options->argv,
		options->env ? (char *const *)options->env : environ);
	_exit(127);
}

bool process_start(const struct process_options *options, struct process *ret_process,
		   struct error *err)
{
	auto_fd null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = fork();

	if (pid == 0)
		become(options, null_fd);
	if (pid < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot fork");
	*ret_process = (struct process){ .pid = pid, .pidfd = pidfd_open(pid, 0) };
	if (ret_process->pidfd >= 0)
		return true;
	error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot watch process %d", pid);
	process_end(ret_process);
	return false;
}

static int reap(struct process *process)
{
	int status = 0;

	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (process->pidfd >= 0)
		close(process->pidfd);
	*process = (struct process){ 0 };
	return status;
}

bool process_wait(struct process *process, int64_t deadline_ns, int *ret_status, struct error *err)
{
	if (!wait_for_fd(process->pidfd, POLLIN, deadline_ns, err))
		return false;
	*ret_status = reap(process);
	return true;
}

void process_end(struct process *process)
{
	if (process->pid <= 0)
		return;
	(void)kill(process->pid, SIGKILL);
	(void)reap(process);
}

static void auto_process_(struct process *process)
{
	process_end(process);
}

/* Takes what is there; false at the end of it. */
static bool drain(int fd, struct buf *text, int64_t *bytes)
{
	char chunk[65536];
	ssize_t len;

	while ((len = read(fd, chunk, sizeof(chunk))) > 0) {
		if (text)
			(void)buf_add(text, chunk, (size_t)len);
		*bytes += len;
	}
	return len < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Until the process is gone: a child of it that lives on may hold the pipes. */
static bool read_all(struct process_run *run, struct process *process, const int fds[2],
		     struct buf *complaint, struct error *err)
{
	struct pollfd polls[] = {
		{ .fd = process->pidfd, .events = POLLIN },
		{ .fd = fds[0], .events = POLLIN },
		{ .fd = fds[1], .events = POLLIN },
	};
	int64_t other = 0;

	do {
		if (!wait_for_any(polls, 3, run->deadline_ns, err))
			return false;
		if (!drain(fds[0], run->output, &run->bytes))
			polls[1].fd = -1;
		if (!drain(fds[1], complaint, &other))
			polls[2].fd = -1;
	} while (!polls[0].revents);
	return true;
}

static bool judge(const struct process_run *run, int status, const struct buf *complaint,
		  struct error *err)
{
	const char *text = buf_text(complaint);
	size_t len = strcspn(text, "\n");

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return error_set(err, ERROR_UNAVAILABLE, "%s ended with status %#x: %.*s", run->argv[0],
			 (unsigned)status, len > 300 ? 300 : (int)len, text);
}

bool process_run(struct process_run *run, struct error *err)
{
	__attribute__((cleanup(auto_process_))) struct process process = { 0 };
	auto_buf complaint = BUF_INIT(65536);
	int out[2], errors[2];
	int status;
	bool done;

	if (pipe2(out, O_CLOEXEC) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "no pipe");
	if (pipe2(errors, O_CLOEXEC) != 0) {
		close(out[0]);
		close(out[1]);
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "no pipe");
	}
	done = process_start(
		&(struct process_options){
			.argv = run->argv, .env = run->env, .out = out[1], .errors = errors[1] },
		&process, err);
	close(out[1]);
	close(errors[1]);
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(errors[0], F_SETFL, O_NONBLOCK);
	done = done && read_all(run, &process, (int[]){ out[0], errors[0] }, &complaint, err);
	close(out[0]);
	close(errors[0]);
	return done && process_wait(&process, run->deadline_ns, &status, err) &&
	       judge(run, status, &complaint, err);
}
