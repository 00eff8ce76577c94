/* Files of a container: links to them for people, reading, writing and everything else that is done
 * with a path.  The agent opens every file inside the container; no path is ever resolved out here.
 * The manner is that of sandbox.h: an owner asks, `done` follows exactly once. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "own.h"
#include "sandbox.h"

/* --- links for people ----------------------------------------------------------------------- */

struct file_view {
	const char *id;
	const char *url;
	const char *name;
	const char *path;
	uint64_t size;
	int64_t modified_ms;
	const char *media_type;
	int64_t expires_at;
};
typedef void file_view_fn(void *ctx, const struct file_view *view, const struct error *err);

struct file_request {
	const char *owner;
	const char *container_id;
	const char *path;
	const char *disposition; /* NULL: "auto" */
	int64_t ttl_ms;          /* 0: as long as the container */
};
/* Makes sure that the path is a regular file that can be read, and makes a link to it. */
struct sandbox_op *file_share(struct sandboxes *all, const struct file_request *request,
			      file_view_fn *done, void *ctx, struct error *err) must_check;

/* The links to files of a container that work now, the oldest first.  Size, time and type of the
 * files are not looked at. */
typedef bool file_each_fn(void *ctx, const struct file_view *view);
bool file_each(struct sandboxes *all, const char *owner, const char *container_id,
	       file_each_fn *on_file, void *ctx, struct error *err) must_check;

/* A file being read for a person, by the link's id (which is all that is needed). */
struct file_reader;
struct file_opened {
	const char *name;
	const char *path;
	const char *disposition;
	uint64_t size;
	int64_t modified_ms;
	uint64_t version;   /* differs when the file was changed: for ETag */
	int64_t expires_at; /* of the link, wall milliseconds; 0: it is not read by a link */
};
struct file_events {
	/* The first callback: the file is open, or why not (then nothing follows). */
	void (*on_open)(void *ctx, const struct file_opened *file, const struct error *err);
	void (*on_data)(void *ctx, const void *data, size_t len);
	/* The range is complete (err NULL) or cannot be (the file became shorter, the container
	 * went away).  Last; file_reader_close must still be called. */
	void (*on_over)(void *ctx, const struct error *err);
};
struct file_reader *file_reader_open(struct sandboxes *all, const char *file_id,
				     const struct file_events *events, void *ctx,
				     struct error *err) must_check;
/* The same for a path in one of the owner's containers; disposition and ttl_ms do not count, and
 * the file has no name and no disposition. */
struct file_reader *file_reader_open_path(struct sandboxes *all, const struct file_request *request,
					  const struct file_events *events, void *ctx,
					  struct error *err) must_check;
/* After on_open, once. */
void file_reader_read(struct file_reader *reader, uint64_t offset, uint64_t length);
/* Says that this many bytes of on_data have been passed on: the flow control. */
void file_reader_taken(struct file_reader *reader, size_t len);
/* No callback comes any more.  Allowed inside a callback.  NULL is allowed. */
void file_reader_close(struct file_reader *reader);

/* --- by path, for agents -------------------------------------------------------------------- */
/* Relative paths start at the container's working directory.  Names are bytes: they may hold
 * anything but NUL and the slash, also what is no UTF-8.  Nothing waits for longer than about 45
 * seconds; what was not done by then is said.  Cancelling stops the work in the container where it
 * is; a file is in its place whole or not at all. */

enum file_type {
	FILE_TYPE_REGULAR,
	FILE_TYPE_DIRECTORY,
	FILE_TYPE_LINK,
	FILE_TYPE_FIFO,
	FILE_TYPE_SOCKET,
	FILE_TYPE_DEVICE,
	FILE_TYPE_UNKNOWN, /* gone before it was looked at, or not readable */
};

struct file_entry {
	const char *path; /* absolute */
	enum file_type type;
	uint64_t size; /* bytes */
	uint32_t mode; /* permission bits */
	int64_t modified_ms;
	const char *target; /* what a symbolic link says; else NULL */
};

/* A pattern is a glob of wire.h against the path below `path`: * ? [a-z] [!a-z], and ** as a whole
 * part.  One with a slash decides by itself how deep it goes; one without is about names, of the
 * folder itself or, if recursive, of the whole tree.  What is hidden (begins with a dot) is listed
 * without a pattern; with one only where the pattern's part begins with a dot too.  Symbolic links
 * are not followed, and the kernel's own file systems (/proc, /sys) are not gone into. */
enum { FILE_LIST_MAX = 10000, FILE_LIST_LOOKS_MAX = 200000 };
struct file_list_request {
	const char *owner;
	const char *container_id;
	const char *path;    /* NULL: the working directory */
	const char *pattern; /* NULL: all */
	bool recursive;
	int64_t limit; /* entries, 1 to FILE_LIST_MAX */
};
struct file_listing {
	const char *path;                 /* absolute, without symbolic links */
	const struct file_entry *entries; /* sorted by path, bytewise */
	size_t count;
	/* There are more than these, which are the first `limit` in order.  They are those of the
	 * first FILE_LIST_LOOKS_MAX entries that the folders gave, or of what was seen in ten
	 * seconds, where a tree is larger than that; folders nested deeper than 63 are not gone
	 * into; and names are kept up to four megabytes. */
	bool truncated;
};
typedef void file_list_fn(void *ctx, const struct file_listing *listing, const struct error *err);
struct sandbox_op *file_list(struct sandboxes *all, const struct file_list_request *request,
			     file_list_fn *done, void *ctx, struct error *err) must_check;

/* The one entry at a path; symbolic links on the way are followed, the last one too unless
 * no_follow. */
struct file_path_request {
	const char *owner;
	const char *container_id;
	const char *path;
	bool no_follow; /* file_stat */
	bool recursive; /* file_delete: folders with all that is in them */
};
typedef void file_stat_fn(void *ctx, const struct file_entry *entry, const struct error *err);
struct sandbox_op *file_stat(struct sandboxes *all, const struct file_path_request *request,
			     file_stat_fn *done, void *ctx, struct error *err) must_check;

/* Removes a file, a link (never what it points to) or a folder.  deleted: how many entries went,
 * also when it failed half way. */
typedef void file_delete_fn(void *ctx, const char *path, uint64_t deleted, const struct error *err);
struct sandbox_op *file_delete(struct sandboxes *all, const struct file_path_request *request,
			       file_delete_fn *done, void *ctx, struct error *err) must_check;

/* Renames; between file systems it copies and then removes.  A destination that is a folder, or
 * ends with a slash, takes the source's name below it. */
struct file_move_request {
	const char *owner;
	const char *container_id;
	const char *source;
	const char *destination;
	bool overwrite; /* of a file; never of a folder with something in it */
};
typedef void file_move_fn(void *ctx, const char *source, const char *destination,
			  const struct error *err);
struct sandbox_op *file_move(struct sandboxes *all, const struct file_move_request *request,
			     file_move_fn *done, void *ctx, struct error *err) must_check;

/* Writes a whole file, of at most FILE_WRITE_MAX bytes: beside the place, synced, then renamed over
 * it.  Nobody ever sees half.  A symbolic link stays one: the file behind it is replaced.  (Where
 * every process id of the container is taken, nobody waits for the disk.) */
enum { FILE_WRITE_MAX = 64 * 1024 * 1024 };
struct file_write_request {
	const char *owner;
	const char *container_id;
	const char *path;
	const void *data; /* copied */
	size_t len;
	int32_t mode; /* permission bits; -1: those of the file there, else 0644 */
	/* At its end, at once, which is then not all or nothing: a disk that fills up takes a part.
	 * A file that is not there is made. */
	bool append;
	bool create_parents; /* missing folders are made */
	uint64_t only_if;    /* 0, or file_opened.version: refused (ERROR_CONFLICT) when the file
				there is another one, or was changed */
};
struct file_wrote {
	const char *path; /* absolute, without symbolic links */
	uint64_t size;    /* of the whole file now */
	bool replaced;    /* there was one */
};
typedef void file_write_fn(void *ctx, const struct file_wrote *wrote, const struct error *err);
struct sandbox_op *file_write(struct sandboxes *all, const struct file_write_request *request,
			      file_write_fn *done, void *ctx, struct error *err) must_check;

/* Replaces exact text.  The file is bounded (FILE_EDIT_MAX), must be UTF-8, and is written as by
 * file_write, only if nobody changed it meanwhile. */
enum { FILE_EDIT_MAX = 8 * 1024 * 1024 };
struct file_edit_request {
	const char *owner;
	const char *container_id;
	const char *path;
	const char *old_text;
	const char *new_text;
	int64_t count;    /* exactly so many must be there */
	size_t diff_most; /* bytes of the diff; 0: 16 KiB */
};
struct file_edited {
	const char *path;
	int64_t replacements;
	const char *diff; /* unified, three lines of context; bounded, and says so when it is cut */
};
typedef void file_edit_fn(void *ctx, const struct file_edited *edited, const struct error *err);
struct sandbox_op *file_edit(struct sandboxes *all, const struct file_edit_request *request,
			     file_edit_fn *done, void *ctx, struct error *err) must_check;

/* Tells each change of what is at a path (written, replaced, made, removed), bundled: at most one
 * in a tenth of a second; until file_watch_end.  The path need not be there yet.  Symbolic links
 * are followed; of a folder, what is in it is not part.  A watch survives a broken link, after
 * which one change is told in case it was missed; it ends with its container, which is told as a
 * last change. A container has at most 32 (ERROR_LIMIT). */
struct file_watch;
typedef void file_changed_fn(void *ctx);
struct file_watch *file_watch_begin(struct sandboxes *all, const struct file_path_request *request,
				    file_changed_fn *on_changed, void *ctx,
				    struct error *err) must_check;
void file_watch_end(struct file_watch *watch); /* NULL is allowed */

/* --- uploads ------------------------------------------------------------------------------ */

struct upload_view {
	const char *id;
	const char *url;
	const char *path; /* absolute, without symbolic links */
	bool replaces;    /* there is a file now */
	int64_t max_bytes;
	int64_t expires_at;
};
typedef void upload_view_fn(void *ctx, const struct upload_view *view, const struct error *err);

struct upload_request {
	const char *owner;
	const char *container_id;
	const char *path;
	int64_t ttl_ms;    /* 0: as long as the container */
	int64_t max_bytes; /* 0: the server's limit */
};
/* Makes sure that a file can be written there (which makes missing folders), and makes a link that
 * is good for one upload. */
struct sandbox_op *upload_offer(struct sandboxes *all, const struct upload_request *request,
				upload_view_fn *done, void *ctx, struct error *err) must_check;

/* A file being written, by the upload link's id (which is all that is needed).  Nothing is seen at
 * the place before all of it is there. */
struct file_writer;
enum file_fault {
	FILE_FAULT_OTHER, /* the error's kind says it */
	FILE_FAULT_LINK,  /* no such link, or not any more */
	FILE_FAULT_LARGE,
	FILE_FAULT_ROOM, /* the disk is full */
};
struct file_written {
	const struct error *err; /* NULL: it is there */
	enum file_fault fault;   /* with err */
	const char *path;
	uint64_t size;
	bool replaced;
};
struct file_writer_events {
	/* It is open: file_writer_write may be called.  Replaces: there is a file now. */
	void (*on_open)(void *ctx, const char *path, bool replaces);
	/* There is room again after file_writer_write took less than it was given. */
	void (*on_room)(void *ctx);
	/* Last, once, and never inside of a call: saved after file_writer_finish, or failed at any
	 * time.  file_writer_close must still be called. */
	void (*on_over)(void *ctx, const struct file_written *written);
};
/* length: how much will come, -1 when that is not known.  What is wrong with the link or the place
 * is told by on_over. */
struct file_writer *file_writer_open(struct sandboxes *all, const char *upload_id, int64_t length,
				     const struct file_writer_events *events, void *ctx);
/* Returns how much was taken. */
size_t file_writer_write(struct file_writer *writer, const void *data, size_t len);
/* That was all of it. */
void file_writer_finish(struct file_writer *writer);
/* No callback comes any more.  What was not finished is thrown away; what was, is still saved.
 * Allowed inside a callback.  NULL is allowed. */
void file_writer_close(struct file_writer *writer);

#endif
