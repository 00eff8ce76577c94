/* The bodies that are rows of characters: text, code, bytes.  Numbers of lines stand in a column of
 * their own, so that who copies the text does not copy them. */
#include <ctype.h>
#include <string.h>
#include "preview.h"

enum { LONG_LINE = 1000, HEX_ROW = 16 };

struct shape {
	size_t lines, longest;
	size_t shown; /* bytes of the lines that are shown */
};

static struct shape measure(const char *text, size_t len)
{
	struct shape shape = { 0 };

	while (shape.shown < len && shape.lines < PREVIEW_LINES) {
		const char *line = text + shape.shown;
		const char *end = memchr(line, '\n', len - shape.shown);
		size_t line_len = end ? (size_t)(end + 1 - line) : len - shape.shown;

		shape.lines++;
		shape.shown += line_len;
		if (line_len > shape.longest)
			shape.longest = line_len;
	}
	return shape;
}

static void add_numbers(struct html *html, size_t lines)
{
	html_raw(html, "<pre class=\"numbers\" aria-hidden=\"true\">");
	for (size_t i = 1; i <= lines; i++)
		html_rawf(html, "%zu\n", i);
	html_raw(html, "</pre>");
}

void text_body(struct html *html, const struct language *language, const char *text, size_t len,
	       struct preview_left *ret_left)
{
	struct shape shape = measure(text, len);
	bool numbered = language && shape.longest <= LONG_LINE;

	html_rawf(html, "<div class=\"%s\">", numbered ? "sheet code" : "sheet wrapped");
	if (numbered)
		add_numbers(html, shape.lines);
	html_raw(html, "<pre tabindex=\"0\"><code>");
	if (language)
		code_body(html, language, text, shape.shown);
	else
		html_text(html, text, shape.shown);
	html_raw(html, "</code></pre></div>");
	if (shape.shown < len)
		ret_left->lines = shape.lines;
}

static void add_row(struct html *html, const unsigned char *data, size_t at, size_t len)
{
	char letters[HEX_ROW];

	memcpy(letters, data + at, len);
	html_rawf(html, "<b>%08zx</b>  ", at);
	for (size_t i = 0; i < HEX_ROW; i++) {
		if (i < len)
			html_rawf(html, "%02x ", data[at + i]);
		else
			html_raw(html, "   ");
		if (i == HEX_ROW / 2 - 1)
			html_raw(html, " ");
	}
	for (size_t i = 0; i < len; i++)
		if (letters[i] < 0x20 || letters[i] > 0x7e)
			letters[i] = '.';
	html_raw(html, " ");
	html_text(html, letters, len);
	html_raw(html, "\n");
}

void hex_body(struct html *html, const void *data, size_t len, struct preview_left *ret_left)
{
	size_t shown = len < PREVIEW_HEX ? len : PREVIEW_HEX;

	html_raw(html, "<div class=\"sheet hex\"><pre tabindex=\"0\">");
	for (size_t at = 0; at < shown; at += HEX_ROW)
		add_row(html, data, at, shown - at < HEX_ROW ? shown - at : HEX_ROW);
	html_raw(html, "</pre></div>");
	if (shown < len)
		ret_left->bytes = shown;
}
