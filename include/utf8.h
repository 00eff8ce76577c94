/* UTF-8 as RFC 3629 defines it: no surrogates, nothing above U+10FFFF, no overlong forms. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

bool utf8_is_valid(const void *data, size_t len);

/* Appends data to ret_text with each malformed sequence (and each NUL) replaced by U+FFFD.
 * *ret_replaced tells whether anything was replaced.  False when the cap of ret_text is hit. */
bool utf8_clean(const void *data, size_t len, struct buf *ret_text, bool *ret_replaced);

/* The largest n ≤ len such that data[0..n) does not end inside a character. */
size_t utf8_whole(const void *data, size_t len);

/* How many continuation bytes stand at the front: what to skip to begin at a character.  Three at
 * most, for no character has more: a longer row of them is not text and is not passed over. */
size_t utf8_skip(const void *data, size_t len);

#endif
