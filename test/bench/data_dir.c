/* What Podman leaves behind outlives it: clean-up processes for two seconds after an exec, and a
 * mount of its storage on itself. */
#include "data_dir.h"
#include "buf.h"
#include "proc.h"
#include "stats.h"
#include "stop.h"

#include <errno.h>
#include <ftw.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

enum { POLL_MS = 50 };

/* The last mount below dir; the caller owns it.  NULL: none. */
static char *last_mount(const char *dir)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *found = NULL;
	size_t len = strlen(dir);

	while (mounts && (entry = getmntent(mounts))) {
		if (strncmp(entry->mnt_dir, dir, len) != 0 || entry->mnt_dir[len] != '/')
			continue;
		free(found);
		found = mem_strdup(entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

static bool unmount_all(const char *dir, struct error *err)
{
	for (;;) {
		auto_str place = last_mount(dir);

		if (!place)
			return true;
		if (umount2(place, 0) != 0 && umount2(place, MNT_DETACH) != 0)
			return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot unmount %s",
					       place);
	}
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

bool data_dir_wait(const char *dir, int64_t wait_ms, struct error *err)
{
	int64_t deadline_ns = ns_in(wait_ms);
	int user;

	while ((user = proc_names(dir)) != 0) {
		if (now_ns() > deadline_ns)
			return error_set(err, ERROR_TIMEOUT, "%s is still used by process %d", dir,
					 user);
		if (!wait_until(ns_in(POLL_MS), err))
			return false;
	}
	return true;
}

bool data_dir_remove(const char *dir, struct error *err)
{
	if (!unmount_all(dir, err))
		return false;
	if (nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot remove %s", dir);
	return true;
}
