/* The page of a file: what it is called, what it is, how long its link works, a button that saves
 * it, and below that what it looks like. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "preview.h"
#include "utf8.h"

enum { TEXT_MAX = 1024 * 1024, NAME_READ = 1024, NAME_SHOWN_MAX = 4 * NAME_READ, SIZE_TEXT = 48 };

/* --- numbers for people ------------------------------------------------------------------- */

static void format_size(uint64_t size, char ret_text[SIZE_TEXT])
{
	static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)size / 1000;
	size_t unit = 0;

	if (size < 1000) {
		snprintf(ret_text, SIZE_TEXT, "%" PRIu64 " byte%s", size, size == 1 ? "" : "s");
		return;
	}
	for (; value >= 999.5 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
		value /= 1000;
	snprintf(ret_text, SIZE_TEXT, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void add_time_left(struct html *html, const struct preview_file *file)
{
	int64_t minutes = (file->expires_at - file->now_ms) / 60000;
	char until[CLOCK_TEXT_SIZE];

	if (file->expires_at == 0)
		return;
	clock_format_hm(file->expires_at, until);
	html_raw(html, "<span>link works for ");
	if (minutes >= 60)
		html_rawf(html, "%" PRId64 " h %" PRId64 " min", minutes / 60, minutes % 60);
	else if (minutes >= 1)
		html_rawf(html, "%" PRId64 " min", minutes);
	else
		html_raw(html, "less than a minute");
	html_rawf(html, " (until %s UTC)</span>", until);
}

/* --- the top ------------------------------------------------------------------------------ */

static void add_head(struct html *html, const struct preview_file *file, const char *name,
		     const char *label)
{
	char size[SIZE_TEXT];

	format_size(file->size, size);
	html_raw(html, "<header><div><h1><bdi>");
	html_text(html, name, strlen(name));
	html_raw(html, "</bdi></h1>\n<p class=\"facts\"><span>");
	html_text(html, label, strlen(label));
	html_raw(html, "</span><span>");
	if (file->size >= 1000)
		html_rawf(html, "<data value=\"%" PRIu64 "\">%s</data>", file->size, size);
	else
		html_raw(html, size);
	html_raw(html, "</span>");
	add_time_left(html, file);
	html_raw(html,
		 "</p></div>\n<a class=\"button\" href=\"?download=1\">Download</a></header>\n"
		 "<main>\n");
}

/* --- what it looks like ------------------------------------------------------------------- */

static void add_media(struct html *html, const struct media *media, const char *name)
{
	if (media->kind == PREVIEW_PDF) {
		html_raw(html, "<iframe src=\"?raw=pdf\" title=\"");
		html_attribute(html, name, strlen(name));
		html_raw(html,
			 "\"></iframe>\n<p class=\"note\">If nothing is seen here, this browser "
			 "does not show PDF inside of a page: download it.</p>");
		return;
	}
	html_raw(html, "<figure class=\"media\">");
	if (media->kind == PREVIEW_PICTURE) {
		html_rawf(html, "<img src=\"?raw=%s\" alt=\"", media->word);
		html_attribute(html, name, strlen(name));
		html_raw(html, "\">");
	} else if (media->kind == PREVIEW_VIDEO) {
		html_rawf(html,
			  "<video controls preload=\"metadata\" src=\"?raw=%s\">This browser does "
			  "not play it: download it.</video>",
			  media->word);
	} else {
		html_rawf(html,
			  "<audio controls preload=\"metadata\" src=\"?raw=%s\">This browser does "
			  "not play it: download it.</audio>",
			  media->word);
	}
	html_raw(html, "</figure>");
}

static void add_text(struct html *html, const struct preview_choice *choice,
		     const struct preview_file *file, struct preview_left *left)
{
	auto_buf text = BUF_INIT(TEXT_MAX);

	(void)text_decode(file->data, file->len, choice->coding, &text);
	if (choice->kind == PREVIEW_MARKDOWN)
		markdown_body(html, buf_text(&text), text.len);
	else if (choice->kind == PREVIEW_TABLE)
		table_body(html, buf_text(&text), text.len, left);
	else
		text_body(html, choice->language, buf_text(&text), text.len, left);
}

/* Names of what a PDF can do by itself.  A browser's viewer keeps that away from us, but lets it
 * open a dialog; so what is seen to do such things is not shown unasked.  A wall it is not: a PDF
 * can hide them by compressing. */
static bool is_active_pdf(const struct preview_file *file)
{
	static const char *const names[] = { "/JavaScript", "/JS",        "/Launch",
					     "/SubmitForm", "/RichMedia", "/XFA" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (memmem(file->data, file->len, names[i], strlen(names[i])))
			return true;
	return false;
}

static void add_nothing(struct html *html, const char *sentence)
{
	html_raw(html, "<p class=\"nothing\">");
	html_raw(html, sentence);
	html_raw(html, "</p>");
}

static void add_body(struct html *html, const struct preview_choice *choice,
		     const struct preview_file *file, const char *name, struct preview_left *left)
{
	switch (choice->kind) {
	case PREVIEW_EMPTY:
		add_nothing(html, "This file is empty.");
		break;
	case PREVIEW_PDF:
		if (is_active_pdf(file)) {
			add_nothing(html,
				    "This PDF holds scripts or forms of its own, so it is not "
				    "shown here. Download it if you trust it.");
			break;
		}
		add_media(html, choice->media, name);
		break;
	case PREVIEW_PICTURE:
	case PREVIEW_VIDEO:
	case PREVIEW_AUDIO:
		add_media(html, choice->media, name);
		break;
	case PREVIEW_MARKDOWN:
	case PREVIEW_TABLE:
	case PREVIEW_CODE:
	case PREVIEW_TEXT:
		add_text(html, choice, file, left);
		break;
	case PREVIEW_BYTES:
		hex_body(html, file->data, file->len, left);
		break;
	}
}

/* --- what has to be said about it ------------------------------------------------------------- */

static void add_marks_note(struct html *html, size_t marks)
{
	html_rawf(html,
		  "<p class=\"note warn\">%zu character%s of it cannot be seen or change%s how the "
		  "rest is read; marked <mark>like this</mark>.</p>\n",
		  marks, marks == 1 ? "" : "s", marks == 1 ? "s" : "");
}

static void add_notes(struct html *html, const struct preview_choice *choice,
		      const struct preview_file *file, const struct html *body,
		      const struct preview_left *left)
{
	bool is_text = choice->coding != TEXT_NONE && !choice->media;
	char shown[SIZE_TEXT];

	if (choice->coding == TEXT_WINDOWS_1252 && is_text)
		html_raw(html,
			 "<p class=\"note\">This text is not UTF-8; it is shown as if it were "
			 "Windows-1252.</p>\n");
	if (body->marks > 0)
		add_marks_note(html, body->marks);
	format_size(file->len, shown);
	if (left->bytes > 0)
		html_rawf(html,
			  "<p class=\"note\">The first %zu bytes are shown. Download the file to "
			  "have all of it.</p>\n",
			  left->bytes);
	else if (left->lines > 0)
		html_rawf(html, "<p class=\"note\">The first %zu lines are shown.</p>\n",
			  left->lines);
	else if (left->rows > 0)
		html_rawf(html, "<p class=\"note\">The first %zu rows are shown.</p>\n",
			  left->rows);
	else if (body->full)
		html_raw(html, "<p class=\"note\">The beginning is shown.</p>\n");
	else if (is_text && file->len < file->size)
		html_rawf(html, "<p class=\"note\">The first %s are shown.</p>\n", shown);
	if (left->columns > 0)
		html_rawf(html, "<p class=\"note\">The first %zu columns are shown.</p>\n",
			  left->columns);
}

/* --- the policy --------------------------------------------------------------------------- */

/* No script in any case.  What comes from the file's text has no origin at all; a player needs ours
 * to fetch from, and a PDF viewer works in no sandbox. */
static const char *rules_of(const struct preview_choice *choice)
{
	switch (choice->kind) {
	case PREVIEW_PICTURE:
	case PREVIEW_VIDEO:
	case PREVIEW_AUDIO:
		return "img-src 'self'; media-src 'self'; "
		       "sandbox allow-downloads allow-same-origin";
	case PREVIEW_PDF:
		return "frame-src 'self'";
	case PREVIEW_EMPTY:
	case PREVIEW_MARKDOWN:
	case PREVIEW_TABLE:
	case PREVIEW_CODE:
	case PREVIEW_TEXT:
	case PREVIEW_BYTES:
		break;
	}
	return "sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox";
}

void preview_page_make(const struct preview_file *file, struct preview_page *ret_page)
{
	/* The frame around the body has its own room. */
	struct preview_page page = { .html = HTML_INIT(HTML_MAX + 2 * HTML_RESERVE) };
	struct preview_choice choice = { .label = "file" };
	struct preview_left left = { 0 };
	auto_html body = HTML_INIT(HTML_MAX);
	auto_buf name = BUF_INIT(NAME_SHOWN_MAX);
	auto_str style = page_style_source();
	bool replaced;

	(void)utf8_clean(file->name, strnlen(file->name, NAME_READ), &name, &replaced);
	if (file->data)
		preview_choose(buf_text(&name), file->data, file->len, &choice);
	if (file->data)
		add_body(&body, &choice, file, buf_text(&name), &left);
	else
		add_nothing(&body,
			    "Many files are being looked at. Load this page again in a moment, "
			    "or download the file.");
	page_begin(&page.html, buf_text(&name));
	add_head(&page.html, file, buf_text(&name), choice.label);
	add_notes(&page.html, &choice, file, &body, &left);
	html_raw(&page.html, buf_text(&body.buf));
	html_raw(&page.html, "\n</main>\n");
	page_end(&page.html);
	page.policy = mem_format("default-src 'none'; %s; base-uri 'none'; form-action 'none'; "
				 "frame-ancestors 'none'; %s",
				 style, rules_of(&choice));
	*ret_page = page;
}

void preview_page_release(struct preview_page *page)
{
	buf_release(&page->html.buf);
	free(page->policy);
}
