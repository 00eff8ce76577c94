/* Private to src/wire: parts of records that stand in more than one (records.c).
 *
 *	frames.c    frames out of pieces        payload.c      numbers and texts
 *	records.c   the records                 call_records.c those about calls of code
 *	glob.c      globs                       file_records.c those about files */
#ifndef WIRE_INTERNAL_H
#define WIRE_INTERNAL_H

#include "wire.h"

struct wire_cursor record_cursor(const struct wire_frame *frame);
/* A byte that says yes or no: 0 or 1, anything else is malformed. */
uint8_t record_get_flag(struct wire_cursor *cursor);
/* These mark the cursor bad where a value is. */
void record_get_command(struct wire_cursor *cursor, struct wire_command *ret_command);
void record_get_start(struct wire_cursor *cursor, char *room, const char **env, uint32_t env_max,
		      struct wire_start *ret_start);
void record_get_exited(struct wire_cursor *cursor, struct wire_exited *ret_exited);

#endif
