/* Markdown, read by md4c and written by us: raw HTML is text, a link has one of three schemes, and
 * a picture from elsewhere is a link, because this page loads nothing from anybody. */
#include <md4c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "preview.h"

enum { NEST_MAX = 48, URL_MAX = 4096, CODE_MAX = 1024 * 1024, WORD_MAX = 4096 };

/* What is open: of which kind, and what ends it. */
struct opened {
	int kind; /* BLOCK or SPAN, and md4c's type */
	const char *close;
};
#define BLOCK(type) ((int)(type))
#define SPAN(type)  (1000 + (int)(type))

struct writer {
	struct html *html;
	struct opened opened[NEST_MAX];
	size_t depth; /* of all that is open, also beyond NEST_MAX */
	int links;    /* no link may stand in a link */
	bool in_code;
	const struct language *language;
	struct buf code;
};

/* Opens an element.  Beyond a depth that no reader needs, the text goes on without elements. */
static void push(struct writer *writer, int kind, const char *open, const char *close)
{
	if (writer->depth < NEST_MAX) {
		html_raw(writer->html, open);
		writer->opened[writer->depth] = (struct opened){ kind, close };
	}
	writer->depth++;
}

static void flush_code(struct writer *writer)
{
	writer->in_code = false;
	if (writer->language)
		code_body(writer->html, writer->language, buf_text(&writer->code),
			  writer->code.len);
	else
		html_text(writer->html, buf_text(&writer->code), writer->code.len);
	buf_clear(&writer->code);
}

static void pop(struct writer *writer)
{
	const struct opened *last;

	if (--writer->depth >= NEST_MAX)
		return;
	last = &writer->opened[writer->depth];
	if (last->kind == BLOCK(MD_BLOCK_CODE))
		flush_code(writer);
	if (last->kind == SPAN(MD_SPAN_A) || last->kind == SPAN(MD_SPAN_IMG))
		writer->links--;
	html_raw(writer->html, last->close);
}

/* md4c 0.4.8 sometimes leaves a span that it never entered (links in links): what is not open
 * cannot be closed, and what is still open inside ends with it. */
static void leave(struct writer *writer, int kind)
{
	size_t at = writer->depth < NEST_MAX ? writer->depth : NEST_MAX;

	if (writer->depth > NEST_MAX) {
		writer->depth--;
		return;
	}
	while (at > 0 && writer->opened[at - 1].kind != kind)
		at--;
	while (at > 0 && writer->depth >= at)
		pop(writer);
}

/* --- entities ----------------------------------------------------------------------------- */

/* &#8212; or &#x2014;; 0 for the other ones. */
static uint32_t entity_code(const char *text, size_t len)
{
	char digits[16];
	unsigned long code;

	if (len < 4 || len >= sizeof(digits) || text[1] != '#')
		return 0;
	memcpy(digits, text + 2, len - 3);
	digits[len - 3] = '\0';
	code = digits[0] == 'x' || digits[0] == 'X' ? strtoul(digits + 1, NULL, 16)
						    : strtoul(digits, NULL, 10);
	return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : (uint32_t)code;
}

/* The UTF-8 of a code; returns its length. */
static size_t encode(uint32_t code, char ret_bytes[4])
{
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		ret_bytes[i] = (char)(0x80 | (code & 0x3f));
	ret_bytes[0] = (char)(leads[len] | code);
	return len;
}

/* Those with a name are the browser's to know: letters and digits between & and ; are all that
 * md4c lets through, and none of them is markup. */
static void add_entity(struct html *html, const char *text, size_t len)
{
	char name[64];
	char bytes[4];
	uint32_t code = entity_code(text, len);

	if (len >= 3 && text[1] == '#') {
		html_text(html, bytes, encode(code ? code : 0xfffd, bytes));
	} else if (len < sizeof(name) && len >= 3 &&
		   strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789") == len - 2) {
		memcpy(name, text, len);
		name[len] = '\0';
		html_raw(html, name);
	} else {
		html_text(html, text, len);
	}
}

/* --- links -------------------------------------------------------------------------------- */

static void add_part(struct buf *url, const char *text, size_t len, MD_TEXTTYPE type)
{
	char bytes[4];
	uint32_t code = type == MD_TEXT_ENTITY ? entity_code(text, len) : 0;

	if (code)
		(void)buf_add(url, bytes, encode(code, bytes));
	else if (type == MD_TEXT_ENTITY && len == 5 && memcmp(text, "&amp;", 5) == 0)
		(void)buf_add(url, "&", 1);
	else if (type != MD_TEXT_NULLCHAR)
		(void)buf_add(url, text, len);
}

static void read_url(const MD_ATTRIBUTE *attribute, struct buf *ret_url)
{
	for (size_t i = 0; attribute->text && attribute->substr_offsets[i] < attribute->size; i++)
		add_part(ret_url, attribute->text + attribute->substr_offsets[i],
			 attribute->substr_offsets[i + 1] - attribute->substr_offsets[i],
			 attribute->substr_types[i]);
}

/* Three schemes and no others: not javascript:, not data:, nothing of our own server. */
static bool is_outside(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0 ||
	       strncasecmp(url, "mailto:", 7) == 0;
}

static void push_link(struct writer *writer, MD_SPANTYPE type, const MD_ATTRIBUTE *target)
{
	auto_buf url = BUF_INIT(URL_MAX);
	bool shown = writer->depth < NEST_MAX;

	read_url(target, &url);
	if ((shown && writer->links++ > 0) || !shown || !is_outside(buf_text(&url))) {
		push(writer, SPAN(type), "<span>", "</span>");
		return;
	}
	html_raw(writer->html, "<a href=\"");
	html_attribute(writer->html, buf_text(&url), url.len);
	html_raw(writer->html, "\" title=\"");
	html_attribute(writer->html, buf_text(&url), url.len);
	html_raw(writer->html, "\" rel=\"noopener noreferrer nofollow\" target=\"_blank\"");
	if (type == MD_SPAN_IMG)
		html_raw(writer->html, " class=\"picture\"");
	push(writer, SPAN(type), ">", "</a>");
}

/* --- md4c's callbacks ----------------------------------------------------------------------- */

static const char *align_of(const MD_BLOCK_TD_DETAIL *detail, bool head)
{
	switch (detail->align) {
	case MD_ALIGN_RIGHT:
		return head ? "<th class=\"number\">" : "<td class=\"number\">";
	case MD_ALIGN_CENTER:
		return head ? "<th class=\"middle\">" : "<td class=\"middle\">";
	case MD_ALIGN_LEFT:
	case MD_ALIGN_DEFAULT:
		break;
	}
	return head ? "<th>" : "<td>";
}

static void push_heading(struct writer *writer, unsigned level)
{
	/* The page's own heading is the first. */
	static const char *const open[] = { "<h2>", "<h3>", "<h4>", "<h5>", "<h6>", "<h6>" };
	static const char *const close[] = { "</h2>", "</h3>", "</h4>", "</h5>", "</h6>", "</h6>" };

	push(writer, BLOCK(MD_BLOCK_H), open[(level - 1) % 6], close[(level - 1) % 6]);
}

static void push_item(struct writer *writer, const MD_BLOCK_LI_DETAIL *item)
{
	push(writer, BLOCK(MD_BLOCK_LI), item->is_task ? "<li class=\"task\">" : "<li>", "</li>\n");
	if (item->is_task)
		html_raw(writer->html, item->task_mark == ' ' ? "\xe2\x98\x90 " : "\xe2\x98\x91 ");
}

static void push_ordered(struct writer *writer, const MD_BLOCK_OL_DETAIL *list)
{
	char open[48];

	snprintf(open, sizeof(open), "<ol start=\"%u\">", list->start);
	push(writer, BLOCK(MD_BLOCK_OL), open, "</ol>\n");
}

static void begin_code(struct writer *writer, const MD_BLOCK_CODE_DETAIL *block)
{
	writer->in_code = writer->depth < NEST_MAX;
	writer->language = language_of_word(block->lang.text ? block->lang.text : "",
					    block->lang.text ? block->lang.size : 0);
	push(writer, BLOCK(MD_BLOCK_CODE), "<pre tabindex=\"0\"><code>", "</code></pre>\n");
}

static int on_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	static const struct {
		const char *open, *close;
	} plain[] = {
		[MD_BLOCK_DOC] = { "", "" },
		[MD_BLOCK_QUOTE] = { "<blockquote>", "</blockquote>\n" },
		[MD_BLOCK_UL] = { "<ul>", "</ul>\n" },
		[MD_BLOCK_HR] = { "<hr>\n", "" },
		[MD_BLOCK_HTML] = { "<p>", "</p>\n" },
		[MD_BLOCK_P] = { "<p>", "</p>\n" },
		[MD_BLOCK_TABLE] = { "<div class=\"table\" tabindex=\"0\"><table>",
				     "</table></div>\n" },
		[MD_BLOCK_THEAD] = { "<thead>", "</thead>\n" },
		[MD_BLOCK_TBODY] = { "<tbody>", "</tbody>\n" },
		[MD_BLOCK_TR] = { "<tr>", "</tr>\n" },
	};
	struct writer *writer = ctx;

	if (type == MD_BLOCK_CODE)
		begin_code(writer, detail);
	else if (type == MD_BLOCK_H)
		push_heading(writer, ((MD_BLOCK_H_DETAIL *)detail)->level);
	else if (type == MD_BLOCK_LI)
		push_item(writer, detail);
	else if (type == MD_BLOCK_OL)
		push_ordered(writer, detail);
	else if (type == MD_BLOCK_TH || type == MD_BLOCK_TD)
		push(writer, BLOCK(type), align_of(detail, type == MD_BLOCK_TH),
		     type == MD_BLOCK_TH ? "</th>" : "</td>");
	else
		push(writer, BLOCK(type), plain[type].open, plain[type].close);
	return writer->html->full;
}

static int on_block_end(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct writer *writer = ctx;

	(void)detail;
	leave(writer, BLOCK(type));
	return writer->html->full;
}

static int on_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct writer *writer = ctx;

	switch (type) {
	case MD_SPAN_EM:
		push(writer, SPAN(type), "<em>", "</em>");
		break;
	case MD_SPAN_STRONG:
		push(writer, SPAN(type), "<strong>", "</strong>");
		break;
	case MD_SPAN_A:
		push_link(writer, type, &((MD_SPAN_A_DETAIL *)detail)->href);
		break;
	case MD_SPAN_IMG:
		push_link(writer, type, &((MD_SPAN_IMG_DETAIL *)detail)->src);
		break;
	case MD_SPAN_CODE:
		push(writer, SPAN(type), "<code>", "</code>");
		break;
	case MD_SPAN_DEL:
		push(writer, SPAN(type), "<s>", "</s>");
		break;
	case MD_SPAN_LATEXMATH:
	case MD_SPAN_LATEXMATH_DISPLAY:
	case MD_SPAN_WIKILINK:
	case MD_SPAN_U:
		push(writer, SPAN(type), "<span>", "</span>");
		break;
	}
	return writer->html->full;
}

static int on_span_end(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct writer *writer = ctx;

	(void)detail;
	leave(writer, SPAN(type));
	return writer->html->full;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE len, void *ctx)
{
	struct writer *writer = ctx;

	if (writer->in_code)
		(void)buf_add(&writer->code, text, len);
	else if (type == MD_TEXT_BR)
		html_raw(writer->html, "<br>\n");
	else if (type == MD_TEXT_SOFTBR)
		html_raw(writer->html, "\n");
	else if (type == MD_TEXT_NULLCHAR)
		html_raw(writer->html, "\xef\xbf\xbd");
	else if (type == MD_TEXT_ENTITY)
		add_entity(writer->html, text, len);
	else
		html_text(writer->html, text, len);
	return writer->html->full;
}

/* md4c 0.4.8 looks for the end of each address that has no markup around it up to the next space.
 * In a text without spaces that takes seconds, so there such addresses are just text. */
static bool has_long_word(const char *text, size_t len)
{
	size_t word = 0;

	for (size_t i = 0; i < len && word <= WORD_MAX; i++)
		word = text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r') ? 0 : word + 1;
	return word > WORD_MAX;
}

void markdown_body(struct html *html, const char *text, size_t len)
{
	struct writer writer = { .html = html, .code = BUF_INIT(CODE_MAX) };
	unsigned addresses = has_long_word(text, len) ? MD_FLAG_PERMISSIVEAUTOLINKS : 0;
	const MD_PARSER parser = {
		.flags = (MD_DIALECT_GITHUB | MD_FLAG_NOHTML) & ~addresses,
		.enter_block = on_block,
		.leave_block = on_block_end,
		.enter_span = on_span,
		.leave_span = on_span_end,
		.text = on_text,
	};

	html_raw(html, "<article class=\"markdown\">");
	(void)md_parse(text, (MD_SIZE)len, &parser, &writer);
	while (writer.depth > 0)
		pop(&writer);
	html_raw(html, "</article>");
	buf_release(&writer.code);
}
