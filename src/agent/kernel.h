/* Private to src/agent: what is asked of the kernel through its small files. */
#ifndef AGENT_KERNEL_H
#define AGENT_KERNEL_H

#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CGROUP_PATH_MAX = 256 };

/* --- kernel.c ------------------------------------------------------------------------------ */

/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t now_ms(void);
/* Reads a small kernel file into text, NUL-terminated; false when that failed. */
bool kernel_read(const char *path, char *ret_text, size_t size);
/* As kernel_read, through a descriptor that stays open, from the start of the file. */
bool kernel_reread(int fd, char *ret_text, size_t size);
bool kernel_write(const char *path, const char *text);
/* The number behind `key` and blanks at the start of a line of text; UINT64_MAX when there is none.
 */
uint64_t text_number(const char *text, const char *key, int base);
/* The only number in a file; UINT64_MAX when there is none ("max"). */
uint64_t kernel_number(const char *dir, const char *name);

/* Calls on_line for each line of a file of any length; lines are cut after 1023 bytes. */
typedef void line_fn(void *ctx, char *line);
void kernel_lines(const char *path, line_fn *on_line, void *ctx);

/* --- cgroup.c ------------------------------------------------------------------------------ */

/* The folders of our own cgroup; "" where there is none. */
struct cgroup {
	char memory[CGROUP_PATH_MAX];
	char cpu[CGROUP_PATH_MAX];
	char cpuacct[CGROUP_PATH_MAX];
	char pids[CGROUP_PATH_MAX];
	char unified[CGROUP_PATH_MAX];
	int oom_fd;  /* the file with the line "oom_kill N"; -1: none */
	int pids_fd; /* pids.events */
};
void cgroup_find(struct cgroup *cgroup);
/* How often the memory limit killed, and how often the pids limit refused, up to now. */
uint64_t cgroup_oom_count(const struct cgroup *cgroup);
uint64_t cgroup_pids_count(const struct cgroup *cgroup);
void cgroup_limits(const struct cgroup *cgroup, struct wire_hello *hello);
void cgroup_usage(const struct cgroup *cgroup, struct wire_used *used);

#endif
