/* Private to src/sandbox: replacing exact text in a text.  Pure; it runs in a helper thread. */
#ifndef SANDBOX_EDIT_H
#define SANDBOX_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "error.h"

struct edit_wish {
	const char *path; /* for sentences */
	const char *old_text, *new_text;
	int64_t count; /* exactly so many must be there */
};

/* Appends the changed text to ret_text, whose cap is how long it may become.  When it is not there
 * that often, the error says where it was found, or what comes near to it. */
bool edit_apply(const struct edit_wish *wish, const char *text, size_t len, struct buf *ret_text,
		struct error *err);

#endif
