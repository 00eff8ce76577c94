/* Where a file is to be written: the path is walked one directory at a time, in here, by the
 * container's own names and rights; what is missing on the way is made.  A symbolic link at the end
 * is followed, as a program that writes would follow it, so that the file behind it is replaced and
 * not the link.  Links of /proc into somewhere else are never followed. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LINKS_MAX = 40 };

/* What is left of the path; the walk goes through it from the front. */
struct walk_to {
	struct place *place;
	bool makes; /* folders that are missing */
	char rest[2 * WIRE_PATH_MAX + 2];
	size_t at;
	unsigned links;
	const char *where;
};

static void go_to(struct place *place, int dir)
{
	if (place->dir >= 0)
		close(place->dir);
	place->dir = dir;
}

static bool start_at_root(struct walk_to *walk)
{
	go_to(walk->place, open_plainly(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
	walk->at = 0;
	return walk->place->dir >= 0;
}

/* One step down (or up: ".." means what it means to the kernel); makes what is missing if it may.
 */
static bool step_into(struct walk_to *walk, const char *name)
{
	int here = walk->place->dir;
	int dir = open_plainly(here, name, O_PATH | O_DIRECTORY);

	if (dir < 0 && errno == ENOENT && walk->makes && !is_kernel_file(here) &&
	    mkdirat(here, name, 0755) == 0)
		dir = open_plainly(here, name, O_PATH | O_DIRECTORY);
	if (dir >= 0)
		go_to(walk->place, dir);
	return dir >= 0;
}

/* Cuts the next name off; "" at the end.  *ret_last: nothing comes behind it, not even a slash. */
static char *next_name(struct walk_to *walk, bool *ret_last)
{
	char *name;
	size_t len;

	walk->at += strspn(walk->rest + walk->at, "/");
	name = walk->rest + walk->at;
	len = strcspn(name, "/");
	*ret_last = name[len] == '\0';
	name[len] = '\0';
	walk->at += len + !*ret_last;
	return name;
}

/* The walk goes on at what the link says. */
static int follow(struct walk_to *walk, const char *name)
{
	static char target[WIRE_PATH_MAX + 1];
	ssize_t len;

	if (walk->links++ == LINKS_MAX)
		return ELOOP;
	if (is_kernel_file(walk->place->dir)) {
		walk->where = "kernel file";
		return EACCES;
	}
	len = readlinkat(walk->place->dir, name, target, WIRE_PATH_MAX);
	if (len <= 0)
		return len < 0 ? errno : ENOENT;
	target[len] = '\0';
	memcpy(walk->rest, target, (size_t)len + 1);
	walk->at = 0;
	return target[0] != '/' || start_at_root(walk) ? 0 : errno;
}

/* 0 when what is at the place may be replaced. */
static int replaceable(struct walk_to *walk, const struct stat *info)
{
	struct place *place = walk->place;

	if (S_ISDIR(info->st_mode))
		return EISDIR;
	if (!S_ISREG(info->st_mode))
		return ENXIO;
	if (faccessat(place->dir, place->name, W_OK, 0) < 0)
		return errno;
	walk->where = "mount";
	if (is_mounted_on(place->dir, place->name))
		return EBUSY;
	place->replaces = true;
	place->mode = info->st_mode & 0777;
	place->uid = info->st_uid;
	place->gid = info->st_gid;
	return 0;
}

/* 0 and *ret_there when the walk is over. */
static int arrive(struct walk_to *walk, const char *name, bool *ret_there)
{
	struct place *place = walk->place;
	struct stat info;

	*ret_there = true;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || name[0] == '\0')
		return EISDIR;
	if (strlen(name) >= sizeof(place->name))
		return ENAMETOOLONG;
	if (fstatat(place->dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
		memcpy(place->name, name, strlen(name) + 1);
		place->mode = 0644;
		return errno == ENOENT ? 0 : errno;
	}
	if (S_ISLNK(info.st_mode)) {
		*ret_there = false;
		return follow(walk, name);
	}
	memcpy(place->name, name, strlen(name) + 1);
	return replaceable(walk, &info);
}

static int walk_all(struct walk_to *walk)
{
	bool there = false;

	if (!start_at_root(walk))
		return errno;
	while (!there) {
		bool last;
		char *name = next_name(walk, &last);
		int number;

		if (!last && !step_into(walk, name))
			return errno;
		number = last ? arrive(walk, name, &there) : 0;
		if (number)
			return number;
	}
	walk->where = "kernel file";
	return is_kernel_file(walk->place->dir) ? EACCES : 0;
}

static bool has_room(int dir, uint64_t size)
{
	struct statvfs info;

	if (size == UINT64_MAX || fstatvfs(dir, &info) < 0 || info.f_frsize == 0 ||
	    info.f_blocks == 0)
		return true;
	return size / info.f_frsize <= info.f_bavail;
}

int place_find(const struct wire_compose *order, struct place *ret_place,
	       char path[WIRE_PATH_MAX + 1], const char **ret_where)
{
	static struct walk_to walk;
	const struct wire_create *place = &order->place;
	bool relative = place->path[0] != '/';
	int number;

	*ret_place = (struct place){ .dir = -1 };
	walk.place = ret_place;
	walk.makes = order->make_folders;
	walk.links = 0;
	walk.where = "open";
	snprintf(walk.rest, sizeof(walk.rest), "%s/%s", relative ? place->base : "", place->path);
	number = walk_all(&walk);
	if (number == 0) {
		walk.where = "resolve";
		number = path_below(ret_place->dir, ret_place->name, path) ? 0 : ENAMETOOLONG;
	}
	if (number == 0) {
		walk.where = "room";
		number = has_room(ret_place->dir, place->size) ? 0 : ENOSPC;
	}
	*ret_where = walk.where;
	if (number)
		go_to(ret_place, -1);
	return number;
}
