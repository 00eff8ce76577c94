/* Removing a tree, in steps.  Only as many of its folders are open as walk.c holds; below that, the
 * upper ones are let go of, and found again from the top when all below is gone: what is removed is
 * gone, so that going through a folder again costs nothing.  No step goes through a link or into
 * another mount, and none goes up by "..", which somebody could have bent. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REMOVALS_A_STEP = 32 };

static enum step fail(struct removal *removal, int number, const char *name)
{
	removal->number = number == EXDEV ? EBUSY : number;
	removal->where = number == EXDEV || number == EBUSY ? "mount" : "remove";
	removal->inside = name != NULL;
	if (name)
		memcpy(removal->name, name, strnlen(name, sizeof(removal->name) - 1) + 1);
	return STEP_OVER;
}

/* Makes room by forgetting the folder below the top; what is above it is found again from there. */
static void forget_one(struct walk *walk)
{
	close(walk->dirs[1]);
	memmove(walk->dirs + 1, walk->dirs + 2, (walk->depth - 2) * sizeof(walk->dirs[0]));
	memmove(walk->behind + 1, walk->behind + 2, (walk->depth - 2) * sizeof(walk->behind[0]));
	walk->depth--;
}

static enum step go_into(struct removal *removal, const char *name)
{
	int number;

	if (removal->walk.depth == WALK_DEPTH)
		forget_one(&removal->walk);
	number = walk_into(&removal->walk, name, true);
	return number == 0 || number == ENOENT ? STEP_AGAIN : fail(removal, number, name);
}

static enum step remove_entry(struct removal *removal, const struct dirent *dirent)
{
	int dir = walk_here(&removal->walk);
	int number = EISDIR;

	if (dirent->d_type != DT_DIR)
		number = unlinkat(dir, dirent->d_name, 0) < 0 ? errno : 0;
	if (number == EISDIR)
		number = unlinkat(dir, dirent->d_name, AT_REMOVEDIR) < 0 ? errno : 0;
	removal->count += number == 0;
	if (number == ENOTEMPTY || number == EEXIST)
		return go_into(removal, dirent->d_name);
	return number == 0 || number == ENOENT ? STEP_AGAIN : fail(removal, number, dirent->d_name);
}

/* From its first entry on, once more. */
static void read_again(struct walk *walk)
{
	walk->behind[walk->depth - 1] = 0;
	walk->have = walk->at = 0;
	lseek(walk_here(walk), 0, SEEK_SET);
}

static enum step remove_top(struct removal *removal)
{
	const struct spot *spot = &removal->spot;
	int number = unlinkat(spot->dir, spot->name, AT_REMOVEDIR) < 0 ? errno : 0;

	removal->count += number == 0;
	if (number == ENOTEMPTY || number == EEXIST) {
		read_again(&removal->walk); /* somebody put something in */
		return STEP_AGAIN;
	}
	return number == 0 || number == ENOENT ? STEP_OVER : fail(removal, number, NULL);
}

static enum step leave_folder(struct removal *removal)
{
	if (removal->walk.depth == 1)
		return remove_top(removal);
	walk_out(&removal->walk);
	read_again(&removal->walk); /* it is empty now, and goes when it is met again */
	return STEP_AGAIN;
}

enum step removal_step(struct removal *removal)
{
	enum step step = STEP_AGAIN;

	for (int i = 0; i < REMOVALS_A_STEP && step == STEP_AGAIN; i++) {
		int number;
		const struct dirent *dirent = walk_next(&removal->walk, &number);

		if (dirent)
			step = remove_entry(removal, dirent);
		else if (number && number != ENOENT)
			step = fail(removal, number, "");
		else
			step = leave_folder(removal);
	}
	return step;
}

bool removal_begin(struct removal *removal, const struct spot *spot, bool recursive, void *dents)
{
	int number = unlinkat(spot->dir, spot->name, 0) < 0 ? errno : 0;
	int dir;

	*removal = (struct removal){ .spot = *spot };
	if (number == EISDIR)
		number = unlinkat(spot->dir, spot->name, AT_REMOVEDIR) < 0 ? errno : 0;
	removal->count = number == 0;
	if (number == 0)
		return false;
	if (!recursive || (number != ENOTEMPTY && number != EEXIST)) {
		fail(removal, number, NULL);
		return false;
	}
	dir = open_folder(spot->dir, spot->name, true);
	if (dir < 0) {
		fail(removal, errno, NULL);
		return false;
	}
	walk_begin(&removal->walk, dir, dents);
	return true;
}

void removal_end(struct removal *removal)
{
	walk_end(&removal->walk);
}

/* --- the order ---------------------------------------------------------------------------- */

static bool put_removed(struct box *box, uint32_t stream, const struct removal *removal,
			const char *path)
{
	static struct wire_removed removed;
	struct wire_writer writer = box_begin(box);

	removed = (struct wire_removed){ .count = removal->count,
					 .failed.number = (uint32_t)removal->number };
	if (removal->number)
		memcpy(removed.failed.where, removal->where, strlen(removal->where));
	if (!removal->inside || !removal->walk.depth ||
	    !path_below(walk_here(&removal->walk), removal->name, removed.path))
		memcpy(removed.path, path, strlen(path) + 1);
	wire_put_removed(&writer, &removed);
	return box_end(box, &writer, WIRE_REMOVED, stream);
}

static enum step remove_step(struct task *task)
{
	if (!task_is_late(task))
		return removal_step(&task->removal);
	task->removal.number = ETIME;
	task->removal.where = "time";
	return STEP_OVER;
}

static bool remove_tell(struct task *task, struct box *box)
{
	task->told = put_removed(box, task->stream, &task->removal, task->memory->path);
	return task->told;
}

static void remove_stop(struct task *task)
{
	removal_end(&task->removal);
	spot_close(&task->spot);
}

static const struct task_kind remove_kind = {
	.step = remove_step,
	.tell = remove_tell,
	.stop = remove_stop,
};

/* 0 when it is there and may be removed. */
static int find(const struct wire_target *order, struct spot *ret_spot,
		char path[WIRE_PATH_MAX + 1], const char **ret_where)
{
	struct stat info;
	int number = spot_find(order->base, order->path, ret_spot, ret_where);

	if (number)
		return number;
	if (fstatat(ret_spot->dir, ret_spot->name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		number = errno;
	else if (!path_below(ret_spot->dir, ret_spot->name, path))
		number = ENAMETOOLONG;
	else
		number = spot_refusal(order->base, ret_spot, &info, ret_where);
	if (number)
		spot_close(ret_spot);
	return number;
}

static void begin(struct agent *agent, uint32_t stream, const struct wire_target *order,
		  struct spot *spot, const char *path)
{
	struct task *task = task_begin(agent, stream, &remove_kind, order->limit_ms);

	if (!task) {
		spot_close(spot);
		return;
	}
	task->spot = *spot;
	memcpy(task->memory->path, path, strlen(path) + 1);
	if (removal_begin(&task->removal, spot, order->flag, task->memory->dents))
		return;
	put_removed(&agent->link.control, stream, &task->removal, path);
	task_free(task);
}

bool remove_order(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_target order;
	static char path[WIRE_PATH_MAX + 1];
	struct spot spot;
	const char *where;
	int number;

	if (!stream_is_free(agent, frame->stream) || !wire_get_target(frame, &order))
		return false;
	number = find(&order, &spot, path, &where);
	if (number)
		put_failed(&agent->link.control, WIRE_FAILED, frame->stream, number, where);
	else
		begin(agent, frame->stream, &order, &spot, path);
	return true;
}
