/* Moving: a rename, at once, wherever that is possible.  Into another file system it is a copy
 * beside the destination, which takes its place when all of it is there, and then the removal of
 * the source; what was copied in vain is removed again, also when nobody waits any more.
 *
 *	COPYING ──> REMOVING (the source) ──> DONE
 *	   └──────> CLEANING (the copy) ───────^
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOREPLACE = 1 }; /* RENAME_NOREPLACE of linux/fs.h */

static int exists(const struct spot *spot)
{
	struct stat info;

	return fstatat(spot->dir, spot->name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : 0;
}

static int rename_spot(const struct spot *from, const struct spot *to, bool overwrite)
{
	unsigned flags = overwrite ? 0 : NOREPLACE;

	if (syscall(SYS_renameat2, from->dir, from->name, to->dir, to->name, flags) == 0)
		return 0;
	if (overwrite && errno == EEXIST)
		return ENOTEMPTY; /* the same to POSIX */
	if (errno != EINVAL || overwrite)
		return errno;
	/* A file system that does not know the flag. */
	if (exists(to))
		return EEXIST;
	return renameat(from->dir, from->name, to->dir, to->name) < 0 ? errno : 0;
}

/* --- into another file system ------------------------------------------------------------------
 */

static enum step clean(struct task *task, int number, const char *where)
{
	struct move *move = &task->move;

	copying_end(&move->copying);
	move->number = number == EXDEV ? EBUSY : number;
	move->where = number == EXDEV ? "mount" : where;
	move->state = MOVE_CLEANING;
	if (removal_begin(&move->removal, &move->temporary, true, task->memory->dents))
		return STEP_AGAIN;
	move->state = MOVE_DONE;
	return STEP_OVER;
}

/* The copy is whole. */
static enum step put_in_place(struct task *task)
{
	struct move *move = &task->move;
	int number = rename_spot(&move->temporary, &move->destination, move->overwrite);

	if (number)
		return clean(task, number, "destination");
	move->state = MOVE_REMOVING;
	if (removal_begin(&move->removal, &move->source, true, task->memory->dents))
		return STEP_AGAIN;
	move->number = move->removal.number;
	move->where = "leftover";
	move->state = MOVE_DONE;
	return STEP_OVER;
}

static enum step copy_on(struct task *task)
{
	int number;

	if (task_is_late(task))
		return clean(task, ETIME, "time");
	if (copying_step(&task->move.copying, &number) == STEP_AGAIN)
		return STEP_AGAIN;
	return number ? clean(task, number, "copy") : put_in_place(task);
}

static enum step move_step(struct task *task)
{
	struct move *move = &task->move;
	bool removing = move->state == MOVE_REMOVING;

	if (move->state == MOVE_COPYING)
		return copy_on(task);
	if (removal_step(&move->removal) == STEP_AGAIN)
		return STEP_AGAIN;
	if (removing && move->removal.number) {
		move->number = move->removal.number;
		move->where = "leftover";
	}
	move->state = MOVE_DONE;
	return STEP_OVER;
}

static bool put_moved(struct box *box, uint32_t stream, const struct wire_moved *moved)
{
	struct wire_writer writer = box_begin(box);

	wire_put_moved(&writer, moved);
	return box_end(box, &writer, WIRE_MOVED, stream);
}

static bool move_tell(struct task *task, struct box *box)
{
	size_t before = box->len;

	if (task->move.number)
		put_failed(box, WIRE_FAILED, task->stream, task->move.number, task->move.where);
	else
		put_moved(box, task->stream, &task->memory->moved);
	task->told = box->len > before;
	return task->told;
}

static void move_stop(struct task *task)
{
	copying_end(&task->move.copying);
	removal_end(&task->move.removal);
	spot_close(&task->move.source);
	spot_close(&task->move.destination);
}

/* Nothing half done stays. */
static bool move_abandon(struct task *task)
{
	if (task->move.state == MOVE_COPYING)
		clean(task, ECANCELED, "time");
	return task->move.state != MOVE_DONE;
}

static const struct task_kind move_kind = {
	.step = move_step,
	.tell = move_tell,
	.stop = move_stop,
	.abandon = move_abandon,
};

static void begin_copy(struct agent *agent, uint32_t stream, const struct wire_move *order,
		       const struct move *from_to, const struct wire_moved *moved)
{
	struct task *task = task_begin(agent, stream, &move_kind, order->limit_ms);
	struct move *move;
	uint64_t random = 0;
	int number;

	if (!task) {
		close(from_to->source.dir);
		close(from_to->destination.dir);
		return;
	}
	task->move = *from_to;
	move = &task->move;
	move->overwrite = order->overwrite;
	move->temporary.dir = move->destination.dir;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = now_ms();
	snprintf(move->temporary.name, sizeof(move->temporary.name), ".move-%016llx",
		 (unsigned long long)random);
	task->memory->moved = *moved;
	move->copying.target = task->memory->target;
	number =
		copying_begin(&move->copying, &move->source, &move->temporary, task->memory->dents);
	if (number)
		task->over = clean(task, number, "copy") == STEP_OVER;
}

/* --- the order ---------------------------------------------------------------------------- */

/* A destination that is a folder takes the source's name below it. */
static int find_destination(const struct wire_move *order, const struct spot *source,
			    struct spot *ret_spot, const char **ret_where)
{
	size_t len = strlen(order->destination);
	bool is_folder = len > 0 && order->destination[len - 1] == '/';
	int number;

	*ret_where = "destination";
	ret_spot->dir = open_ordered(order->base, order->destination, O_PATH | O_DIRECTORY);
	if (ret_spot->dir >= 0) {
		memcpy(ret_spot->name, source->name, sizeof(ret_spot->name));
		if (!is_kernel_file(ret_spot->dir))
			return 0;
		spot_close(ret_spot);
		*ret_where = "kernel destination";
		return EACCES;
	}
	if (is_folder)
		return errno;
	number = spot_find(order->base, order->destination, ret_spot, ret_where);
	*ret_where = strcmp(*ret_where, "kernel file") == 0 ? "kernel destination" : "destination";
	return number;
}

static int find_source(const struct wire_move *order, struct spot *ret_spot, struct stat *ret_info,
		       const char **ret_where)
{
	int number = spot_find(order->base, order->source, ret_spot, ret_where);

	if (number)
		return number;
	if (fstatat(ret_spot->dir, ret_spot->name, ret_info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno;
	return spot_refusal(order->base, ret_spot, ret_info, ret_where);
}

/* 0 when it has been renamed, EXDEV when it must be copied. */
static int try_rename(const struct wire_move *order, struct move *move,
		      struct wire_moved *ret_moved, const char **ret_where)
{
	struct stat info;
	int number = find_source(order, &move->source, &info, ret_where);

	if (number == 0)
		number = find_destination(order, &move->source, &move->destination, ret_where);
	if (number)
		return number;
	if (!path_below(move->source.dir, move->source.name, ret_moved->source) ||
	    !path_below(move->destination.dir, move->destination.name, ret_moved->destination))
		return ENAMETOOLONG;
	*ret_where = "inside";
	if (S_ISDIR(info.st_mode) && is_above(&info, move->destination.dir))
		return EINVAL;
	*ret_where = "destination";
	number = rename_spot(&move->source, &move->destination, order->overwrite);
	if (number == EXDEV && !order->overwrite && exists(&move->destination))
		return EEXIST;
	return number;
}

bool move_order(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_move order;
	static struct wire_moved moved;
	static struct move move;
	struct box *box = &agent->link.control;
	const char *where;
	int number;

	if (!stream_is_free(agent, frame->stream) || !wire_get_move(frame, &order))
		return false;
	move = (struct move){ .source.dir = -1,
			      .destination.dir = -1,
			      .copying = { .in = -1, .out = -1 } };
	number = try_rename(&order, &move, &moved, &where);
	if (number == EXDEV) {
		begin_copy(agent, frame->stream, &order, &move, &moved);
		return true;
	}
	spot_close(&move.source);
	spot_close(&move.destination);
	if (number)
		put_failed(box, WIRE_FAILED, frame->stream, number, where);
	else
		put_moved(box, frame->stream, &moved);
	return true;
}
