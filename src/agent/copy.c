/* Copying a file or a tree, in steps: what cannot be renamed, because it goes into another file
 * system.  Each file keeps its mode and its time, and its owner where that may be given; what a
 * file has beyond that, and that two names are one file, is lost, as with cp(1) -a of a system
 * without them.  Nothing waits for the disk: a container does not outlive its machine. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES_A_STEP = 256 * 1024 };

static void keep_attributes(int fd, const struct stat *info)
{
	const struct timespec times[2] = { info->st_atim, info->st_mtim };

	(void)!fchown(fd, info->st_uid, info->st_gid);
	(void)fchmod(fd, info->st_mode & 07777); /* behind chown, which takes bits away */
	(void)futimens(fd, times);
}

static int copy_link(struct copying *copying, int from, const char *name, int to, const char *as)
{
	ssize_t len = readlinkat(from, name, copying->target, WIRE_PATH_MAX);

	if (len < 0)
		return errno;
	copying->target[len] = '\0';
	return symlinkat(copying->target, to, as) < 0 ? errno : 0;
}

static int open_both(struct copying *copying, int from, const char *name, int to, const char *as)
{
	copying->in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (copying->in < 0)
		return errno;
	copying->out = openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return copying->out < 0 ? errno : 0;
}

static int copy_special(const struct stat *info, int to, const char *as)
{
	mode_t kind = info->st_mode & S_IFMT;

	return mknodat(to, as, kind | 0600, info->st_rdev) < 0 ||
			       fchmodat(to, as, info->st_mode & 07777, 0) < 0
		       ? errno
		       : 0;
}

/* Makes the folder, and leaves it open for what is to be in it. */
static int make_folder(int to, const char *as, int *ret_dir)
{
	if (mkdirat(to, as, 0700) < 0)
		return errno;
	*ret_dir = open_folder(to, as, true);
	return *ret_dir < 0 ? errno : 0;
}

/* From the deepest folder, or, where no walk has begun, from the top. */
static int enter_folder(struct copying *copying, const char *name, const char *as)
{
	struct walk *walk = &copying->walk;
	int number = walk_into(walk, name, true);

	if (number)
		return number;
	number = make_folder(copying->to[walk->depth - 2], as, &copying->to[walk->depth - 1]);
	if (number)
		walk_out(walk);
	return number;
}

static int copy_entry(struct copying *copying, const char *name)
{
	int from = walk_here(&copying->walk);
	int to = copying->to[copying->walk.depth - 1];
	struct stat info;

	if (fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : errno;
	if (S_ISDIR(info.st_mode))
		return enter_folder(copying, name, name);
	if (S_ISREG(info.st_mode))
		return open_both(copying, from, name, to, name);
	if (S_ISLNK(info.st_mode))
		return copy_link(copying, from, name, to, name);
	return copy_special(&info, to, name);
}

static int begin_tree(struct copying *copying, const struct spot *from, const struct spot *to,
		      void *dents)
{
	int dir = open_folder(from->dir, from->name, true);
	int number;

	if (dir < 0)
		return errno;
	number = make_folder(to->dir, to->name, &copying->to[0]);
	if (number)
		close(dir);
	else
		walk_begin(&copying->walk, dir, dents);
	return number;
}

int copying_begin(struct copying *copying, const struct spot *from, const struct spot *to,
		  void *dents)
{
	struct stat info;

	copying->in = copying->out = -1;
	copying->walk.depth = 0;
	if (fstatat(from->dir, from->name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return errno;
	if (S_ISDIR(info.st_mode))
		return begin_tree(copying, from, to, dents);
	if (S_ISREG(info.st_mode))
		return open_both(copying, from->dir, from->name, to->dir, to->name);
	if (S_ISLNK(info.st_mode))
		return copy_link(copying, from->dir, from->name, to->dir, to->name);
	return copy_special(&info, to->dir, to->name);
}

static void close_file(struct copying *copying)
{
	if (copying->in >= 0)
		close(copying->in);
	if (copying->out >= 0)
		close(copying->out);
	copying->in = copying->out = -1;
}

/* Both go over the hole that the source may have here, so that a file is no larger on the disk than
 * it was.  Returns how much stands behind it, at most a step's bytes; 0: nothing. */
static size_t skip_hole(struct copying *copying)
{
	off_t at = lseek(copying->in, 0, SEEK_CUR);
	off_t data = lseek(copying->in, at, SEEK_DATA);
	off_t hole;

	if (data < 0 && errno == ENXIO)
		return 0;
	if (data < 0)
		return BYTES_A_STEP; /* a file system that does not say */
	hole = lseek(copying->in, data, SEEK_HOLE);
	lseek(copying->in, data, SEEK_SET);
	lseek(copying->out, data, SEEK_SET);
	return hole > data && hole - data < BYTES_A_STEP ? (size_t)(hole - data) : BYTES_A_STEP;
}

static int finish_file(struct copying *copying)
{
	struct stat info;
	int number = 0;

	/* For the hole at its end. */
	if (fstat(copying->in, &info) < 0 || ftruncate(copying->out, info.st_size) < 0)
		number = errno;
	else
		keep_attributes(copying->out, &info);
	close_file(copying);
	return number;
}

static int copy_bytes(struct copying *copying)
{
	size_t want = skip_hole(copying);
	ssize_t got = want > 0 ? sendfile(copying->out, copying->in, NULL, want) : 0;

	if (got < 0)
		return errno;
	return got > 0 ? 0 : finish_file(copying);
}

static void leave_folder(struct copying *copying)
{
	int *to = &copying->to[copying->walk.depth - 1];
	struct stat info;

	if (fstat(walk_here(&copying->walk), &info) == 0)
		keep_attributes(*to, &info);
	close(*to);
	walk_out(&copying->walk);
}

enum step copying_step(struct copying *copying, int *ret_number)
{
	const struct dirent *dirent;

	*ret_number = 0;
	if (copying->in >= 0) {
		*ret_number = copy_bytes(copying);
	} else if (copying->walk.depth == 0) {
		return STEP_OVER;
	} else {
		dirent = walk_next(&copying->walk, ret_number);
		if (dirent)
			*ret_number = copy_entry(copying, dirent->d_name);
		else if (*ret_number == 0)
			leave_folder(copying);
	}
	return *ret_number ? STEP_OVER : STEP_AGAIN;
}

void copying_end(struct copying *copying)
{
	close_file(copying);
	while (copying->walk.depth > 0) {
		close(copying->to[copying->walk.depth - 1]);
		close(copying->walk.dirs[--copying->walk.depth]);
	}
}
