/* Private to src/sandbox: which package has a program that a container has not; see
 * program_index.c. */
#ifndef SANDBOX_PROGRAM_H
#define SANDBOX_PROGRAM_H

#include "internal.h"

enum { PROGRAM_SIZE = 48, PACKAGE_SIZE = 80 };

enum program_found {
	PROGRAM_UNKNOWN, /* the image has no index, or it was not asked */
	PROGRAM_NOWHERE, /* no package has it, says the image's index */
	PROGRAM_IN_PACKAGE,
};

/* Whether text can be the name of a program, or of a package, in a sentence and in a call. */
bool program_is_plain(const char *text);
bool package_is_plain(const char *text);

/* What is known from an earlier search in this container; PROGRAM_IN_PACKAGE fills ret_package.
 * False: nobody searched. */
bool program_known(const struct sandbox *sb, const char *program, enum program_found *ret_found,
		   char ret_package[PACKAGE_SIZE]);
void programs_forget(struct sandbox *sb);

/* Reads the index of the container's image; done follows, once, when program_known knows. */
struct program_search;
typedef void program_done_fn(void *ctx);
struct program_search *program_search_begin(struct sandbox *sb, const char *program,
					    program_done_fn *done, void *ctx);
/* No callback comes any more.  Allowed inside the callback.  NULL is allowed. */
void program_search_close(struct program_search *search);

#endif
