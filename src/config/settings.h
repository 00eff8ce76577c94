/* Private to src/config: the table of settings, which settings.c has and config.c reads. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "internal.h"

#include <stddef.h>

enum setting_kind {
	KIND_NUMBER, /* int64_t, with a unit and bounds */
	KIND_TEXT,   /* char *, of the form that is_formed wants */
	KIND_WORDS,  /* char *, a list of some of words */
	KIND_WORD,   /* char *, one of words */
	KIND_CHOICE, /* an enum whose names are words, in its order */
};

struct setting {
	const char *name;
	const char *also; /* read where name is not set; may be NULL */
	size_t offset;    /* of its field in struct config */
	enum setting_kind kind;
	enum value_unit unit;
	int64_t min, max;
	bool (*is_formed)(const char *text);
	const char *words;     /* or, for a text, what it may say */
	const char *fallback;  /* NULL: depends on more than this table */
	const char *otherwise; /* what --help says instead of fallback */
	const char *others;    /* of a choice: other words for words, in their order; what is left
				  over stands for the last */
	const char *help;
	bool is_secret; /* what it says is never shown */
};

extern const struct setting settings[];
extern const size_t settings_count;

#endif
