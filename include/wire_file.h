/* The records inside the frames about files (wire.h has the frames, and the talk), and the globs
 * that pick some of them. */
#ifndef WIRE_FILE_H
#define WIRE_FILE_H

#include "wire.h"

/* OPEN: a path, resolved inside the container against base when it is relative. */
struct wire_open {
	char base[WIRE_PATH_MAX + 1];
	char path[WIRE_PATH_MAX + 1];
};
void wire_put_open(struct wire_writer *writer, const struct wire_open *open);
bool wire_get_open(const struct wire_frame *frame, struct wire_open *ret_open);

/* OPENED: a regular file, held open until CLOSE. */
struct wire_opened {
	uint64_t size;
	uint64_t modified_ns; /* since 1970 */
	uint64_t inode;
	char path[WIRE_PATH_MAX + 1]; /* absolute, without symbolic links */
};
void wire_put_opened(struct wire_writer *writer, const struct wire_opened *opened);
bool wire_get_opened(const struct wire_frame *frame, struct wire_opened *ret_opened);

/* READ: DATA follows from offset on; END when length bytes were sent (number 0) or when that is
 * impossible, because the file became shorter (ENODATA) or cannot be read (its errno). */
struct wire_read {
	uint64_t offset;
	uint64_t length;
};
void wire_put_read(struct wire_writer *writer, const struct wire_read *read);
bool wire_get_read(const struct wire_frame *frame, struct wire_read *ret_read);

/* CREATE: where a file is to be, as in OPEN, and how long it will be (UINT64_MAX: not known), so
 * that a place without room for it is refused at once. */
struct wire_create {
	char base[WIRE_PATH_MAX + 1];
	char path[WIRE_PATH_MAX + 1];
	uint64_t size;
};
void wire_put_create(struct wire_writer *writer, const struct wire_create *create);
bool wire_get_create(const struct wire_frame *frame, struct wire_create *ret_create);

/* CREATED: there is a temporary file beside the place.  SAVED: it is at the place now. */
struct wire_created {
	uint8_t replaces;             /* 1: a file is there already */
	char path[WIRE_PATH_MAX + 1]; /* absolute, without symbolic links */
};
void wire_put_created(struct wire_writer *writer, const struct wire_created *created);
bool wire_get_created(const struct wire_frame *frame, struct wire_created *ret_created);

struct wire_saved {
	uint8_t replaced; /* 1: there was a file, which is gone now */
	uint64_t size;
};
void wire_put_saved(struct wire_writer *writer, const struct wire_saved *saved);
bool wire_get_saved(const struct wire_frame *frame, struct wire_saved *ret_saved);

/* COMPOSE: as CREATE, and how.  Its answers are those of CREATE; SAVED's size is that of the whole
 * file. */
struct wire_compose {
	struct wire_create place;
	uint32_t mode;        /* permission bits; WIRE_MODE_KEPT: of the file there, else 0644 */
	uint8_t append;       /* 1: WRITE goes to the end of what is there, at once */
	uint8_t make_folders; /* 1: those that are missing on the way */
	uint64_t version;     /* 0, or wire_version of the file that must be there (else ESTALE) */
};
#define WIRE_MODE_KEPT UINT32_MAX
void wire_put_compose(struct wire_writer *writer, const struct wire_compose *compose);
bool wire_get_compose(const struct wire_frame *frame, struct wire_compose *ret_compose);

/* Over what changes when a file does; never 0. */
uint64_t wire_version(uint64_t inode, uint64_t modified_ns, uint64_t size);

enum wire_file_type {
	WIRE_FILE_REGULAR,
	WIRE_FILE_DIRECTORY,
	WIRE_FILE_LINK,
	WIRE_FILE_FIFO,
	WIRE_FILE_SOCKET,
	WIRE_FILE_DEVICE,
	WIRE_FILE_UNKNOWN, /* gone before it was looked at, or not readable */
};

/* STATED has one; ENTRIES has them one behind the other.  Texts are borrowed, and no NUL ends or
 * is in them. */
struct wire_entry {
	uint8_t type;         /* enum wire_file_type */
	uint32_t mode;        /* permission bits */
	uint64_t size;        /* bytes */
	uint64_t modified_ns; /* since 1970, two's complement */
	const char *path;     /* of ENTRIES: below the folder, "a/b"; of STATED: absolute */
	size_t path_len;
	const char *target; /* what a symbolic link says */
	size_t target_len;
};
void wire_put_entry(struct wire_writer *writer, const struct wire_entry *entry);
/* The next of a payload.  False when it is malformed: a path that is empty, absolute, or has a part
 * that is empty, "." or "..". */
bool wire_get_entry(struct wire_cursor *cursor, struct wire_entry *ret_entry);
bool wire_get_stated(const struct wire_frame *frame, struct wire_entry *ret_entry);

/* LIST: what is in a folder, in any order; with `recursive` the tree below it, without going into
 * other file systems of the kernel's. */
struct wire_list {
	char base[WIRE_PATH_MAX + 1];
	char path[WIRE_PATH_MAX + 1];
	char pattern[WIRE_PATTERN_MAX + 1]; /* for wire_glob; "": everything */
	uint8_t recursive;
	uint64_t looks_max; /* entries looked at, at most; */
	uint64_t limit_ms;  /* and how long: LIST_END says `truncated` then */
};
void wire_put_list(struct wire_writer *writer, const struct wire_list *list);
bool wire_get_list(const struct wire_frame *frame, struct wire_list *ret_list);

/* BAR: enough entries are known that come before this path (of ENTRIES), bytewise: neither it nor
 * what comes behind it is wanted any more, and LIST_END says `truncated` where there was such. */
void wire_put_bar(struct wire_writer *writer, const char *path, size_t len);
bool wire_get_bar(const struct wire_frame *frame, char ret_path[WIRE_PATH_MAX + 1]);

struct wire_list_end {
	uint8_t truncated;
	char path[WIRE_PATH_MAX + 1]; /* of the folder: absolute, without symbolic links */
};
void wire_put_list_end(struct wire_writer *writer, const struct wire_list_end *end);
bool wire_get_list_end(const struct wire_frame *frame, struct wire_list_end *ret_end);

/* STAT, REMOVE, OBSERVE */
struct wire_target {
	char base[WIRE_PATH_MAX + 1];
	char path[WIRE_PATH_MAX + 1];
	uint8_t flag;      /* STAT: look at a link itself; REMOVE: with all that is in it */
	uint64_t limit_ms; /* REMOVE: ends with ETIME then */
};
void wire_put_target(struct wire_writer *writer, const struct wire_target *target);
bool wire_get_target(const struct wire_frame *frame, struct wire_target *ret_target);

/* REMOVED: how many entries went, and what ended it before all had (number 0: nothing). */
struct wire_removed {
	uint64_t count;
	struct wire_failed failed;
	char path[WIRE_PATH_MAX + 1]; /* absolute, without symbolic links; of the entry that could
					 not be removed where one could not; may be "" then */
};
void wire_put_removed(struct wire_writer *writer, const struct wire_removed *removed);
bool wire_get_removed(const struct wire_frame *frame, struct wire_removed *ret_removed);

struct wire_move {
	char base[WIRE_PATH_MAX + 1];
	char source[WIRE_PATH_MAX + 1];
	char destination[WIRE_PATH_MAX + 1];
	uint8_t overwrite;
	uint64_t limit_ms; /* for a copy into another file system: ends with ETIME then */
};
void wire_put_move(struct wire_writer *writer, const struct wire_move *move);
bool wire_get_move(const struct wire_frame *frame, struct wire_move *ret_move);

/* Both absolute, without symbolic links. */
struct wire_moved {
	char source[WIRE_PATH_MAX + 1];
	char destination[WIRE_PATH_MAX + 1];
};
void wire_put_moved(struct wire_writer *writer, const struct wire_moved *moved);
bool wire_get_moved(const struct wire_frame *frame, struct wire_moved *ret_moved);

/* --- globs (glob.c) ----------------------------------------------------------------------- */

/* Whether a path ("a/b/c") matches a pattern: * and ? (no slash), [a-z], [!a-z], \\ before a
 * character that means itself, and ** as a whole part, which stands for any number of folders, also
 * none.  What begins with a dot is matched only by a part that does too, as in a shell. */
bool wire_glob(const char *pattern, const char *path);
/* Whether something below the folder `path` can match; true also when that is not sure. */
bool wire_glob_leads(const char *pattern, const char *path);

#endif
