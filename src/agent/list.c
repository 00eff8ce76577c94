/* What is in a folder, or in the tree below it.  Entries are told in the order in which they come,
 * a batch at a time: the server sorts, and forgets what is too much, so that a folder of any size
 * costs no memory in here. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ENTRIES_A_STEP = 32,
	ENTRY_FIXED = 1 + 4 + 8 + 8 + 4 + 4,
	ENTRY_MOST = ENTRY_FIXED + 2 * WIRE_PATH_MAX,
};

/* --- an entry ---------------------------------------------------------------------------- */

static uint8_t type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return WIRE_FILE_REGULAR;
	if (S_ISDIR(mode))
		return WIRE_FILE_DIRECTORY;
	if (S_ISLNK(mode))
		return WIRE_FILE_LINK;
	if (S_ISFIFO(mode))
		return WIRE_FILE_FIFO;
	if (S_ISSOCK(mode))
		return WIRE_FILE_SOCKET;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return WIRE_FILE_DEVICE;
	return WIRE_FILE_UNKNOWN;
}

void entry_describe(const struct stat *info, struct wire_entry *ret_entry)
{
	ret_entry->type = type_of(info->st_mode);
	ret_entry->mode = info->st_mode & 07777;
	ret_entry->size = info->st_size > 0 ? (uint64_t)info->st_size : 0;
	ret_entry->modified_ns =
		(uint64_t)info->st_mtim.tv_sec * 1000000000 + (uint64_t)info->st_mtim.tv_nsec;
}

bool entry_fill(int dir, const char *name, struct wire_entry *ret_entry,
		char target[WIRE_PATH_MAX + 1])
{
	struct stat info;
	ssize_t len = 0;

	*ret_entry = (struct wire_entry){ .type = WIRE_FILE_UNKNOWN, .target = target };
	if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno != ENOENT;
	entry_describe(&info, ret_entry);
	if (S_ISLNK(info.st_mode))
		len = readlinkat(dir, name, target, WIRE_PATH_MAX);
	ret_entry->target_len = len > 0 ? (size_t)len : 0;
	return true;
}

/* --- steps -------------------------------------------------------------------------------- */

/* Puts the entry's path below the top into memory->path; returns its length, 0: it is too long. */
static size_t path_of(struct task *task, const char *name)
{
	char *path = task->memory->path;
	size_t at = task->list.path_len;
	size_t len = strlen(name);

	if (at + 1 + len > WIRE_PATH_MAX)
		return 0;
	if (at > 0)
		path[at++] = '/';
	memcpy(path + at, name, len + 1);
	return at + len;
}

static void put(struct task *task, const char *name, size_t path_len)
{
	struct task_memory *memory = task->memory;
	struct list *list = &task->list;
	struct wire_writer writer = { .data = memory->batch + list->batch_len,
				      .room = sizeof(memory->batch) - list->batch_len };
	struct wire_entry entry;

	if (!entry_fill(walk_here(&list->walk), name, &entry, memory->target))
		return;
	entry.path = memory->path;
	entry.path_len = path_len;
	wire_put_entry(&writer, &entry);
	if (!writer.full)
		list->batch_len += (uint32_t)writer.len;
}

static bool is_folder(const struct list *list, const struct dirent *dirent)
{
	struct stat info;

	if (dirent->d_type != DT_UNKNOWN)
		return dirent->d_type == DT_DIR;
	return fstatat(walk_here(&list->walk), dirent->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(info.st_mode);
}

/* The file systems of the kernel's are no tree of anybody's files. */
static void go_into(struct task *task, const char *name, size_t path_len)
{
	struct list *list = &task->list;
	int number = walk_into(&list->walk, name, false);

	if (number == ELOOP || number == EMFILE || number == ENFILE)
		list->truncated = true;
	if (number)
		return;
	if (is_kernel_file(walk_here(&list->walk)))
		walk_out(&list->walk);
	else
		list->path_len = (uint32_t)path_len;
}

static void go_out(struct list *list, char *path)
{
	const char *slash;

	walk_out(&list->walk);
	path[list->path_len] = '\0';
	slash = strrchr(path, '/');
	list->path_len = slash ? (uint32_t)(slash - path) : 0;
}

static bool is_wanted(const struct task_memory *memory)
{
	const char *pattern = memory->order.pattern;

	return !*pattern || wire_glob(pattern, memory->path);
}

/* What is below a folder comes behind it. */
static bool is_behind_bar(const struct task_memory *memory)
{
	return memory->bar[0] && strcmp(memory->path, memory->bar) >= 0;
}

static void look_at(struct task *task, const struct dirent *dirent)
{
	const struct wire_list *order = &task->memory->order;
	size_t len = path_of(task, dirent->d_name);
	bool all = order->pattern[0] == '\0';

	if (len == 0) {
		task->list.truncated = true;
		return;
	}
	if (is_behind_bar(task->memory)) {
		task->list.truncated = task->list.truncated || is_wanted(task->memory);
		return;
	}
	if (is_wanted(task->memory))
		put(task, dirent->d_name, len);
	if (is_folder(&task->list, dirent) &&
	    (all ? order->recursive : wire_glob_leads(order->pattern, task->memory->path)))
		go_into(task, dirent->d_name, len);
}

static enum step list_step(struct task *task)
{
	struct list *list = &task->list;

	for (int i = 0; i < ENTRIES_A_STEP; i++) {
		const struct dirent *dirent;
		int number;

		if (sizeof(task->memory->batch) - list->batch_len < ENTRY_MOST)
			return STEP_WAIT;
		if (list->looks >= task->memory->order.looks_max || task_is_late(task)) {
			list->truncated = true;
			return STEP_OVER;
		}
		dirent = walk_next(&list->walk, &number);
		list->truncated = list->truncated || number;
		if (dirent) {
			list->looks++;
			look_at(task, dirent);
		} else if (list->walk.depth > 1) {
			go_out(list, task->memory->path);
		} else {
			return STEP_OVER;
		}
	}
	return STEP_AGAIN;
}

/* --- telling ------------------------------------------------------------------------------ */

static bool tell_batch(struct task *task, struct box *box)
{
	struct list *list = &task->list;
	struct wire_writer writer = box_begin(box);

	if (writer.full || writer.room < list->batch_len)
		return false;
	memcpy(writer.data, task->memory->batch, list->batch_len);
	writer.len = list->batch_len;
	if (!box_end(box, &writer, WIRE_ENTRIES, task->stream))
		return false;
	list->batch_len = 0;
	return true;
}

static bool tell_end(struct task *task, struct box *box)
{
	static struct wire_list_end end;
	struct wire_writer writer = box_begin(box);

	end.truncated = task->list.truncated;
	if (!fd_path(task->list.walk.dirs[0], end.path))
		memcpy(end.path, "/", 2);
	wire_put_list_end(&writer, &end);
	task->told = box_end(box, &writer, WIRE_LIST_END, task->stream);
	return task->told;
}

static bool list_tell(struct task *task, struct box *box)
{
	return task->list.batch_len > 0 ? tell_batch(task, box) : tell_end(task, box);
}

static void list_stop(struct task *task)
{
	walk_end(&task->list.walk);
}

static const struct task_kind list_kind = {
	.step = list_step,
	.tell = list_tell,
	.stop = list_stop,
};

bool list_order(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_list order;
	struct task *task;
	int dir;

	if (!stream_is_free(agent, frame->stream) || !wire_get_list(frame, &order))
		return false;
	dir = open_ordered(order.base, order.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (dir < 0) {
		put_failed(&agent->link.control, WIRE_FAILED, frame->stream, errno, "list");
		return true;
	}
	task = task_begin(agent, frame->stream, &list_kind, order.limit_ms);
	if (!task) {
		close(dir);
		return true;
	}
	task->memory->order = order;
	walk_begin(&task->list.walk, dir, task->memory->dents);
	return true;
}

bool bar_order(struct agent *agent, const struct wire_frame *frame)
{
	static char bar[WIRE_PATH_MAX + 1];
	struct task *task = frame->stream ? task_find(agent, frame->stream) : NULL;

	if (!wire_get_bar(frame, bar))
		return false;
	if (task && task->kind == &list_kind)
		memcpy(task->memory->bar, bar, strlen(bar) + 1);
	return true;
}
