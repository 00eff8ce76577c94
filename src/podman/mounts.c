/* Mounts that must be seen alike in all mount namespaces.
 *
 * Podman starts the conmon of a container that has a user namespace in a mount namespace of its
 * own, and counts on propagation when, later, the clean-up that conmon starts unmounts the
 * container's files and network namespace (libpod, createRootlessContainer).  Under systemd `/` is
 * shared and all is well.  Where it is private, as in most containers and small virtual machines,
 * half of all removals leave a network namespace behind or fail with "device or resource busy"
 * (measured, 4.3.1).  So the two directories concerned become shared mounts, as `ip netns add` does
 * with its own. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const char netns_dir[] = "/run/netns";

/* Whether a mount point covers path, and how much of it; 0: it does not. */
static size_t covers(const char *mount_point, const char *path)
{
	size_t len = strlen(mount_point);

	if (strcmp(mount_point, "/") == 0)
		return 1;
	return strncmp(mount_point, path, len) == 0 && (path[len] == '/' || !path[len]) ? len : 0;
}

/* Calls on_mount for each mount of this namespace, with its place and its first optional field. */
static void walk_mounts(void (*on_mount)(void *ctx, const char *point, const char *optional),
			void *ctx)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	char point[4097];
	char optional[256];

	/* "36 35 98:0 /root /mount/point options shared:1 - type source options" */
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %4096s %*s %255s", point, optional) == 2)
			on_mount(ctx, point, optional);
	if (file)
		fclose(file);
}

struct covering {
	const char *path;
	size_t best;
	bool is_shared;
};

/* The last of several at one place counts. */
static void on_mount_covering(void *ctx, const char *point, const char *optional)
{
	struct covering *covering = ctx;
	size_t len = covers(point, covering->path);

	if (len == 0 || len < covering->best)
		return;
	covering->best = len;
	covering->is_shared = strncmp(optional, "shared:", strlen("shared:")) == 0;
}

/* Whether the mount that path lies in is shared. */
static bool is_shared(const char *path)
{
	struct covering covering = { .path = path };

	walk_mounts(on_mount_covering, &covering);
	return covering.is_shared;
}

static bool share(const char *dir, struct error *err)
{
	if (is_shared(dir))
		return true;
	if (mount(dir, dir, NULL, MS_BIND | MS_REC, NULL) != 0 ||
	    mount(NULL, dir, NULL, MS_SHARED | MS_REC, NULL) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno,
				       "cannot make %s a shared mount", dir);
	return true;
}

bool mounts_share(const struct service_paths *paths, struct error *err)
{
	return share(paths->storage, err) && directory_make(netns_dir, 0755, err) &&
	       share(netns_dir, err);
}

struct below {
	const char *storage;
	const char *overlay;
	bool is_found;
};

static void on_mount_below(void *ctx, const char *point, const char *optional)
{
	struct below *below = ctx;

	(void)optional;
	if (covers(below->storage, point) && strcmp(point, below->storage) != 0 &&
	    strcmp(point, below->overlay) != 0)
		below->is_found = true;
}

void mounts_unshare(const struct service_paths *paths)
{
	/* Podman's own, which it leaves. */
	auto_str overlay = mem_format("%s/overlay", paths->storage);
	struct below below = { paths->storage, overlay, false };

	walk_mounts(on_mount_below, &below);
	if (below.is_found)
		return; /* a container lives on */
	service_janitors_kill(paths->storage);
	/* Lazily: an exec that ended just now has its conmon in there for two more seconds.  Some
	 * lie over one another: a clean-up in another namespace has mounted its own. */
	while (umount2(overlay, UMOUNT_NOFOLLOW | MNT_DETACH) == 0)
		;
	while (umount2(paths->storage, UMOUNT_NOFOLLOW | MNT_DETACH) == 0)
		;
}
