/* /etc/passwd and /etc/group as every container sees them, read-only.  Podman and runc read both
 * while holding locks, at every exec: a FIFO in their place would hang Podman for everybody.  As
 * bind mounts they can be neither removed, replaced nor grown.  So no user can be added inside; the
 * usual ones of packages are there already, and `user` (1000) for who wants to be somebody else. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "internal.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
			     "bin:x:2:2:bin:/bin:/bin/false\n"
			     "sys:x:3:3:sys:/dev:/bin/false\n"
			     "man:x:6:12:man:/var/cache/man:/bin/false\n"
			     "mail:x:8:8:mail:/var/mail:/bin/false\n"
			     "proxy:x:13:13:proxy:/bin:/bin/false\n"
			     "www-data:x:33:33:www-data:/var/www:/bin/false\n"
			     "_apt:x:42:65534::/nonexistent:/bin/false\n"
			     "sshd:x:101:101:sshd:/run/sshd:/bin/false\n"
			     "messagebus:x:102:102:messagebus:/nonexistent:/bin/false\n"
			     "nginx:x:103:103:nginx:/var/lib/nginx:/bin/false\n"
			     "mysql:x:104:104:mysql:/var/lib/mysql:/bin/false\n"
			     "postgres:x:105:105:postgres:/var/lib/postgresql:/bin/sh\n"
			     "redis:x:106:106:redis:/var/lib/redis:/bin/false\n"
			     "user:x:1000:1000:user:/workspace:/bin/sh\n"
			     "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";

static const char group[] = "root:x:0:\n"
			    "daemon:x:1:\n"
			    "bin:x:2:\n"
			    "sys:x:3:\n"
			    "adm:x:4:\n"
			    "tty:x:5:\n"
			    "disk:x:6:\n"
			    "mail:x:8:\n"
			    "man:x:12:\n"
			    "proxy:x:13:\n"
			    "www-data:x:33:\n"
			    "shadow:x:42:\n"
			    "utmp:x:43:\n"
			    "staff:x:50:\n"
			    "users:x:100:\n"
			    "sshd:x:101:\n"
			    "messagebus:x:102:\n"
			    "nginx:x:103:\n"
			    "mysql:x:104:\n"
			    "postgres:x:105:\n"
			    "redis:x:106:\n"
			    "user:x:1000:\n"
			    "nogroup:x:65534:\n";

static bool write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		left -= (size_t)n;
	}
	return true;
}

/* By a new file and a rename: living containers keep the one that they were given. */
static bool write_file(int dir, const char *name, const char *text, struct error *err)
{
	auto_str fresh = mem_format("%s.new", name);
	auto_fd fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	/* Whatever our umask is: everybody inside reads them. */
	if (fd < 0 || fchmod(fd, 0644) != 0 || !write_all(fd, text) ||
	    renameat(dir, fresh, dir, name) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno,
				       "writing %s for containers into the data directory", name);
	return true;
}

bool spec_prepare(const struct sandboxes *all, struct error *err)
{
	auto_str path = mem_format("%s/etc", all->settings.data_dir);
	auto_fd dir = -1;

	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "making %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "opening %s", path);
	return write_file(dir, "passwd", passwd, err) && write_file(dir, "group", group, err);
}
