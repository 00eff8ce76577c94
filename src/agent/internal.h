/* What the files of the agent share.  One process, one thread, one epoll loop (init.c): every
 * descriptor is non-blocking, every buffer has a fixed size, and nothing is ever allocated with a
 * size that somebody else chooses.  All state hangs on one struct agent.
 *
 * Below stands the whole; the rest is in commands.h, contexts.h, files.h, tasks.h and kernel.h.
 *
 *	main.c       which role
 *	init.c       process 1: the loop, signals, timers
 *	meet.c       the way out to a server on this machine
 *	door.c       how a link comes in: the abstract socket, who may, and the role `agent link`
 *	link.c       bytes from and to the server; which frame goes next
 *	orders.c     what each frame of the server does
 *	command.c    the life of a command
 *	call.c       a command that is code; context.c the interpreters that run it
 *	spawn.c      pipes, the two forks, the new program's world
 *	supervise.c  the process between process 1 and a command
 *	output.c     stdout and stderr; input.c stdin
 *	kill.c       ending a whole tree; tree.c finding it
 *	file.c       files being read; upload.c files being written; place.c where those go
 *	task.c       long work on files, in steps; walk.c through a tree (tasks.h)
 *	list.c       what is in a folder; stat.c what is at a path
 *	watch.c      paths that are watched
 *	spot.c       what is to be taken away; remove.c a tree; move.c, copy.c to elsewhere
 *	hello.c      what is in force here; cgroup.c limits and counters
 *	kernel.c     small files of the kernel; env.c the environment of a command */
#ifndef AGENT_INTERNAL_H
#define AGENT_INTERNAL_H

#include "commands.h"
#include "contexts.h"
#include "files.h"
#include "kernel.h"
#include "tasks.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GUESTS_MAX = 4,
	OUT_ROOM = 2 * (WIRE_HEADER + WIRE_PAYLOAD_MAX),
	CONTROL_ROOM = 16 * 1024,
	ANSWER_MAX = WIRE_HEADER + 2 * WIRE_PATH_MAX + 64, /* the largest answer to one order */
};

/* --- the agent ------------------------------------------------------------------------------- */

/* Frames waiting in memory. */
struct box {
	uint8_t *data;
	size_t room;
	size_t len;
};

struct link_memory {
	struct wire_reader reader;
	uint8_t piece[WIRE_PAYLOAD_MAX + WIRE_HEADER];
	uint8_t out[OUT_ROOM];
	uint8_t control[CONTROL_ROOM];
};

struct link {
	uint32_t generation; /* so that an event of an earlier link is known as such */
	int in;              /* -1: there is no link */
	int out;
	int session; /* to the link process, which ends when this is closed; -1: there is none */
	bool readable;
	bool writable;
	struct link_memory *memory;
	struct box control; /* answers, in order */
	struct box sending; /* whole frames on their way out */
	size_t sent;        /* how much of that */
	unsigned turn;      /* whose data goes first next time */
};

/* Where the server of this machine is met. */
struct meeting {
	int dir;              /* a path descriptor; -1: nowhere */
	int bell;             /* -1 while it cannot be had */
	uint64_t again_at_ms; /* a call without a bell; 0: none */
	char name[72];
};

struct agent {
	int epoll;
	int door;
	int signals;
	uint64_t boot;
	uint64_t started_ms;
	uint64_t ends_ms; /* by LIFE; UINT64_MAX before the first */
	bool leaving;
	struct cgroup cgroup;
	struct link link;
	struct meeting meeting;
	int guests[GUESTS_MAX]; /* accepted, their descriptors not here yet; -1: free */
	unsigned next_guest;
	unsigned commands_top; /* no slot from here on is in use */
	struct command commands[COMMANDS_MAX];
	struct context contexts[CONTEXTS_MAX];
	struct file files[FILES_MAX];
	struct upload uploads[UPLOADS_MAX];
	struct observer observers[OBSERVERS_MAX];
	char observed[OBSERVERS_MAX][WIRE_PATH_MAX + 1]; /* their paths */
	int inotify;                                     /* -1: nothing is watched */
	struct task tasks[TASKS_MAX];
	unsigned task_turn;
	int drains[DRAINS_MAX]; /* -1: free */
	uint8_t *spare_rings;   /* of a command that was forgotten; NULL: none */
};

/* --- init.c ---------------------------------------------------------------------------------- */

enum source {
	FROM_DOOR,
	FROM_GUEST,
	FROM_BELL,
	FROM_SIGNALS,
	FROM_LINK_IN,
	FROM_LINK_OUT,
	FROM_LINK_SESSION,
	FROM_REPORTS,
	FROM_STDIN,
	FROM_STDOUT,
	FROM_STDERR,
	FROM_OUTCOME,
	FROM_CONTEXT,
	FROM_CONTEXT_OUTPUT,
	FROM_DRAIN,
	FROM_SYNC,
	FROM_INOTIFY,
};

int init_run(void);
/* `number` is checked against the owner of `index` when the event comes: a command's stream or a
 * link's generation. */
bool watch(struct agent *agent, int fd, uint32_t events, enum source source, unsigned index,
	   uint32_t number);
/* Closes *fd and sets it to -1.  The explicit removal matters: a child between fork and close holds
 * a copy, and with it epoll would go on reporting. */
void unwatch_close(struct agent *agent, int *fd);
/* From here on the events of a descriptor that was watched go nowhere. */
void unwatch(struct agent *agent, int fd);
void set_nonblocking(int fd);
/* Gives a descriptor out of a place that holds none (-1) afterwards. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* --- meet.c ---------------------------------------------------------------------------------- */

/* Before anything else runs inside. */
void meeting_init(struct agent *agent);
/* Calls the server, and has it ring when it cannot be reached.  An older link is closed if it can.
 */
void meeting_seek(struct agent *agent);
void meeting_tick(struct agent *agent, uint64_t now);
/* When meeting_tick has something to do; UINT64_MAX: not by itself. */
uint64_t meeting_deadline(const struct agent *agent);

/* --- door.c ---------------------------------------------------------------------------------- */

int link_run(void);
bool door_open(struct agent *agent);
void door_ready(struct agent *agent);
void guest_ready(struct agent *agent, unsigned index);

/* --- link.c ---------------------------------------------------------------------------------- */

bool link_init(struct agent *agent);
/* Takes the three descriptors (session may be -1); a link that was there is closed. */
void link_open(struct agent *agent, int in, int out, int session);
void link_close(struct agent *agent);
bool link_is_open(const struct agent *agent);
void link_read(struct agent *agent);
void link_flush(struct agent *agent);
/* Whether link_read stopped although more is there to be read. */
bool link_has_work(const struct agent *agent);

/* Writes a frame into a box: begin, put fields, end.  End is false when it did not fit. */
struct wire_writer box_begin(const struct box *box);
bool box_end(struct box *box, const struct wire_writer *writer, enum wire_type type,
	     uint32_t stream);
/* A frame of bytes at an offset; returns where at most *len of them go (*len is made smaller), or
 * NULL when there is no room worth the while. */
uint8_t *box_chunk_begin(const struct box *box, size_t *len);
void box_chunk_end(struct box *box, enum wire_type type, uint32_t stream, uint64_t offset,
		   size_t len);
void put_failed(struct box *box, enum wire_type type, uint32_t stream, int number,
		const char *where);

/* --- orders.c -------------------------------------------------------------------------------- */

/* False when the frame is malformed or out of place. */
bool order_obey(struct agent *agent, const struct wire_frame *frame);

/* --- hello.c --------------------------------------------------------------------------------- */

void hello_measure(const struct agent *agent, struct wire_hello *ret_hello);

#endif
