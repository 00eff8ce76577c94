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

/* The value behind "name" (and a colon or blanks) in a text of lines; 0 if absent. */
int64_t field_of(const char *text, const char *name);
/* A small file, whole; never NULL.  The caller owns it. */
char *proc_read(const char *path);

#endif
