/* SIGINT and SIGTERM end the bench in good order: every wait of it ends at once with
 * ERROR_CANCELLED, so that each part goes its way out and clears up what it made. */
#ifndef STOP_H
#define STOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "own.h"

/* Before any thread is started. */
bool stop_init(struct error *err) must_check;
bool stopping(void);
/* While something is cleared up, waits are waited out again. */
void stop_ignore(bool ignored);

/* Waits until fd is ready for events.  ERROR_TIMEOUT at the deadline, ERROR_CANCELLED when the
 * bench is stopping. */
bool wait_for_fd(int fd, short events, int64_t deadline_ns, struct error *err) must_check;
/* The same for several (at most WAIT_FDS_MAX); their revents say which. */
enum { WAIT_FDS_MAX = 3 };
bool wait_for_any(struct pollfd *fds, size_t count, int64_t deadline_ns,
		  struct error *err) must_check;
/* Waits until then. */
bool wait_until(int64_t then_ns, struct error *err) must_check;

#endif
