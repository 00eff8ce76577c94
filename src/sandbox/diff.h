/* Private to src/sandbox: what differs between two texts, line by line.  Pure. */
#ifndef SANDBOX_DIFF_H
#define SANDBOX_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

struct diff_text {
	const char *data;
	size_t len; /* below 4 GiB */
};

/* Appends the unified diff with three lines of context, with `path` (absolute) behind a and b in
 * its head; nothing when the texts are equal.  What finds no room in ret_text (which has some for
 * the head: twice the path, and DIFF_HEAD) is left out, and a last line says so.  True: it is
 * whole. */
enum { DIFF_HEAD = 512 };
bool diff_unified(const char *path, const struct diff_text *old_text,
		  const struct diff_text *new_text, struct buf *ret_text);

#endif
