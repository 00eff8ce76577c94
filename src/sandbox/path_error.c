/* Why a file in a container cannot be had, in a sentence that says what to do.  The agent reports
 * an errno value and a word for the place; both are hostile input, and only choose a sentence. */
#include <errno.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

#define LOOK    "list the folder with execute_command (ls -la), and correct the path"
#define CHMOD   "change its mode with execute_command (chmod a+r), and call again"
#define REGULAR "copy what it gives into a regular file with execute_command, and share that"
#define AGAIN   "make the same call again in a few seconds"

static const struct {
	int number;
	enum error_kind kind;
	const char *before, *after; /* the path stands in between */
	const char *next;
	bool retryable;
} failures[] = {
	{ ENOENT, ERROR_NOT_FOUND, "there is no file ", " in the container", LOOK, false },
	{ ENOTDIR, ERROR_NOT_FOUND, "there is no file ", ": a part of the path is no directory",
	  LOOK, false },
	{ EACCES, ERROR_CONFLICT, "", " may not be read inside the container", CHMOD, false },
	{ EPERM, ERROR_CONFLICT, "", " may not be read inside the container", CHMOD, false },
	{ EISDIR, ERROR_INVALID, "",
	  " is a directory; make an archive of it first (tar czf archive.tar.gz …) and share "
	  "that",
	  "make the archive with execute_command, and share that", false },
	{ ENXIO, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)", REGULAR,
	  false },
	{ ENODEV, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)", REGULAR,
	  false },
	{ EINVAL, ERROR_INVALID, "", " is not a regular file", REGULAR, false },
	{ ELOOP, ERROR_INVALID, "the symbolic links of ", " lead in a circle or nowhere", LOOK,
	  false },
	{ ENAMETOOLONG, ERROR_INVALID, "the path ", " is too long",
	  "move the file with execute_command to a shorter path", false },
	{ ENODATA, ERROR_CONFLICT, "", " became shorter while it was being read", AGAIN, true },
	{ ESTALE, ERROR_CONFLICT, "", " was replaced while it was being read", AGAIN, true },
	{ EMFILE, ERROR_LIMIT, "", ": too many files of this container are being read", AGAIN,
	  true },
	{ ENFILE, ERROR_LIMIT, "", ": too many files of this container are being read", AGAIN,
	  true },
	/* The agent opens without waiting, which a lease (fcntl F_SETLEASE) refuses. */
	{ EAGAIN, ERROR_CONFLICT, "", " is held by a program in the container (a lease on it)",
	  "end that program or copy the file with execute_command, then call again", true },
	{ ENOMEM, ERROR_LIMIT, "", ": the container is out of memory",
	  "end some of its commands with kill_command, and call again", true },
	{ EIO, ERROR_UNAVAILABLE, "", " could not be read: input/output error", AGAIN, true },
};

bool path_error(const struct wire_failed *failed, const char *path, struct error *err)
{
	/* The caller's text: bounded, so that the sentence keeps its end. */
	char shown[200];
	size_t len = strnlen(path, sizeof(shown) - 4);

	len = utf8_whole(path, len);
	memcpy(shown, path, len);
	memcpy(shown + len, path[len] ? "…" : "", path[len] ? sizeof("…") : 1);
	if (strcmp(failed->where, "kernel file") == 0)
		return error_set(err, ERROR_INVALID,
				 "%s belongs to the kernel (/proc, /sys); copy what it says into a "
				 "file first and share that",
				 shown);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if ((uint32_t)failures[i].number != failed->number)
			continue;
		error_set(err, failures[i].kind, "%s%s%s", failures[i].before, shown,
			  failures[i].after);
		return error_advise(err, failures[i].next, failures[i].retryable);
	}
	return error_set_errno(err, ERROR_CONFLICT, (int)(failed->number & 0xfff),
			       "%s cannot be read", shown);
}
