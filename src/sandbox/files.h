/* Private to src/sandbox: reading and writing files of a container. */
#ifndef SANDBOX_FILES_H
#define SANDBOX_FILES_H

#include "internal.h"
#include "wire_file.h"

/* --- path_error.c -------------------------------------------------------------------------- */

/* A path as a sentence shows it: bounded, so that the sentence keeps its end, and in one line. */
enum { PATH_SHOWN_SIZE = 200 };
void path_show(const char *path, char ret_shown[PATH_SHOWN_SIZE]);

/* Says why a file cannot be opened or read, as the agent reported it. */
bool path_error(const struct wire_failed *failed, const char *path, struct error *err);
/* The same for one that cannot be written. */
void write_error(const struct wire_failed *failed, const char *path, enum file_fault *ret_fault,
		 struct error *err);

/* The same for a folder that cannot be listed. */
void folder_error(const struct wire_failed *failed, const char *path, struct error *err);

/* The same for a path that is removed, or the source of a move. */
void change_error(const struct wire_failed *failed, const char *path, struct error *err);

/* --- file_op.c: a question about a path ----------------------------------------------------- */

struct file_op;
struct file_question {
	enum wire_type type;
	/* A frame of the answer; false when it makes no sense.  With the last one: file_op_end. */
	bool (*on_frame)(struct file_op *op, const struct wire_frame *frame);
	/* Calls done, and frees what hangs on the operation (not itself). */
	void (*deliver)(struct file_op *op, const struct error *err);
	int64_t limit_ms;    /* what the agent is given */
	const char *unknown; /* said when no answer comes; NULL: nothing was being changed */
};
/* Embedded first in each operation's struct, made by mem_new. */
struct file_op {
	struct sandbox_op op; /* first */
	const struct file_question *question;
	struct sandbox *sb; /* NULL once it is over: no frame finds it any more */
	uint32_t stream;
	bool asked, answered;
	char container_id[ID_SIZE];
	char *path; /* as the caller named it */
	uint8_t *payload;
	size_t payload_len;
	UT_hash_handle hh;
};
/* Whether one more may begin. */
bool file_op_may_begin(const struct sandbox *sb, struct error *err) must_check;
/* Asks now, or when its turn comes. */
void file_op_begin(struct file_op *op, struct sandbox *sb, const struct file_question *question,
		   const char *path, const struct wire_writer *payload);
/* The answer is complete (err NULL) or an error. */
void file_op_end(struct file_op *op, const struct error *err);
bool file_path_fits(const char *path, struct error *err) must_check;
/* Where relative paths begin.  base is zeroed. */
void file_base(const struct sandbox *sb, char base[WIRE_PATH_MAX + 1]);
void file_put_target(struct wire_writer *writer, const struct sandbox *sb, const char *path,
		     bool flag, int64_t limit_ms);
/* True when one of these took the frame, *ret_good then says if it is in order. */
bool file_op_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good);
void file_ops_end(struct sandbox *sb, const struct error *err);
void file_ops_link_up(struct sandbox *sb);

/* --- file_list.c --------------------------------------------------------------------------- */

/* All but the texts. */
void file_entry_of(const struct wire_entry *told, struct file_entry *ret_entry);

/* --- file_watch.c -------------------------------------------------------------------------- */

/* True when a watch took the frame, *ret_good then says if it is in order. */
bool file_watch_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good);
void file_watches_link_up(struct sandbox *sb);
/* The container goes, or the server does: each is told once more, and hears no more. */
void file_watches_over(struct sandbox *sb);

/* --- file_reader.c ------------------------------------------------------------------------- */

/* As file_reader_open, by container and path. */
struct file_reader *file_reader_begin(struct sandbox *sb, const char *path,
				      const struct file_events *events, void *ctx,
				      struct error *err) must_check;
bool file_frame(struct sandbox *sb, const struct wire_frame *frame);
/* The link broke, or the container goes: every reader and writer of it ends with this error. */
void files_end(struct sandbox *sb, const struct error *err);
/* Files that waited for the link are opened. */
void files_link_up(struct sandbox *sb);

/* --- file_writer.c ------------------------------------------------------------------------- */

/* As file_writer_open, by container and path, without a link. */
struct file_writer *file_writer_begin(struct sandbox *sb, const char *path, int64_t length,
				      const struct file_writer_events *events, void *ctx);
/* How a file is written, where that differs from an upload. */
struct file_wish {
	uint32_t mode; /* or WIRE_MODE_KEPT */
	bool append;
	bool create_parents;
	uint64_t version; /* that the file there must have; 0: any or none */
};
/* As file_writer_begin. */
struct file_writer *file_writer_compose(struct sandbox *sb, const char *path, int64_t length,
					const struct file_wish *wish,
					const struct file_writer_events *events, void *ctx);
/* What readers do not know; true when a writer took the frame, *ret_good then says if it is in
 * order. */
bool file_writer_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good);
void file_writers_end(struct sandbox *sb, const struct error *err);
void file_writers_link_up(struct sandbox *sb);

#endif
