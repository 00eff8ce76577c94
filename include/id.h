/* Identifiers that cannot be guessed: 130 random bits from the kernel in lower-case base 32,
 * behind a prefix that says what the thing is ("c-" container, "x-" command, "f-" file …). */
#ifndef ID_H
#define ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_SIZE = 40 };

/* prefix: at most 8 characters, with its hyphen. */
void id_new(const char *prefix, char ret_id[ID_SIZE]);
/* Whether text has the form that id_new(prefix) gives; says nothing about its existence. */
bool id_is_formed(const char *prefix, const char *text);
/* Random bytes from the kernel; aborts if there are none (nothing could be kept secret then). */
void id_random(void *ret_bytes, size_t len);

#endif
