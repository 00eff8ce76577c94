/* What a driver says beside the output (code.h): see outcome.c. */
#ifndef TOOLS_OUTCOME_H
#define TOOLS_OUTCOME_H

#include "code.h"
#include "internal.h"

enum {
	PICTURES_MOST = 10,                          /* of one call, shown */
	PICTURE_BYTES_MOST = 3 * 1024 * 1024,        /* of one, in base 64 … */
	PICTURES_BYTES_MOST = 2 * PICTURE_BYTES_MOST /* … and of all */
};

struct outcome {
	struct json *result;    /* of the last expression; NULL: none */
	struct json *error;     /* type, message, traceback; NULL: none */
	struct json *web;       /* what the web's driver says of a page or search; NULL: none */
	struct json *pictures;  /* image blocks; NULL: none */
	int64_t result_omitted; /* bytes of the result that are not shown */
	int64_t pictures_left_out;
	int64_t not_understood; /* lines */
	int64_t picture_bytes;
	struct buf text; /* result and error, as a terminal would show them */
};

/* Reads lines of JSON, each of which may be hostile.  At most limit bytes of the result and of each
 * text of the error are shown.  Touches nothing else: it may run in another thread. */
void outcome_read(struct code_outcome *lines, const char *command_id, size_t limit,
		  struct outcome *ret_outcome);
void outcome_release(struct outcome *outcome);
/* A line that says how many pictures there are, for clients that leave out their blocks. */
void outcome_count_pictures(const struct outcome *outcome, struct buf *text);
/* Moves it into the structured form of a result. */
void outcome_put(struct outcome *outcome, struct json *structured);

#endif
