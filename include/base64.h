/* Standard base 64 with padding (RFC 4648 section 4). */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/* False when the cap of ret_text is hit. */
bool base64_encode(const void *data, size_t len, struct buf *ret_text);
/* Appends the bytes.  False when text is not exactly that (whole groups, right padding, no other
 * character), or when the cap is hit. */
bool base64_decode(const char *text, size_t len, struct buf *ret_data);

#endif
