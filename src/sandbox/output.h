/* Private to src/sandbox: what a command printed, kept on disk, and matching it. */
#ifndef SANDBOX_OUTPUT_H
#define SANDBOX_OUTPUT_H

#include "buf.h"
#include "sandbox.h"

/* --- spool.c: what a command printed, on disk ---------------------------------------------- */

/* Makes data_dir/spool and opens it (all->spool_dir). */
bool spool_dir_open(struct sandboxes *all, struct error *err) must_check;
void spool_dir_close(struct sandboxes *all);
/* Removes the files of a command whose row is being forgotten. */
void spool_forget(struct sandboxes *all, const char *command_id);

enum { SPOOL_MEMORY = 16 * 1024 };

/* One stream of one command.  The first bytes stay in memory until they are more than SPOOL_MEMORY
 * or the command is over: until then the agent has not been told that it may drop them, so a crash
 * loses nothing.  Past the limit (or a full disk) bytes are counted, and the last ones kept. */
struct spool {
	int dir;
	char name[ID_SIZE + 8]; /* x-….out */
	int64_t limit;
	int64_t total;   /* all that was printed so far */
	int64_t kept;    /* in the file, from its start */
	bool cut;        /* later bytes are not kept: limit, full disk or a gap */
	bool stored;     /* whatever is kept is in the file, not only in `head` */
	struct buf head; /* bytes 0 … when total ≤ SPOOL_MEMORY */
	struct buf tail; /* the last bytes, once cut */
};

/* stream: an enum command_stream, or: */
enum { COMMAND_OUTCOME = 0 }; /* of code only, read by code_outcome_line */
void spool_init(struct spool *spool, int dir, const char *command_id, int stream, int64_t limit);
void spool_release(struct spool *spool);
/* Takes what is on disk.  total: all that was printed; -1: it runs, the agent goes on from there.
 */
void spool_load(struct spool *spool, int64_t total);
/* Adds the bytes that follow at spool->total. */
void spool_write(struct spool *spool, const void *data, size_t len);
/* The stream goes on at offset; what lies before is lost. */
void spool_skip(struct spool *spool, int64_t offset);
/* Up to here the agent may forget. */
int64_t spool_safe(const struct spool *spool);
/* The command is over: all goes to disk. */
void spool_finish(struct spool *spool);
/* How many bytes from the start can be read, and from where to the end they can be read again. */
int64_t spool_readable(const struct spool *spool);
int64_t spool_tail_from(const struct spool *spool);
/* Appends what can be read of [offset, offset + len) up to the first byte that cannot. */
bool spool_read(const struct spool *spool, int64_t offset, int64_t len, struct buf *ret_data,
		struct error *err) must_check;
/* A descriptor of the kept bytes for another thread; -1 when they are in `head` or nowhere. */
int spool_open_file(const struct spool *spool);
/* A file of the spool directory; -1 with errno. */
int spool_open_named(int dir, const char *name, int flags);
/* Writes at an offset of a file; returns how much, less than len only if the disk refuses. */
size_t spool_write_at(int fd, const void *data, size_t len, int64_t offset);

/* --- regex.c ------------------------------------------------------------------------------- */

struct regex;
enum regex_result { REGEX_NO, REGEX_YES, REGEX_TOO_HARD };
enum { REGEX_PIECE = 64 * 1024 };

struct regex *regex_new(const char *pattern, struct error *err) must_check;
void regex_free(struct regex *regex);
OWNED_BY_SCOPE(regex, struct regex *, regex_free)
#define auto_regex AUTO(regex) struct regex *
/* Bounded in steps and memory.  Any thread, one at a time.  line_start: data begins a line. */
enum regex_result regex_search(struct regex *regex, const char *data, size_t len, bool line_start);

#endif
