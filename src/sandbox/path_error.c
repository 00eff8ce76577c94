/* Why a file in a container cannot be had, in a sentence that says what to do.  The agent reports
 * an errno value and a word for the place; both are hostile input, and only choose a sentence. */
#include <errno.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

static const struct {
	int number;
	enum error_kind kind;
	const char *before, *after; /* the path stands in between */
} failures[] = {
	{ ENOENT, ERROR_NOT_FOUND, "there is no file ", " in the container" },
	{ ENOTDIR, ERROR_NOT_FOUND, "there is no file ", ": a part of the path is no directory" },
	{ EACCES, ERROR_CONFLICT, "", " may not be read inside the container; check its mode" },
	{ EPERM, ERROR_CONFLICT, "", " may not be read inside the container; check its mode" },
	{ EISDIR, ERROR_INVALID, "",
	  " is a directory; make an archive of it first (tar czf archive.tar.gz …) and share "
	  "that" },
	{ ENXIO, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)" },
	{ ENODEV, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)" },
	{ EINVAL, ERROR_INVALID, "", " is not a regular file" },
	{ ELOOP, ERROR_INVALID, "the symbolic links of ", " lead in a circle or nowhere" },
	{ ENAMETOOLONG, ERROR_INVALID, "the path ", " is too long" },
	{ ENODATA, ERROR_CONFLICT, "", " became shorter while it was being read" },
	{ ESTALE, ERROR_CONFLICT, "", " was replaced while it was being read" },
	{ EMFILE, ERROR_LIMIT, "", ": too many files of this container are being read; try later" },
	{ ENFILE, ERROR_LIMIT, "", ": too many files of this container are being read; try later" },
	{ EAGAIN, ERROR_LIMIT, "", ": too many files of this container are being read; try later" },
	{ ENOMEM, ERROR_LIMIT, "", ": the container is out of memory; end some of its commands" },
	{ EIO, ERROR_UNAVAILABLE, "", " could not be read: input/output error" },
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
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if ((uint32_t)failures[i].number == failed->number)
			return error_set(err, failures[i].kind, "%s%s%s", failures[i].before, shown,
					 failures[i].after);
	return error_set_errno(err, ERROR_CONFLICT, (int)(failed->number & 0xfff),
			       "%s cannot be read", shown);
}
