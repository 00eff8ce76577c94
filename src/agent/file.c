/* Files that the server reads.  They are opened in here, by the container's own names and rights,
 * so that no path of a container is ever looked up outside; what is not a plain file is refused. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/openat2.h, linux/magic.h; the C library's headers know neither. */
struct how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};
enum { NO_XDEV = 0x01, NO_MAGICLINKS = 0x02, NO_SYMLINKS = 0x04 };

void files_init(struct agent *agent)
{
	for (int i = 0; i < FILES_MAX; i++)
		agent->files[i] = (struct file){ .fd = -1 };
}

static struct file *file_find(struct agent *agent, uint32_t stream)
{
	for (int i = 0; i < FILES_MAX; i++)
		if (agent->files[i].stream == stream)
			return &agent->files[i];
	return NULL;
}

bool file_is_open(struct agent *agent, uint32_t stream)
{
	return file_find(agent, stream) != NULL;
}

void file_close(struct agent *agent, uint32_t stream)
{
	struct file *file = stream ? file_find(agent, stream) : NULL;

	if (!file)
		return;
	close(file->fd);
	*file = (struct file){ .fd = -1 };
}

void files_close(struct agent *agent)
{
	for (int i = 0; i < FILES_MAX; i++)
		file_close(agent, agent->files[i].stream);
}

/* --- opening ----------------------------------------------------------------------------- */

static int open_how(int dir, const char *path, int flags, uint64_t resolve)
{
	struct how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve };

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

int open_plainly(int dir, const char *path, int flags)
{
	return open_how(dir, path, flags, NO_MAGICLINKS);
}

int open_ordered(const char *base, const char *path, int flags)
{
	int dir;
	int fd;
	int number;

	if (path[0] == '/' || !base[0])
		return open_plainly(AT_FDCWD, path, flags);
	dir = open_plainly(AT_FDCWD, base, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return -1;
	fd = open_plainly(dir, path, flags);
	number = errno;
	close(dir);
	errno = number;
	return fd;
}

int open_folder(int dir, const char *name, bool same_mount)
{
	return open_how(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK,
			NO_MAGICLINKS | NO_SYMLINKS | (same_mount ? NO_XDEV : 0u));
}

bool is_kernel_file(int fd)
{
	static const unsigned long magics[] = {
		0x9fa0,     0x62656572, 0x27e0eb,   0x63677270,
		0x64626720,                                     /* proc sys cgroup 1+2 debug */
		0x74726163, 0xcafe4a11, 0x73636673, 0x6165676c, /* trace bpf security pstore */
	};
	struct statfs info;

	if (fstatfs(fd, &info) < 0)
		return true;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if ((unsigned long)info.f_type == magics[i])
			return true;
	return false;
}

/* 0 when the file is one that may be read, else an errno value and where it belongs. */
static int refusal(int fd, const struct stat *info, const char **ret_where)
{
	*ret_where = "open";
	if (S_ISDIR(info->st_mode))
		return EISDIR;
	if (!S_ISREG(info->st_mode))
		return ENXIO;
	*ret_where = "kernel file";
	return is_kernel_file(fd) ? EACCES : 0;
}

bool fd_path(int fd, char path[WIRE_PATH_MAX + 1])
{
	char self[40];
	ssize_t len;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, path, WIRE_PATH_MAX);
	path[len > 0 ? len : 0] = '\0';
	return len > 0 && path[0] == '/';
}

/* Opens and answers; returns the descriptor, or -1 after having answered FAILED. */
static int open_and_answer(struct box *box, uint32_t stream, const struct wire_open *order)
{
	static struct wire_opened opened;
	struct wire_writer writer = box_begin(box);
	const char *where = "open";
	struct stat info = { 0 };
	int fd = open_ordered(order->base, order->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	int number = fd < 0 || fstat(fd, &info) < 0 ? errno : refusal(fd, &info, &where);

	if (number == 0 && !fd_path(fd, opened.path)) {
		number = ENOENT;
		where = "resolve";
	}
	if (number) {
		if (fd >= 0)
			close(fd);
		put_failed(box, WIRE_FAILED, stream, number, where);
		return -1;
	}
	opened.size = (uint64_t)info.st_size;
	opened.modified_ns =
		(uint64_t)info.st_mtim.tv_sec * 1000000000 + (uint64_t)info.st_mtim.tv_nsec;
	opened.inode = info.st_ino;
	wire_put_opened(&writer, &opened);
	box_end(box, &writer, WIRE_OPENED, stream);
	return fd;
}

bool file_open(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_open order;
	struct file *file;
	int fd;

	if (!stream_is_free(agent, frame->stream) || !wire_get_open(frame, &order))
		return false;
	file = file_find(agent, 0);
	if (!file) {
		put_failed(&agent->link.control, WIRE_FAILED, frame->stream, EMFILE, "files");
		return true;
	}
	fd = open_and_answer(&agent->link.control, frame->stream, &order);
	if (fd >= 0)
		*file = (struct file){ .stream = frame->stream, .fd = fd };
	return true;
}

/* --- reading ----------------------------------------------------------------------------- */

bool file_read(struct agent *agent, const struct wire_frame *frame)
{
	struct file *file = frame->stream ? file_find(agent, frame->stream) : NULL;
	struct wire_read order;

	if (!wire_get_read(frame, &order))
		return false;
	if (!file)
		return true;
	if (file->reading)
		return false; /* one range at a time */
	file->reading = true;
	file->next = file->acked = order.offset;
	file->end = order.offset + order.length;
	return true;
}

bool file_acked(struct agent *agent, uint32_t stream, const struct wire_offsets *offsets)
{
	struct file *file = file_find(agent, stream);

	if (!file)
		return true;
	if (offsets->out > file->next)
		return false;
	if (offsets->out > file->acked)
		file->acked = offsets->out;
	return true;
}

static bool send_end(struct file *file, struct box *box, int number)
{
	size_t before = box->len;

	put_failed(box, WIRE_END, file->stream, number, number ? "read" : "");
	if (box->len == before)
		return false;
	file->reading = false;
	return true;
}

bool file_send(struct file *file, struct box *box)
{
	uint64_t window = file->acked + WIRE_FILE_WINDOW - file->next;
	uint64_t left = file->end - file->next;
	size_t len = (size_t)(left < window ? left : window);
	uint8_t *room;
	ssize_t got;

	if (!file->reading)
		return false;
	if (left == 0)
		return send_end(file, box, 0);
	if (window == 0)
		return false;
	room = box_chunk_begin(box, &len);
	if (!room)
		return false;
	got = pread(file->fd, room, len, (off_t)file->next);
	if (got <= 0)
		return send_end(file, box, got < 0 ? errno : ENODATA);
	box_chunk_end(box, WIRE_DATA, file->stream, file->next, (size_t)got);
	file->next += (uint64_t)got;
	return true;
}
