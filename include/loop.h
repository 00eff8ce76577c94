/* The event loop: descriptors, timers, deferred calls, signals, children and a few helper threads
 * for work that burns CPU.  libuv is inside and visible nowhere else.
 *
 * One thread.  A callback must not block.  Every callback runs from loop_run, never from inside the
 * function that registered it.  After watch_close, timer_stop, deferred_cancel, signal_close or
 * child_forget has returned, that object's callback is not called again; the pointer is dead. */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "own.h"

struct loop;

struct loop *loop_new(struct error *err) must_check;
/* Everything that was registered must have been closed before. */
void loop_free(struct loop *loop);
/* Runs until loop_stop. */
void loop_run(struct loop *loop);
/* Makes loop_run return after the current turn.  Callable from any callback. */
void loop_stop(struct loop *loop);

/* --- descriptors ------------------------------------------------------------------------ */

enum loop_event { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

struct watch;
/* events: the ones that are ready; on a broken descriptor all that were asked for. */
typedef void watch_fn(void *ctx, unsigned events);

/* Watches fd (not owned; close it after watch_close) and makes it non-blocking.  fd must be
 * pollable: not a regular file, and not watched twice. */
struct watch *watch_open(struct loop *loop, int fd, unsigned events, watch_fn *on_ready, void *ctx,
			 struct error *err) must_check;
/* Changes what is waited for; 0 pauses the watch. */
void watch_set(struct watch *watch, unsigned events);
/* NULL is allowed. */
void watch_close(struct watch *watch);

/* --- time ------------------------------------------------------------------------------- */

struct timer;
typedef void timer_fn(void *ctx);

/* Calls on_due after delay_ms and then, if repeat_ms is not 0, every repeat_ms.  A timer that has
 * fired once and does not repeat still has to be given to timer_stop. */
struct timer *timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms, timer_fn *on_due,
			  void *ctx);
/* Starts the delay anew. */
void timer_reset(struct timer *timer, int64_t delay_ms);
/* NULL is allowed; allowed inside the timer's own callback. */
void timer_stop(struct timer *timer);

/* --- later in this turn ----------------------------------------------------------------- */

struct deferred;
typedef void deferred_fn(void *ctx);

/* Calls fn once, soon, from the loop; then the object is gone and the pointer dead. */
struct deferred *loop_defer(struct loop *loop, deferred_fn *fn, void *ctx);
/* Only before it has run.  NULL is allowed. */
void deferred_cancel(struct deferred *deferred);

/* --- signals ---------------------------------------------------------------------------- */

struct signal_watch;
typedef void signal_fn(void *ctx, int number);

struct signal_watch *signal_open(struct loop *loop, int number, signal_fn *on_signal, void *ctx,
				 struct error *err) must_check;
void signal_close(struct signal_watch *watch);

/* --- children --------------------------------------------------------------------------- */

struct child;
/* Called once.  exit_code is -1 when a signal ended it. */
typedef void child_exit_fn(void *ctx, int exit_code, int signal);
/* A piece of what the child printed (standard output and error, mixed), as it arrives. */
typedef void child_output_fn(void *ctx, const char *data, size_t len);

struct child_options {
	const char *const *argv; /* argv[0] is looked up in PATH; NULL-terminated */
	const char *const *env;  /* "NAME=value" …, NULL-terminated; NULL: ours */
	const char *cwd;         /* NULL: ours */
	const char *stdin_text;  /* fed to standard input, which is then closed; NULL: /dev/null */
	child_output_fn *on_output; /* NULL: goes to our standard error */
	child_exit_fn *on_exit;     /* after the last output; the pointer is dead when it returns */
	void *ctx;
};

struct child *child_spawn(struct loop *loop, const struct child_options *options,
			  struct error *err) must_check;
int child_pid(const struct child *child);
void child_signal(struct child *child, int number);
/* No callback comes any more; the process itself is left alone (and still reaped). */
void child_forget(struct child *child);

/* --- other threads ---------------------------------------------------------------------- */

/* run works in a helper thread on ctx alone: it touches nothing that the loop thread may touch.
 * done is called from the loop afterwards, always. */
typedef void work_fn(void *ctx);
void loop_work(struct loop *loop, work_fn *run, work_fn *done, void *ctx);

#endif
