/* Text with the colours of a language: one small lexer for all of them, driven by the tables of
 * languages.c.  It knows comments, strings, numbers, keywords, keys and calls, which is what
 * colours are for; it never fails, and what it takes wrongly is still shown as it is.
 *
 * Elements: b keyword, i comment, u string, var number, dfn call, strong key or tag, ins and del
 * lines of a diff. */
#include "preview.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 40, CHARACTER_MAX = 12 };

struct lexer {
	struct html *html;
	const struct language *language;
	const char *begin, *at, *end;
	const char *plain; /* from here to `at` nothing is coloured */
};

static bool has(const struct lexer *lexer, unsigned flag)
{
	return (lexer->language->flags & flag) != 0;
}

/* What is plain up to here, and then a coloured piece up to `to`. */
static void emit(struct lexer *lexer, const char *to, const char *tag)
{
	html_text(lexer->html, lexer->plain, (size_t)(lexer->at - lexer->plain));
	html_raw(lexer->html, "<");
	html_raw(lexer->html, tag);
	html_raw(lexer->html, ">");
	html_text(lexer->html, lexer->at, (size_t)(to - lexer->at));
	html_raw(lexer->html, "</");
	html_raw(lexer->html, tag);
	html_raw(lexer->html, ">");
	lexer->at = lexer->plain = to;
}

static bool stands(const struct lexer *lexer, const char *at, const char *word, size_t len)
{
	return len > 0 && (size_t)(lexer->end - at) >= len && memcmp(at, word, len) == 0;
}

static const char *line_end(const struct lexer *lexer, const char *at)
{
	const char *end = memchr(at, '\n', (size_t)(lexer->end - at));

	return end ? end : lexer->end;
}

static bool at_line_start(const struct lexer *lexer)
{
	const char *at = lexer->at;

	while (at > lexer->begin && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at == lexer->begin || at[-1] == '\n';
}

/* --- comments ----------------------------------------------------------------------------- */

static const char *block_end(const struct lexer *lexer)
{
	const char *open = lexer->language->open, *close = lexer->language->close;
	size_t open_len = strlen(open), close_len = strlen(close);
	size_t depth = 1;
	const char *at = lexer->at + open_len;

	while (at < lexer->end) {
		if (stands(lexer, at, close, close_len)) {
			at += close_len;
			if (--depth == 0)
				return at;
		} else if (has(lexer, LANG_NESTED) && stands(lexer, at, open, open_len)) {
			at += open_len;
			depth++;
		} else {
			at++;
		}
	}
	return lexer->end;
}

static bool begins_line_comment(const struct lexer *lexer)
{
	const char *word = lexer->language->line;
	bool spaced = lexer->at == lexer->begin || isspace((unsigned char)lexer->at[-1]);

	if (has(lexer, LANG_SPACED) && !spaced)
		return false;
	while (word && *word) {
		size_t len = strcspn(word, " ");

		if (stands(lexer, lexer->at, word, len))
			return true;
		word += len;
		word += *word == ' ';
	}
	return false;
}

static bool take_comment(struct lexer *lexer)
{
	const char *open = lexer->language->open;

	if (open && stands(lexer, lexer->at, open, strlen(open)))
		emit(lexer, block_end(lexer), "i");
	else if (begins_line_comment(lexer))
		emit(lexer, line_end(lexer, lexer->at), "i");
	else
		return false;
	return true;
}

/* --- strings ------------------------------------------------------------------------------ */

static const char *triple_end(const struct lexer *lexer)
{
	const char quotes[3] = { *lexer->at, *lexer->at, *lexer->at };

	for (const char *at = lexer->at + 3; at < lexer->end; at++)
		if (*at == '\\')
			at++;
		else if (stands(lexer, at, quotes, 3))
			return at + 3;
	return lexer->end;
}

/* Behind the quote that ends it, or at the end of the line. */
static const char *string_end(const struct lexer *lexer, bool lines)
{
	char quote = *lexer->at;
	const char *at = lexer->at + 1;

	for (; at < lexer->end; at++) {
		if (*at == '\\' && at + 1 < lexer->end && at[1] != '\n')
			at++;
		else if (*at == quote)
			return at + 1;
		else if (*at == '\n' && !lines)
			return at;
	}
	return lexer->end;
}

/* Whether the piece that ends at `end` is a key: `key: ` or, at the start of a line, `key =`. */
static bool is_key(const struct lexer *lexer, const char *end, bool quoted)
{
	if (!has(lexer, LANG_KEY_COLON | LANG_KEY_EQUALS))
		return false;
	while (end < lexer->end && (*end == ' ' || *end == '\t'))
		end++;
	if (end == lexer->end)
		return false;
	if (*end == ':' && has(lexer, LANG_KEY_COLON))
		return quoted || end + 1 == lexer->end || isspace((unsigned char)end[1]);
	return *end == '=' && has(lexer, LANG_KEY_EQUALS) && at_line_start(lexer);
}

/* 'x', '\n' or '\u{1f600}'; NULL: a lifetime, or an apostrophe in what we took for code. */
static const char *character_end(const struct lexer *lexer)
{
	const char *at = lexer->at + 1;
	size_t most = at < lexer->end && *at == '\\' ? CHARACTER_MAX : 0;

	at += most > 0 ? 2 : 1;
	/* The rest of an escape, or of a character of several bytes. */
	while (at < lexer->end && ((unsigned char)*at & 0xc0) == 0x80)
		at++;
	while (at < lexer->end && *at != '\'' && *at != '\n' && most-- > 1)
		at++;
	return at < lexer->end && *at == '\'' ? at + 1 : NULL;
}

static bool take_string(struct lexer *lexer)
{
	char quote = *lexer->at;
	const char quotes[3] = { quote, quote, quote };
	const char *end;

	if (!lexer->language->quotes || !quote || !strchr(lexer->language->quotes, quote))
		return false;
	if (has(lexer, LANG_TRIPLE) && stands(lexer, lexer->at, quotes, 3)) {
		emit(lexer, triple_end(lexer), "u");
		return true;
	}
	if (quote == '\'' && has(lexer, LANG_CHARACTER))
		end = character_end(lexer);
	else
		end = string_end(lexer, has(lexer, LANG_LINES) &&
						(quote == '`' || has(lexer, LANG_DOLLAR)));
	if (end)
		emit(lexer, end, is_key(lexer, end, true) ? "strong" : "u");
	return end != NULL;
}

/* --- words and numbers -------------------------------------------------------------------- */

static bool is_word_byte(const struct lexer *lexer, char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80 ||
	       (c == '-' && has(lexer, LANG_DASH));
}

static bool is_keyword(const struct language *language, const char *word, size_t len)
{
	char text[WORD_MAX + 2] = " ";

	if (!language->keywords || len > WORD_MAX - 2)
		return false;
	memcpy(text + 1, word, len);
	for (size_t i = 1; i <= len && language->flags & LANG_FOLD; i++)
		text[i] = (char)tolower((unsigned char)text[i]);
	text[1 + len] = ' ';
	return memmem(language->keywords, strlen(language->keywords), text, len + 2) != NULL;
}

static void take_word(struct lexer *lexer)
{
	const char *end = lexer->at + 1;
	size_t len;

	while (end < lexer->end && is_word_byte(lexer, *end))
		end++;
	len = (size_t)(end - lexer->at);
	if (is_key(lexer, end, false))
		emit(lexer, end, "strong");
	else if (is_keyword(lexer->language, lexer->at, len))
		emit(lexer, end, "b");
	else if (*lexer->at == '$' && len > 1)
		emit(lexer, end, "var");
	else if (end < lexer->end && *end == '(')
		emit(lexer, end, "dfn");
	else
		lexer->at = end;
}

static void take_number(struct lexer *lexer)
{
	const char *end = lexer->at + 1;

	while (end < lexer->end && (isalnum((unsigned char)*end) || strchr("_.%", *end)))
		end++;
	emit(lexer, end, "var");
}

static bool begins_word(const struct lexer *lexer)
{
	char c = *lexer->at;

	if (isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80)
		return true;
	if (c == '$' && has(lexer, LANG_DOLLAR))
		return true;
	return strchr("@!.", c) && c && lexer->at + 1 < lexer->end &&
	       isalpha((unsigned char)lexer->at[1]);
}

static void take_any(struct lexer *lexer)
{
	if (take_comment(lexer) || take_string(lexer))
		return;
	if (has(lexer, LANG_PREPARED) && *lexer->at == '#' && at_line_start(lexer))
		emit(lexer, lexer->at + 1 + strspn(lexer->at + 1, "abcdefghijklmnopqrstuvwxyz"),
		     "b");
	else if (isdigit((unsigned char)*lexer->at))
		take_number(lexer);
	else if (begins_word(lexer))
		take_word(lexer);
	else
		lexer->at++;
}

/* --- markup and diffs --------------------------------------------------------------------- */

/* A tag: its name and its attributes' names, and their values as strings. */
static void take_tag(struct lexer *lexer)
{
	const char *end = lexer->at + 1;

	while (end < lexer->end && (is_word_byte(lexer, *end) || strchr("/!?:", *end)))
		end++;
	emit(lexer, end, "strong");
	while (lexer->at < lexer->end && *lexer->at != '>' && *lexer->at != '<') {
		if (!take_string(lexer))
			lexer->at++;
	}
	if (lexer->at < lexer->end && *lexer->at == '>')
		emit(lexer, lexer->at + 1, "strong");
}

static void take_markup(struct lexer *lexer)
{
	/* The text is followed by a NUL. */
	char next = lexer->at[1];

	if (take_comment(lexer))
		return;
	if (*lexer->at == '<' && next && (isalpha((unsigned char)next) || strchr("/!?", next)))
		take_tag(lexer);
	else
		lexer->at++;
}

static void take_diff(struct lexer *lexer)
{
	const char *end = line_end(lexer, lexer->at);

	if (end < lexer->end)
		end++;
	if (*lexer->at == '+')
		emit(lexer, end, "ins");
	else if (*lexer->at == '-')
		emit(lexer, end, "del");
	else if (*lexer->at == '@')
		emit(lexer, end, "b");
	else if (*lexer->at == ' ' || *lexer->at == '\n')
		lexer->at = end;
	else
		emit(lexer, end, "i");
}

void code_body(struct html *html, const struct language *language, const char *text, size_t len)
{
	struct lexer lexer = { .html = html,
			       .language = language,
			       .begin = text,
			       .at = text,
			       .end = text + len,
			       .plain = text };

	while (lexer.at < lexer.end && !html->full) {
		if (has(&lexer, LANG_DIFF))
			take_diff(&lexer);
		else if (has(&lexer, LANG_MARKUP))
			take_markup(&lexer);
		else
			take_any(&lexer);
	}
	if (lexer.plain < lexer.end && !html->full)
		html_text(html, lexer.plain, (size_t)(lexer.end - lexer.plain));
}
