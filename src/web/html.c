/* Escaping.  Runs of harmless bytes are copied whole; only the few that matter are looked at. */
#include "html.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RUN_MAX = 4096, RAW_MAX = 512 };

void html_raw(struct html *html, const char *markup)
{
	if (!buf_add_text(&html->buf, markup))
		html->full = true;
}

void html_rawf(struct html *html, const char *format, ...)
{
	char markup[RAW_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(markup, sizeof(markup), format, args);
	va_end(args);
	html_raw(html, markup);
}

static bool has_room(struct html *html)
{
	if (html->buf.max - html->buf.len < HTML_RESERVE)
		html->full = true;
	return !html->full;
}

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Whether a byte stands for itself.  The lead bytes below begin all characters of is_hidden. */
static bool is_plain(unsigned char byte)
{
	if (byte < 0x20)
		return byte == '\n' || byte == '\t';
	return !entity_of((char)byte) && byte != 0x7f && byte != 0xc2 && byte != 0xd8 &&
	       byte != 0xe2 && byte != 0xef && byte != 0xf3;
}

/* What a reader does not see, or what makes the rest read otherwise (CVE-2021-42574). */
static bool is_hidden(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200b ||
	       code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

/* The character at the front; *ret_len is never 0.  Bytes that are no UTF-8 count as one each. */
static uint32_t read_character(const char *text, size_t len, size_t *ret_len)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t want = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t code = want == 1 ? at[0] : at[0] & (0x7fu >> want);

	*ret_len = 1;
	if (want > len)
		return 0xfffd;
	for (size_t i = 1; i < want; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0xfffd;
		code = code << 6 | (at[i] & 0x3fu);
	}
	*ret_len = want;
	return code;
}

static void add_mark(struct html *html, uint32_t code)
{
	html->marks++;
	if (code < 0x20)
		html_rawf(html, "<mark>&#%u;</mark>", 0x2400 + code);
	else
		html_rawf(html, "<mark>U+%04X</mark>", code);
}

/* The one character at text, which is not plain.  Returns its length. */
static size_t add_special(struct html *html, const char *text, size_t len, bool markup)
{
	const char *entity = entity_of(*text);
	uint32_t code;
	size_t used;

	if (entity) {
		html_raw(html, entity);
		return 1;
	}
	code = read_character(text, len, &used);
	if (code == 0xfffd || (is_hidden(code) && !markup))
		html_raw(html, "\xef\xbf\xbd");
	else if (is_hidden(code))
		add_mark(html, code);
	else
		(void)buf_add(&html->buf, text, used);
	return used;
}

static void add(struct html *html, const char *text, size_t len, bool markup)
{
	while (len > 0 && has_room(html)) {
		size_t run = 0;

		while (run < len && run < RUN_MAX && is_plain((unsigned char)text[run]))
			run++;
		if (run > 0)
			(void)buf_add(&html->buf, text, run);
		else
			run = add_special(html, text, len, markup);
		text += run;
		len -= run;
	}
}

void html_text(struct html *html, const char *text, size_t len)
{
	add(html, text, len, true);
}

void html_attribute(struct html *html, const char *text, size_t len)
{
	add(html, text, len, false);
}
