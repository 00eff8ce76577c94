/* The directory in which a container's process 1 meets us: DATA_DIR/link/ID, mounted into the
 * container read-only for as long as it lives (by its inode: it must never be made anew).
 *
 *	bell    a FIFO that process 1 waits at; opening and closing it says that a socket is there
 *	NAME    the socket, only while we wait for process 1
 *
 * Nobody inside may list the directory, and NAME comes to process 1 in its environment, which is as
 * closed to the others as its memory.  So they have nothing to connect to.  Besides, whoever does
 * come is looked at (link_socket.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "internal.h"

enum { BACKLOG = 16 };

/* The kernel shows the name that a socket was bound to in the network namespace of who connects
 * (/proc/net/unix): it must not be the one that it is found under. */
static const char bound_name[] = "new";
static const char bell_name[] = "bell";

char *link_place_path(const struct sandboxes *all, const char *id)
{
	return mem_format("%s/link/%s", all->settings.data_dir, id);
}

void link_place_name(const struct sandboxes *all, const char *id, char ret_name[DIGEST_TEXT_SIZE])
{
	auto_str text = mem_format("link %s", id);

	digest_text(all->instance, text, ret_name);
}

static int place_open(const struct sandbox *sb)
{
	auto_str path = link_place_path(sb->all, sb->row.id);

	return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool link_place_is_there(const struct sandbox *sb)
{
	auto_fd dir = place_open(sb);

	return dir >= 0;
}

/* Modes by a call of their own: whatever our umask is. */
bool link_place_make(const struct sandbox *sb, struct error *err)
{
	auto_str path = link_place_path(sb->all, sb->row.id);
	auto_str bell = mem_format("%s/%s", path, bell_name);

	if (mkdir(path, 0711) == 0 && chmod(path, 0711) == 0 && mkfifo(bell, 0644) == 0 &&
	    chmod(bell, 0644) == 0)
		return true;
	return error_set_errno(err, ERROR_UNAVAILABLE, errno, "making %s", path);
}

static void ring(int dir)
{
	/* Nobody is there: whoever comes looks first. */
	int fd = openat(dir, bell_name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

/* By /proc/self/fd, because the address of a socket holds 107 bytes. */
static bool bind_in(int dir, int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir,
		 bound_name);
	(void)unlinkat(dir, bound_name, 0);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       fchmodat(dir, bound_name, 0666, 0) == 0;
}

int link_place_listen(const struct sandbox *sb, struct error *err)
{
	auto_fd dir = place_open(sb);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char name[DIGEST_TEXT_SIZE];

	link_place_name(sb->all, sb->row.id, name);
	if (dir < 0 || fd < 0 || !bind_in(dir, fd) || listen(fd, BACKLOG) != 0 ||
	    renameat(dir, bound_name, dir, name) != 0) {
		error_set_errno(err, ERROR_UNAVAILABLE, errno, "making a socket for container %s",
				sb->row.id);
		return -1;
	}
	ring(dir);
	return take_fd(fd);
}

void link_place_withdraw(const struct sandbox *sb)
{
	auto_fd dir = place_open(sb);
	char name[DIGEST_TEXT_SIZE];

	link_place_name(sb->all, sb->row.id, name);
	if (dir >= 0)
		(void)unlinkat(dir, name, 0);
}

/* --- gone ---------------------------------------------------------------------------------- */

/* Nothing but sockets and a FIFO of ours lies in it. */
static void empty(int parent, const char *id)
{
	int fd = openat(parent, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir)
		return;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		(void)unlinkat(fd, entry->d_name, 0);
	closedir(dir);
}

void link_place_remove(const struct sandbox *sb)
{
	auto_str path = link_place_path(sb->all, "");
	auto_fd parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return;
	empty(parent, sb->row.id);
	(void)unlinkat(parent, sb->row.id, AT_REMOVEDIR);
}

bool link_place_sweep(struct sandboxes *all, struct error *err)
{
	auto_str path = mem_format("%s/link", all->settings.data_dir);
	DIR *dir;

	if (mkdir(path, 0711) != 0 && errno != EEXIST)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "making %s", path);
	dir = opendir(path);
	if (!dir)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "opening %s", path);
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (entry->d_name[0] == '.' || registry_find(all, NULL, entry->d_name))
			continue;
		empty(dirfd(dir), entry->d_name);
		(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
	return true;
}
