/* Through a tree, entry by entry, and back up to where we were: each folder on the way stays open,
 * so that nothing that is renamed meanwhile leads elsewhere. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void walk_begin(struct walk *walk, int dir, void *dents)
{
	walk->dirs[0] = dir;
	walk->behind[0] = 0;
	walk->depth = 1;
	walk->dents = dents;
	walk->have = walk->at = 0;
}

int walk_here(const struct walk *walk)
{
	return walk->dirs[walk->depth - 1];
}

static bool is_itself_or_parent(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

const struct dirent *walk_next(struct walk *walk, int *ret_number)
{
	*ret_number = 0;
	for (;;) {
		const struct dirent *entry;
		long got;

		if (walk->at == walk->have) {
			got = syscall(SYS_getdents64, walk_here(walk), walk->dents, DENTS_ROOM);
			if (got <= 0) {
				*ret_number = got < 0 ? errno : 0;
				return NULL;
			}
			walk->have = (size_t)got;
			walk->at = 0;
		}
		entry = (const struct dirent *)((const char *)walk->dents + walk->at);
		walk->at += entry->d_reclen;
		walk->behind[walk->depth - 1] = entry->d_off;
		if (!is_itself_or_parent(entry->d_name))
			return entry;
	}
}

int walk_into(struct walk *walk, const char *name, bool same_mount)
{
	int dir;

	if (walk->depth == WALK_DEPTH)
		return ELOOP;
	dir = open_folder(walk_here(walk), name, same_mount);
	if (dir < 0)
		return errno;
	walk->dirs[walk->depth] = dir;
	walk->behind[walk->depth++] = 0;
	walk->have = walk->at = 0;
	return 0;
}

void walk_out(struct walk *walk)
{
	close(walk_here(walk));
	walk->depth--;
	walk->have = walk->at = 0;
	if (walk->depth > 0)
		lseek(walk_here(walk), walk->behind[walk->depth - 1], SEEK_SET);
}

void walk_end(struct walk *walk)
{
	while (walk->depth > 0)
		close(walk->dirs[--walk->depth]);
}
