/* HTML that is made of a stranger's text.  Markup is ours and literal; text is escaped on its way
 * in, so no byte of a file or its name can become markup, whatever stands around it.  What reads
 * otherwise than it is (control characters, marks that turn the direction of writing, characters
 * without a shape) is made visible. */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

enum {
	HTML_MAX = 1024 * 1024,
	HTML_RESERVE = 64 * 1024, /* for markup, so that what was opened can be closed */
};

struct html {
	struct buf buf;
	bool full;    /* text was left out; who writes in a loop stops then */
	size_t marks; /* how many characters had to be made visible */
};

#define HTML_INIT(most) ((struct html){ .buf = BUF_INIT(most) })

/* Markup: a literal of ours. */
void html_raw(struct html *html, const char *markup);
/* The same with numbers in it, or with other literals. */
void html_rawf(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text: UTF-8.  Good inside of elements. */
void html_text(struct html *html, const char *text, size_t len);
/* The same for the value of an attribute (in double quotes) and for <title>, where no element can
 * stand: what would be made visible is U+FFFD there. */
void html_attribute(struct html *html, const char *text, size_t len);

static inline void auto_html_(struct html *slot)
{
	buf_release(&slot->buf);
}
#define auto_html AUTO(html) struct html

/* The frame around everything that a person is shown.  title is text. */
void page_begin(struct html *html, const char *title);
void page_end(struct html *html);
/* What the page's own style sheet needs of a policy: "style-src 'sha256-…'".  The caller owns it.
 */
char *page_style_source(void);

#endif
