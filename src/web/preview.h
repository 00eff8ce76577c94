/* Previews: what a person sees of a file, as a page of plain HTML that runs nothing.  All of it is
 * pure (a function of the file's first bytes, its name and the clock) but for preview.c, which
 * fetches those bytes. */
#ifndef WEB_PREVIEW_H
#define WEB_PREVIEW_H

#include <stdint.h>
#include "html.h"
#include "text.h"

enum {
	PREVIEW_MAX = 256 * 1024, /* bytes of a file that are looked at */
	PREVIEW_HEX = 4 * 1024,   /* of which so many are shown as numbers */
	PREVIEW_LINES = 10000,
	PREVIEW_ROWS = 500, /* of a table */
	PREVIEW_COLUMNS = 60,
};

/* --- preview_kind.c --------------------------------------------------------------------------- */

enum preview_kind {
	PREVIEW_EMPTY,
	PREVIEW_PICTURE,
	PREVIEW_VIDEO,
	PREVIEW_AUDIO,
	PREVIEW_PDF,
	PREVIEW_MARKDOWN,
	PREVIEW_TABLE,
	PREVIEW_CODE,
	PREVIEW_TEXT,
	PREVIEW_BYTES,
};

/* What a browser shows by itself. */
struct media {
	const char *word; /* for it in a link of the page: "?raw=png" */
	const char *type;
	const char *label;
	enum preview_kind kind;
	bool inert; /* cannot run anything, even when it is opened by itself */
};

struct preview_choice {
	enum preview_kind kind;
	const char *label;               /* "PNG picture", "Python", … */
	const struct media *media;       /* of pictures, videos, sound and PDF; else NULL */
	const struct language *language; /* of code; else NULL */
	enum text_coding coding;         /* of what is text */
};

/* The bytes decide, and the name where they do not. */
void preview_choose(const char *name, const void *data, size_t len,
		    struct preview_choice *ret_choice);
/* NULL when there is none of that word. */
const struct media *media_find(const char *word);

/* --- languages.c ------------------------------------------------------------------------------ */

enum language_flags {
	LANG_TRIPLE = 1,      /* a string may begin with three quotes, and then hold lines */
	LANG_LINES = 2,       /* a string in backquotes holds lines */
	LANG_CHARACTER = 4,   /* 'x' is one character; a quote may also be something else */
	LANG_NESTED = 8,      /* comments hold comments */
	LANG_FOLD = 16,       /* the case of a keyword does not matter */
	LANG_KEY_COLON = 32,  /* what stands before a colon is a key … */
	LANG_KEY_EQUALS = 64, /* … or before an equals sign */
	LANG_MARKUP = 128,    /* tags, with text between them */
	LANG_DIFF = 256,      /* lines that came and went */
	LANG_SPACED = 512,    /* a line comment begins after a space only */
	LANG_PREPARED = 1024, /* a line that begins with # is for a preprocessor */
	LANG_DOLLAR = 2048,   /* $name is a name of its own */
	LANG_DASH = 4096,     /* a name may hold dashes */
};

struct language {
	const char *label;
	const char *endings; /* of file names, each between spaces */
	const char *names;   /* of whole files */
	const char *programs;
	const char *line;         /* what begins a comment to the end of the line; spaces between */
	const char *open, *close; /* other comments; NULL: none */
	const char *quotes;
	unsigned flags;
	const char *keywords;
};

/* By ending, name, or the program in a first line of #!; NULL: none that we know. */
const struct language *language_of_file(const char *name, const char *text, size_t len);
/* By the word behind the fence of a block in Markdown. */
const struct language *language_of_word(const char *word, size_t len);

/* --- the bodies: what stands in the page; each stops when html is full ------------------------ */

/* What was left out, for the page to say so.  0: nothing. */
struct preview_left {
	size_t lines, rows, columns, bytes; /* how many are shown, when that is not all */
};

/* With the colours of a language; text is followed by a NUL. */
void code_body(struct html *html, const struct language *language, const char *text, size_t len);
/* A whole file of it: with line numbers where that looks well.  language NULL: plain text. */
void text_body(struct html *html, const struct language *language, const char *text, size_t len,
	       struct preview_left *ret_left);
void markdown_body(struct html *html, const char *text, size_t len);
void table_body(struct html *html, const char *text, size_t len, struct preview_left *ret_left);
void hex_body(struct html *html, const void *data, size_t len, struct preview_left *ret_left);

/* --- preview_page.c --------------------------------------------------------------------------- */

struct preview_file {
	const char *name; /* any bytes */
	uint64_t size;
	int64_t expires_at; /* 0: not known */
	int64_t now_ms;
	const char *data; /* its first bytes, PREVIEW_MAX at most; NULL: there is no preview now */
	size_t len;
};
struct preview_page {
	struct html html;
	char *policy; /* the Content-Security-Policy */
};
void preview_page_make(const struct preview_file *file, struct preview_page *ret_page);
void preview_page_release(struct preview_page *page);

#endif
