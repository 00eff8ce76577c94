/* A file's bytes as text: in which coding they are, if they are text at all, and the same as clean
 * UTF-8 with LF at the ends of lines.  Pure. */
#ifndef WEB_TEXT_H
#define WEB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

enum text_coding {
	TEXT_NONE, /* not text */
	TEXT_UTF8,
	TEXT_UTF16_LE,
	TEXT_UTF16_BE,
	TEXT_WINDOWS_1252, /* a guess: what is not UTF-8 but looks like text mostly is that */
};

enum text_coding text_guess(const void *data, size_t len);
/* Appends it to ret_text: without a byte order mark, without the colours of a terminal.  False when
 * the cap of ret_text is hit. */
bool text_decode(const void *data, size_t len, enum text_coding coding, struct buf *ret_text);

#endif
