/* Processes that the bench starts.  Each has a deadline, is ended by its pid, and dies with the
 * thread that started it. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "buf.h"
#include "error.h"

struct process {
	pid_t pid; /* 0: none */
	int pidfd;
};

struct process_options {
	const char *const *argv;
	const char *const *env; /* whole environment; NULL: ours */
	int in, out, errors;    /* descriptors; 0: the null device */
	int death_signal;       /* what it gets when we die; 0: SIGKILL */
};

bool process_start(const struct process_options *options, struct process *ret_process,
		   struct error *err) must_check;
/* Waits for its end and reaps it.  ret_status as from waitpid. */
bool process_wait(struct process *process, int64_t deadline_ns, int *ret_status,
		  struct error *err) must_check;
/* SIGKILL, and reaped.  None is allowed. */
void process_end(struct process *process);

/* Where what a process prints goes, besides being counted. */
struct process_run {
	const char *const *argv;
	const char *const *env;
	int64_t deadline_ns;
	struct buf *output; /* may be NULL; what passes its cap is dropped */
	int64_t bytes;      /* printed to standard output */
};
/* Runs it to its end; a status other than 0 is an error that has the end of its standard error. */
bool process_run(struct process_run *run, struct error *err) must_check;

#endif
