/* Private to src/agent: orders about files that can take long, done in many short steps between the
 * other events of process 1 (it never forks for them: every process id may be taken). */
#ifndef AGENT_TASKS_H
#define AGENT_TASKS_H

#include "wire_file.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
	TASKS_MAX = 8,
	WALK_DEPTH = 64,
	DENTS_ROOM = 16 * 1024,
	BATCH_ROOM = 12 * 1024, /* holds the largest entry, and fits beside a chunk of output */
};

struct agent;
struct box;
struct task;

/* What a short while of work came to: there is more, a frame has to go out first, or all is done or
 * failed. */
enum step { STEP_AGAIN, STEP_WAIT, STEP_OVER };

/* --- walk.c: through a tree ------------------------------------------------------------------ */

/* The folders from the top to where we are, all open. */
struct walk {
	int dirs[WALK_DEPTH];
	int64_t behind[WALK_DEPTH]; /* the last entry that was taken */
	unsigned depth;
	struct dirent *dents; /* DENTS_ROOM bytes of the deepest */
	size_t have;
	size_t at;
};

/* Takes dir over. */
void walk_begin(struct walk *walk, int dir, void *dents);
int walk_here(const struct walk *walk);
/* The next entry of the deepest folder, valid until the next call; NULL at its end (*ret_number 0)
 * or when it cannot be read. */
const struct dirent *walk_next(struct walk *walk, int *ret_number);
/* Into a folder, never through a link.  0 or an errno value; ELOOP: too deep. */
int walk_into(struct walk *walk, const char *name, bool same_mount);
void walk_out(struct walk *walk);
void walk_end(struct walk *walk);

/* --- list.c ---------------------------------------------------------------------------------- */

struct list {
	struct walk walk;
	uint64_t looks;
	uint32_t path_len; /* of where we are, below the top */
	uint32_t batch_len;
	bool full; /* the batch is waiting to go out */
	bool truncated;
};

/* What is told of an entry.  False when it is gone. */
bool entry_fill(int dir, const char *name, struct wire_entry *ret_entry,
		char target[WIRE_PATH_MAX + 1]);
void entry_describe(const struct stat *info, struct wire_entry *ret_entry);

/* --- spot.c: what is to be removed or moved ----------------------------------------------------
 */

struct spot {
	int dir;        /* the folder it is in, for its path only; -1: none */
	char name[256]; /* neither "." nor ".." */
};
/* Links on the way are followed, the last one is not.  0, or an errno value and where it belongs.
 */
int spot_find(const char *base, const char *path, struct spot *ret_spot, const char **ret_where);
void spot_close(struct spot *spot);
/* Whether the folder is the one that `inner` is open in, or above it. */
bool is_above(const struct stat *folder, int inner);
/* 0 when it may be taken away from where it is. */
int spot_refusal(const char *base, const struct spot *spot, const struct stat *info,
		 const char **ret_where);
/* A path that a name below an open folder has. */
bool path_below(int dir, const char *name, char path[WIRE_PATH_MAX + 1]);
/* Something else is mounted on it: it can be neither replaced nor removed. */
bool is_mounted_on(int dir, const char *name);

/* --- remove.c ----------------------------------------------------------------------------------
 */

/* A tree being removed.  On failure the rest stays. */
struct removal {
	struct spot spot; /* not owned */
	struct walk walk;
	uint64_t count;
	int number; /* of a failure: errno */
	const char *where;
	bool inside; /* name is below the walk's deepest folder; else it is the spot's own */
	char name[256];
};
/* Does what takes no time, and says whether steps are needed.  dents: room for the walk. */
bool removal_begin(struct removal *removal, const struct spot *spot, bool recursive, void *dents);
enum step removal_step(struct removal *removal);
void removal_end(struct removal *removal);

/* --- copy.c ------------------------------------------------------------------------------------
 */

/* A file or a tree being copied, with modes and times (and owners, where that is allowed). */
struct copying {
	struct walk walk;   /* of the source's folders … */
	int to[WALK_DEPTH]; /* … and those of the copy */
	int in;             /* the file that is being copied; -1: none */
	int out;
	const char *where;
	char *target; /* room for what a link says */
};
/* 0 or an errno value. */
int copying_begin(struct copying *copying, const struct spot *from, const struct spot *to,
		  void *dents);
enum step copying_step(struct copying *copying, int *ret_number);
void copying_end(struct copying *copying);

/* --- move.c ------------------------------------------------------------------------------------
 */

enum move_state { MOVE_COPYING, MOVE_REMOVING, MOVE_CLEANING, MOVE_DONE };

/* Into another file system. */
struct move {
	enum move_state state;
	bool overwrite;
	struct spot source;
	struct spot destination;
	struct spot temporary; /* beside the destination; its folder is the destination's */
	struct copying copying;
	struct removal removal;
	int number;
	const char *where;
};

/* --- task.c ---------------------------------------------------------------------------------- */

struct task_kind {
	enum step (*step)(struct task *task);
	/* Puts one frame; false when there was nothing to say or no room.  Sets task->told with the
	 * last. */
	bool (*tell)(struct task *task, struct box *box);
	void (*stop)(struct task *task); /* closes what is open */
	/* Nobody waits any more: whether steps are still needed to clean up.  NULL: never. */
	bool (*abandon)(struct task *task);
};

/* Its pages cost nothing before they are used. */
struct task_memory {
	uint64_t dents[DENTS_ROOM / 8]; /* struct dirent, of different lengths */
	uint8_t batch[BATCH_ROOM];
	struct wire_list order;
	char path[WIRE_PATH_MAX + 1];
	char target[WIRE_PATH_MAX + 1];
	char bar[WIRE_PATH_MAX + 1]; /* "": none */
	struct wire_moved moved;
};

struct task {
	const struct task_kind *kind; /* NULL: the slot is free */
	uint32_t stream;              /* 0: nobody waits for it any more */
	bool waiting;                 /* for a frame to go out */
	bool over;                    /* but its last frame is still to be told */
	bool told;
	uint64_t until_ms;
	struct task_memory *memory;
	struct list list;
	struct removal removal;
	struct spot spot; /* of the removal */
	struct move move;
};

/* NULL, after having answered FAILED, when none can be had. */
struct task *task_begin(struct agent *agent, uint32_t stream, const struct task_kind *kind,
			uint64_t limit_ms);
/* Ends it before its first step. */
void task_free(struct task *task);
bool task_is_late(const struct task *task);
/* Whether this stream, of a file, is free for something new. */
bool stream_is_free(struct agent *agent, uint32_t stream);
/* NULL when there is none of this stream. */
struct task *task_find(struct agent *agent, uint32_t stream);
void task_close(struct agent *agent, uint32_t stream);
void tasks_close(struct agent *agent);
/* Works a while, and says whether there is more to do at once. */
void tasks_step(struct agent *agent);
bool tasks_have_work(const struct agent *agent);
bool task_send(struct task *task, struct box *box);

/* --- the orders ------------------------------------------------------------------------------ */

bool list_order(struct agent *agent, const struct wire_frame *frame);
bool bar_order(struct agent *agent, const struct wire_frame *frame);
bool stat_order(struct agent *agent, const struct wire_frame *frame);
bool remove_order(struct agent *agent, const struct wire_frame *frame);
bool move_order(struct agent *agent, const struct wire_frame *frame);

#endif
