/* What is to be removed or moved: the folder it is in, open, and its name there.  The container's
 * root and its working directory stay where they are, and so does what is mounted: among that are
 * the agent's own places. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t mount_of(int fd)
{
	char path[40];
	char text[1024];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return kernel_read(path, text, sizeof(text)) ? text_number(text, "mnt_id:", 10) : 0;
}

bool is_mounted_on(int dir, const char *name)
{
	int fd = open_plainly(dir, name, O_PATH | O_NOFOLLOW);
	bool mounted = fd >= 0 && mount_of(fd) != mount_of(dir);

	if (fd >= 0)
		close(fd);
	return mounted;
}

/* "/" alone is a folder that needs no slash behind it. */
bool path_below(int dir, const char *name, char path[WIRE_PATH_MAX + 1])
{
	size_t len;

	if (!fd_path(dir, path))
		return false;
	len = strlen(path);
	if (len == 1)
		len = 0;
	if (len + 1 + strlen(name) > WIRE_PATH_MAX)
		return false;
	path[len] = '/';
	memcpy(path + len + 1, name, strlen(name) + 1);
	return true;
}

/* Cuts path into folder and name. */
static int cut(char *path, const char **ret_folder, const char **ret_name)
{
	size_t len = strlen(path);
	char *slash;

	while (len > 0 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	*ret_folder = slash == path ? "/" : slash ? path : ".";
	if (slash)
		*slash = '\0';
	if (strcmp(*ret_name, ".") == 0 || strcmp(*ret_name, "..") == 0)
		return EINVAL;
	return strlen(*ret_name) < sizeof(((struct spot *)0)->name) ? 0 : ENAMETOOLONG;
}

int spot_find(const char *base, const char *path, struct spot *ret_spot, const char **ret_where)
{
	static char copy[WIRE_PATH_MAX + 1];
	const char *folder;
	const char *name;
	int number;

	ret_spot->dir = -1;
	*ret_where = "path";
	memcpy(copy, path, strlen(path) + 1);
	number = path[0] ? cut(copy, &folder, &name) : ENOENT;
	if (number)
		return number;
	*ret_where = "root";
	if (!name[0])
		return EBUSY;
	*ret_where = "path";
	ret_spot->dir = open_ordered(base, folder, O_PATH | O_DIRECTORY);
	if (ret_spot->dir < 0)
		return errno;
	memcpy(ret_spot->name, name, strlen(name) + 1);
	if (!is_kernel_file(ret_spot->dir))
		return 0;
	spot_close(ret_spot);
	*ret_where = "kernel file";
	return EACCES;
}

void spot_close(struct spot *spot)
{
	if (spot->dir >= 0)
		close(spot->dir);
	spot->dir = -1;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool is_above(const struct stat *folder, int inner)
{
	struct stat last = { 0 };
	struct stat info;
	int at = open_plainly(inner, ".", O_PATH | O_DIRECTORY);
	bool above = false;

	/* The root is its own parent. */
	while (at >= 0 && fstat(at, &info) == 0 && !is_same(&info, &last)) {
		int up = open_plainly(at, "..", O_PATH | O_DIRECTORY);

		close(at);
		at = up;
		last = info;
		above = above || is_same(&info, folder);
	}
	if (at >= 0)
		close(at);
	return above;
}

int spot_refusal(const char *base, const struct spot *spot, const struct stat *info,
		 const char **ret_where)
{
	int inner;
	bool above;

	if (!S_ISDIR(info->st_mode))
		return 0;
	inner = open_plainly(AT_FDCWD, base[0] ? base : ".", O_PATH | O_DIRECTORY);
	above = inner >= 0 && is_above(info, inner);
	if (inner >= 0)
		close(inner);
	*ret_where = "workdir";
	if (above)
		return EBUSY;
	*ret_where = "mount";
	return is_mounted_on(spot->dir, spot->name) ? EBUSY : 0;
}
