/* One thread takes the signals and makes an eventfd readable for ever; every wait watches it. */
#include "stop.h"
#include "stats.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

static int stop_fd = -1;
static atomic_bool is_stopping;
static atomic_bool is_ignored;

static void *take_signals(void *signals)
{
	int number;

	while (sigwait(signals, &number) == 0) {
		atomic_store(&is_stopping, true);
		(void)eventfd_write(stop_fd, 1);
	}
	return NULL;
}

bool stop_init(struct error *err)
{
	static sigset_t signals;
	pthread_t thread;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0 || pthread_create(&thread, NULL, take_signals, &signals) != 0)
		return error_set(err, ERROR_INTERNAL, "cannot watch for signals");
	pthread_detach(thread);
	return true;
}

bool stopping(void)
{
	return atomic_load(&is_stopping) && !atomic_load(&is_ignored);
}

void stop_ignore(bool ignored)
{
	atomic_store(&is_ignored, ignored);
}

static struct timespec time_left(int64_t deadline_ns)
{
	int64_t left = deadline_ns - now_ns();

	if (left < 0)
		left = 0;
	return (struct timespec){ .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
}

bool wait_for_any(struct pollfd *fds, size_t count, int64_t deadline_ns, struct error *err)
{
	struct pollfd all[WAIT_FDS_MAX + 1];

	for (;;) {
		struct timespec left = time_left(deadline_ns);
		int ready;

		memcpy(all, fds, count * sizeof(*fds));
		all[count] = (struct pollfd){ atomic_load(&is_ignored) ? -1 : stop_fd, POLLIN, 0 };
		ready = ppoll(all, count + 1, &left, NULL);
		if (ready > 0 && all[count].revents)
			return error_set(err, ERROR_CANCELLED, "the bench was interrupted");
		memcpy(fds, all, count * sizeof(*fds));
		if (ready > 0)
			return true;
		if (ready == 0)
			return error_set(err, ERROR_TIMEOUT, "no answer in time");
		if (errno != EINTR)
			return error_set_errno(err, ERROR_INTERNAL, errno, "waiting");
	}
}

bool wait_for_fd(int fd, short events, int64_t deadline_ns, struct error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return wait_for_any(&poll_fd, 1, deadline_ns, err);
}

bool wait_until(int64_t then_ns, struct error *err)
{
	struct error wait_err;

	if (wait_for_fd(-1, 0, then_ns, &wait_err) || wait_err.kind == ERROR_TIMEOUT)
		return true;
	*err = wait_err;
	return false;
}
