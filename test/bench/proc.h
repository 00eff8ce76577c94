/* What the kernel says about processes. */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stdint.h>
#include "own.h"

/* A process other than ours whose command line has this text in it; 0: none. */
int proc_names(const char *text);
/* The child of parent whose command line has this text in it; 0: none. */
int proc_child(int parent, const char *text);

/* KiB of a line of /proc/PID/status ("VmRSS", "VmHWM"); 0 when it is gone. */
int64_t proc_status_kib(int pid, const char *line);
/* KiB of a line of /proc/PID/smaps_rollup ("Pss", "Rss"). */
int64_t proc_rollup_kib(int pid, const char *line);
/* Makes VmHWM start again from what is resident now. */
void proc_reset_peak(int pid);
/* Processor time used so far, user and system. */
double proc_cpu_ms(int pid);

/* Sums a line of smaps_rollup over the processes of that name (comm) that have `words` in their
 * command line, and `owner` in theirs or their parent's: other servers have processes of the same
 * name. */
struct proc_sum {
	int count;
	int64_t kib;
};
struct proc_sum proc_sum_kib(const char *comm, const char *words, const char *owner,
			     const char *line);

/* Processor time of a server and of all that works for it: the processes that have `owner` in their
 * command line or their parent's (Podman's service, monitors, agents).  What they have reaped
 * counts too, so that a helper which comes and goes is seen. */
enum { PROC_USAGE_MAX = 4096 };
struct proc_usage {
	int count;
	int pids[PROC_USAGE_MAX]; /* the server first */
	double ms[PROC_USAGE_MAX];
};
void proc_usage(int server, const char *owner, struct proc_usage *ret_usage);
/* Milliseconds from then to now; of those that came in between, all they have used. */
double proc_usage_since(const struct proc_usage *then, const struct proc_usage *now);

/* The value behind "name" (and a colon or blanks) in a text of lines; 0 if absent. */
int64_t field_of(const char *text, const char *name);
/* A small file, whole; never NULL.  The caller owns it. */
char *proc_read(const char *path);

#endif
