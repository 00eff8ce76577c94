/* Pages about files under libFuzzer.  Input: a byte that picks a name, then the file.  What must
 * hold: the page ends, stays small, and holds no tag, attribute or address but ours, whatever the
 * file is. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[] = {
	"a",     "a.md",     "a.csv",      "a.tsv",  "a.c",    "a.py",   "a.rs",
	"a.js",  "a.sh",     "a.sql",      "a.json", "a.yaml", "a.toml", "a.html",
	"a.css", "Makefile", "Dockerfile", "a.diff", "a.svg",  "a.lua",  "a.php",
	"a.go",  "a.txt",    "a.ini",      "a.mp3",  "a.ico",  "a.kt",
};

/* Everything that the pages are made of. */
static const char tags[] = " html head meta title style body header div h1 bdi p span data a main "
			   "figure img video audio "
			   "iframe pre code b i u var dfn strong ins del mark table thead tbody tr "
			   "th td article h2 h3 "
			   "h4 h5 h6 em s ul ol li blockquote hr br ";
static const char attributes[] =
	" lang charset name content class value href title src alt controls preload aria-hidden "
	"tabindex scope rel target start ";

static bool is_listed(const char *list, const char *word, size_t len)
{
	char text[40] = " ";

	assert(len > 0 && len < sizeof(text) - 2);
	memcpy(text + 1, word, len);
	text[len + 1] = ' ';
	return strstr(list, text) != NULL;
}

static void check_address(const char *value, size_t len)
{
	static const char *const good[] = { "?download=1", "?raw=", "http://", "https://",
					    "mailto:" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (len >= strlen(good[i]) && strncasecmp(value, good[i], strlen(good[i])) == 0)
			return;
	abort();
}

/* at: behind the name of a tag.  Returns behind its end. */
static const char *check_attributes(const char *at)
{
	while (*at != '>') {
		size_t len;
		const char *end;

		assert(*at++ == ' ');
		len = strcspn(at, "= >");
		assert(is_listed(attributes, at, len));
		if (at[len] != '=') {
			at += len;
			continue;
		}
		assert(at[len + 1] == '"');
		end = strchr(at + len + 2, '"');
		assert(end && !memchr(at, '<', (size_t)(end - at)));
		if (strncmp(at, "href", len) == 0 || strncmp(at, "src", len) == 0)
			check_address(at + len + 2, (size_t)(end - at) - len - 2);
		at = end + 1;
	}
	return at + 1;
}

/* Whatever is opened is closed, in the right order. */
static void check(const char *html)
{
	static const char *open[1000];
	size_t depth = 0;

	while ((html = strchr(html, '<'))) {
		bool closes = html[1] == '/';
		size_t len;

		html += closes ? 2 : 1;
		if (strncmp(html, "!doctype html>", 14) == 0)
			continue;
		len = strcspn(html, " >");
		assert(is_listed(tags, html, len));
		if (closes)
			assert(depth > 0 && strncmp(open[--depth], html, len) == 0);
		else if (!is_listed(" meta img br hr ", html, len))
			open[depth++] = html;
		assert(depth < sizeof(open) / sizeof(open[0]));
		html = check_attributes(html + len);
	}
	assert(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct preview_page page;
	struct preview_file file = { .now_ms = 0, .expires_at = 60000, .size = len };
	const char *html;
	char *copy;

	if (len == 0 || len > PREVIEW_MAX)
		return 0;
	copy = malloc(len);
	memcpy(copy, data + 1, len - 1);
	file.name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
	file.data = copy;
	file.len = len - 1;
	preview_page_make(&file, &page);
	html = buf_text(&page.html.buf);
	check(html);
	assert(strlen(html) == page.html.buf.len);
	assert(page.html.buf.len < HTML_MAX + 2 * HTML_RESERVE);
	assert(strcmp(html + page.html.buf.len - 8, "</html>\n") == 0);
	preview_page_release(&page);
	free(copy);
	return 0;
}
