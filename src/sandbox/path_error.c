/* Why a file in a container cannot be had or written, in a sentence that says what to do.  The
 * agent reports an errno value and a word for the place; both are hostile input, and only choose a
 * sentence. */
#include <errno.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

#define LOOK      "see what is there with list_files, and correct the path"
#define CHMOD     "change its mode with execute_command (chmod a+r), and call again"
#define REGULAR   "read it with execute_command, or have that copy it into a regular file"
#define AGAIN     "make the same call again in a few seconds"
#define ELSEWHERE "choose another path, under /workspace for example"
#define ROOM      "make room with execute_command (df -h shows where), or send less"

struct failure {
	int number;
	enum error_kind kind;
	const char *before, *after; /* the path stands in between */
	const char *next;
	bool retryable;
	enum file_fault fault; /* of one that is written */
};

static const struct failure failures[] = {
	{ ENOENT, ERROR_NOT_FOUND, "there is no file ", " in the container", LOOK, false,
	  FILE_FAULT_OTHER },
	{ ENOTDIR, ERROR_NOT_FOUND, "there is no file ", ": a part of the path is no directory",
	  LOOK, false, FILE_FAULT_OTHER },
	{ EACCES, ERROR_CONFLICT, "", " may not be read inside the container", CHMOD, false,
	  FILE_FAULT_OTHER },
	{ EPERM, ERROR_CONFLICT, "", " may not be read inside the container", CHMOD, false,
	  FILE_FAULT_OTHER },
	{ EISDIR, ERROR_INVALID, "",
	  " is a directory; what is in it has to be named, or made an archive of first",
	  "see what is in it with list_files; to share all of it, make an archive with "
	  "execute_command (tar czf)",
	  false, FILE_FAULT_OTHER },
	{ ENXIO, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)", REGULAR,
	  false, FILE_FAULT_OTHER },
	{ ENODEV, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)", REGULAR,
	  false, FILE_FAULT_OTHER },
	{ EINVAL, ERROR_INVALID, "", " is not a regular file", REGULAR, false, FILE_FAULT_OTHER },
	{ ELOOP, ERROR_INVALID, "the symbolic links of ", " lead in a circle or nowhere", LOOK,
	  false, FILE_FAULT_OTHER },
	{ ENAMETOOLONG, ERROR_INVALID, "the path ", " is too long",
	  "move the file with execute_command to a shorter path", false, FILE_FAULT_OTHER },
	{ ENODATA, ERROR_CONFLICT, "", " became shorter while it was being read", AGAIN, true,
	  FILE_FAULT_OTHER },
	{ ESTALE, ERROR_CONFLICT, "", " was replaced while it was being read", AGAIN, true,
	  FILE_FAULT_OTHER },
	{ EMFILE, ERROR_LIMIT, "", ": too many files of this container are being read", AGAIN, true,
	  FILE_FAULT_OTHER },
	{ ENFILE, ERROR_LIMIT, "", ": too many files of this container are being read", AGAIN, true,
	  FILE_FAULT_OTHER },
	/* The agent opens without waiting, which a lease (fcntl F_SETLEASE) refuses. */
	{ EAGAIN, ERROR_CONFLICT, "", " is held by a program in the container (a lease on it)",
	  "end that program or copy the file with execute_command, then call again", true,
	  FILE_FAULT_OTHER },
	{ ENOMEM, ERROR_LIMIT, "", ": the container is out of memory",
	  "end some of its commands with kill_command, and call again", true, FILE_FAULT_OTHER },
	{ EIO, ERROR_UNAVAILABLE, "", " could not be read: input/output error", AGAIN, true,
	  FILE_FAULT_OTHER },
};

static const struct failure write_failures[] = {
	{ ENOSPC, ERROR_LIMIT, "there is no room for ", ": the disk is full", ROOM, false,
	  FILE_FAULT_ROOM },
	{ EDQUOT, ERROR_LIMIT, "there is no room for ", ": the quota is used up", ROOM, false,
	  FILE_FAULT_ROOM },
	{ EFBIG, ERROR_LIMIT, "", " would be larger than a file may be there", ELSEWHERE, false,
	  FILE_FAULT_LARGE },
	{ EROFS, ERROR_CONFLICT, "", " lies in a place that is read-only", ELSEWHERE, false,
	  FILE_FAULT_OTHER },
	{ EACCES, ERROR_CONFLICT, "", " may not be written inside the container", ELSEWHERE, false,
	  FILE_FAULT_OTHER },
	{ EPERM, ERROR_CONFLICT, "", " may not be written inside the container", ELSEWHERE, false,
	  FILE_FAULT_OTHER },
	{ EBUSY, ERROR_CONFLICT, "", " is mounted from elsewhere and cannot be replaced", ELSEWHERE,
	  false, FILE_FAULT_OTHER },
	{ EISDIR, ERROR_INVALID, "", " is a directory: name the file that is to be in it", LOOK,
	  false, FILE_FAULT_OTHER },
	{ ENXIO, ERROR_INVALID, "", " is not a regular file (a device, pipe or socket)", ELSEWHERE,
	  false, FILE_FAULT_OTHER },
	{ ENOTDIR, ERROR_INVALID, "", " cannot be: a part of the path is no directory", LOOK, false,
	  FILE_FAULT_OTHER },
	{ ENOENT, ERROR_INVALID, "", " cannot be: a folder of its path is not there", LOOK, false,
	  FILE_FAULT_OTHER },
	{ ELOOP, ERROR_INVALID, "the symbolic links of ", " lead in a circle or nowhere", LOOK,
	  false, FILE_FAULT_OTHER },
	{ ENAMETOOLONG, ERROR_INVALID, "the path ", " is too long", "choose a shorter path", false,
	  FILE_FAULT_OTHER },
	{ ESTALE, ERROR_CONFLICT, "",
	  " was not put in place: a program in the container changed what had come", AGAIN, true,
	  FILE_FAULT_OTHER },
	{ EINTR, ERROR_CONFLICT, "",
	  " was not put in place: the process that waited for the disk was killed", AGAIN, true,
	  FILE_FAULT_OTHER },
	{ EAGAIN, ERROR_LIMIT, "",
	  " was not put in place: all processes of the container are in use",
	  "end some of its commands with kill_command, and try again", true, FILE_FAULT_OTHER },
	{ EMFILE, ERROR_LIMIT, "", ": too many files of this container are being written", AGAIN,
	  true, FILE_FAULT_OTHER },
	{ ENFILE, ERROR_LIMIT, "", ": too many files of this container are being written", AGAIN,
	  true, FILE_FAULT_OTHER },
	{ ENOMEM, ERROR_LIMIT, "", ": the container is out of memory",
	  "end some of its commands with kill_command, and try again", true, FILE_FAULT_OTHER },
	{ EIO, ERROR_UNAVAILABLE, "", " could not be written: input/output error", AGAIN, true,
	  FILE_FAULT_OTHER },
};

/* Where they differ from those of a file. */
static const struct failure folder_failures[] = {
	{ ENOENT, ERROR_NOT_FOUND, "there is no folder ", " in the container",
	  "list the folder above it, and correct the path", false, FILE_FAULT_OTHER },
	{ ENOTDIR, ERROR_INVALID, "", " is no folder, or a part of the path is none",
	  "list the folder above it, and correct the path", false, FILE_FAULT_OTHER },
	{ EMFILE, ERROR_LIMIT, "", ": too many operations on files of this container", AGAIN, true,
	  FILE_FAULT_OTHER },
};

/* What is taken away from where it is. */
static const struct failure change_failures[] = {
	{ ENOENT, ERROR_NOT_FOUND, "there is no file or folder ", " in the container", LOOK, false,
	  FILE_FAULT_OTHER },
	{ ENOTDIR, ERROR_NOT_FOUND, "there is no file or folder ",
	  ": a part of the path is no directory", LOOK, false, FILE_FAULT_OTHER },
	{ EINVAL, ERROR_INVALID, "the path ", " ends with . or ..: name the file or folder itself",
	  LOOK, false, FILE_FAULT_OTHER },
	{ ENOTEMPTY, ERROR_CONFLICT, "", " is a folder with something in it",
	  "set recursive to remove it with all that is in it", false, FILE_FAULT_OTHER },
	{ EEXIST, ERROR_CONFLICT, "", " is a folder with something in it",
	  "set recursive to remove it with all that is in it", false, FILE_FAULT_OTHER },
	{ EBUSY, ERROR_CONFLICT, "", " is mounted from elsewhere and stays where it is",
	  "name something else, or what is in it", false, FILE_FAULT_OTHER },
	{ EACCES, ERROR_CONFLICT, "", " may not be removed from its folder in the container",
	  "change the folder's mode with execute_command (chmod u+w)", false, FILE_FAULT_OTHER },
	{ EPERM, ERROR_CONFLICT, "", " may not be removed from its folder in the container",
	  "change the folder's mode with execute_command (chmod u+w)", false, FILE_FAULT_OTHER },
	{ EROFS, ERROR_CONFLICT, "", " lies in a place that is read-only", "leave it there", false,
	  FILE_FAULT_OTHER },
	{ EMFILE, ERROR_LIMIT, "", ": too many operations on files of this container", AGAIN, true,
	  FILE_FAULT_OTHER },
};

void path_show(const char *path, char ret_shown[PATH_SHOWN_SIZE])
{
	size_t len = strnlen(path, PATH_SHOWN_SIZE - sizeof("…"));

	len = utf8_whole(path, len);
	memcpy(ret_shown, path, len);
	memcpy(ret_shown + len, path[len] ? "…" : "", path[len] ? sizeof("…") : 1);
	/* One line, whatever the name. */
	for (char *at = ret_shown; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
}

static const struct failure *find(const struct failure *table, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if ((uint32_t)table[i].number == number)
			return &table[i];
	return NULL;
}

#define FIND(table, number) find((table), sizeof(table) / sizeof((table)[0]), (number))

static bool say(const struct failure *failure, const char *shown, struct error *err)
{
	error_set(err, failure->kind, "%s%s%s", failure->before, shown, failure->after);
	return error_advise(err, failure->next, failure->retryable);
}

static bool is_kernel_file(const struct wire_failed *failed)
{
	return strcmp(failed->where, "kernel file") == 0 ||
	       strcmp(failed->where, "kernel destination") == 0;
}

static const struct failure kernel_file = {
	0,     ERROR_INVALID,   "", " belongs to the kernel (/proc, /sys)", REGULAR,
	false, FILE_FAULT_OTHER
};

bool path_error(const struct wire_failed *failed, const char *path, struct error *err)
{
	const struct failure *failure = FIND(failures, failed->number);
	char shown[PATH_SHOWN_SIZE];

	path_show(path, shown);
	if (is_kernel_file(failed))
		return say(&kernel_file, shown, err);
	if (failure)
		return say(failure, shown, err);
	return error_set_errno(err, ERROR_CONFLICT, (int)(failed->number & 0xfff),
			       "%s cannot be read", shown);
}

void folder_error(const struct wire_failed *failed, const char *path, struct error *err)
{
	const struct failure *failure = FIND(folder_failures, failed->number);
	char shown[PATH_SHOWN_SIZE];

	path_show(path, shown);
	if (failure)
		say(failure, shown, err);
	else
		path_error(failed, path, err);
}

static bool is_where(const struct wire_failed *failed, const char *word)
{
	return strcmp(failed->where, word) == 0;
}

void change_error(const struct wire_failed *failed, const char *path, struct error *err)
{
	const struct failure *failure = FIND(change_failures, failed->number);
	char shown[PATH_SHOWN_SIZE];

	path_show(path, shown);
	if (is_where(failed, "root")) {
		error_set(err, ERROR_INVALID, "the container's root folder stays where it is");
		error_advise(err, "name what is in it", false);
	} else if (is_where(failed, "workdir")) {
		error_set(err, ERROR_CONFLICT,
			  "%s is the container's working directory, or above it, and stays where "
			  "it is",
			  shown);
		error_advise(err, "name what is in it", false);
	} else if (is_kernel_file(failed)) {
		error_set(err, ERROR_INVALID, "%s belongs to the kernel (/proc, /sys)", shown);
	} else if (failure) {
		say(failure, shown, err);
	} else {
		path_error(failed, path, err);
	}
}

void write_error(const struct wire_failed *failed, const char *path, enum file_fault *ret_fault,
		 struct error *err)
{
	const struct failure *failure = FIND(write_failures, failed->number);
	char shown[PATH_SHOWN_SIZE];

	path_show(path, shown);
	*ret_fault = failure ? failure->fault : FILE_FAULT_OTHER;
	if (is_kernel_file(failed)) {
		error_set(err, ERROR_INVALID,
			  "%s belongs to the kernel (/proc, /sys): no file can be put there",
			  shown);
		error_advise(err, ELSEWHERE, false);
	} else if (strcmp(failed->where, "version") == 0) {
		error_set(err, ERROR_CONFLICT,
			  "%s was changed, replaced or removed since it was read", shown);
		error_advise(err, "read it again, and base the change on what it says now", false);
	} else if (failure) {
		say(failure, shown, err);
	} else {
		error_set_errno(err, ERROR_CONFLICT, (int)(failed->number & 0xfff),
				"%s cannot be written", shown);
	}
}
