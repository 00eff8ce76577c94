/* Private to src/sandbox: reading files of a container. */
#ifndef SANDBOX_FILES_H
#define SANDBOX_FILES_H

#include "internal.h"

/* --- path_error.c -------------------------------------------------------------------------- */

/* Says why a file cannot be opened or read, as the agent reported it. */
bool path_error(const struct wire_failed *failed, const char *path, struct error *err);

/* --- file_reader.c ------------------------------------------------------------------------- */

/* As file_reader_open, by container and path. */
struct file_reader *file_reader_begin(struct sandbox *sb, const char *path,
				      const struct file_events *events, void *ctx,
				      struct error *err) must_check;
bool file_frame(struct sandbox *sb, const struct wire_frame *frame);
/* The link broke, or the container goes: every reader of it ends with this error. */
void file_readers_end(struct sandbox *sb, const struct error *err);
/* Files that waited for the link are opened. */
void file_readers_link_up(struct sandbox *sb);

#endif
