/* A growing run of bytes with a cap.  Whoever makes one says how far it may grow; past that, adding
 * fails and leaves the buffer as it was. */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include "own.h"

struct buf {
	char *data;  /* followed by a NUL once anything was added; NULL before */
	size_t len;  /* bytes held */
	size_t room; /* bytes allocated */
	size_t max;  /* bytes it may ever hold */
};

#define BUF_INIT(most) ((struct buf){ .max = (most) })

void buf_release(struct buf *buf);
/* False when len more bytes would pass the cap. */
bool buf_add(struct buf *buf, const void *data, size_t len);
bool buf_add_text(struct buf *buf, const char *text);
bool buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Removes len bytes from the front; len must not exceed buf->len. */
void buf_drop(struct buf *buf, size_t len);
/* Empties it, keeping the memory. */
void buf_clear(struct buf *buf);
/* NUL-terminated contents; "" when empty.  Borrowed, valid until the next change. */
const char *buf_text(const struct buf *buf);
/* Gives away the NUL-terminated contents (never NULL); the buffer is empty afterwards. */
char *buf_take(struct buf *buf);

static inline void auto_buf_(struct buf *slot)
{
	buf_release(slot);
}
#define auto_buf AUTO(buf) struct buf

#endif
