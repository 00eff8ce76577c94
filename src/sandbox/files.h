/* Private to src/sandbox: reading and writing files of a container. */
#ifndef SANDBOX_FILES_H
#define SANDBOX_FILES_H

#include "internal.h"

/* --- path_error.c -------------------------------------------------------------------------- */

/* Says why a file cannot be opened or read, as the agent reported it. */
bool path_error(const struct wire_failed *failed, const char *path, struct error *err);
/* The same for one that cannot be written. */
void write_error(const struct wire_failed *failed, const char *path, enum file_fault *ret_fault,
		 struct error *err);

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
/* What readers do not know; true when a writer took the frame, *ret_good then says if it is in
 * order. */
bool file_writer_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good);
void file_writers_end(struct sandbox *sb, const struct error *err);
void file_writers_link_up(struct sandbox *sb);

#endif
