/* One path: what is there, told at once. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int look(int fd, struct wire_entry *ret_entry, char path[WIRE_PATH_MAX + 1],
		char target[WIRE_PATH_MAX + 1])
{
	struct stat info;
	ssize_t len = 0;

	if (fstat(fd, &info) < 0)
		return errno;
	if (!fd_path(fd, path))
		return ENAMETOOLONG;
	if (S_ISLNK(info.st_mode))
		len = readlinkat(fd, "", target, WIRE_PATH_MAX);
	*ret_entry = (struct wire_entry){ .path = path,
					  .path_len = strlen(path),
					  .target = target,
					  .target_len = len > 0 ? (size_t)len : 0 };
	entry_describe(&info, ret_entry);
	return 0;
}

bool stat_order(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_target order;
	static char path[WIRE_PATH_MAX + 1];
	static char target[WIRE_PATH_MAX + 1];
	struct box *box = &agent->link.control;
	struct wire_writer writer = box_begin(box);
	struct wire_entry entry;
	int number;
	int fd;

	if (!stream_is_free(agent, frame->stream) || !wire_get_target(frame, &order))
		return false;
	fd = open_ordered(order.base, order.path, O_PATH | (order.flag ? O_NOFOLLOW : 0));
	number = fd < 0 ? errno : look(fd, &entry, path, target);
	if (fd >= 0)
		close(fd);
	if (number) {
		put_failed(box, WIRE_FAILED, frame->stream, number, "stat");
		return true;
	}
	wire_put_entry(&writer, &entry);
	return box_end(box, &writer, WIRE_STATED, frame->stream);
}
