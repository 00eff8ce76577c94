/* The image's own index of programs: a file in it, sorted, with lines "PROGRAM PACKAGE" (images/
 * makes it of what the distribution says of its packages).  It is read through the agent like any
 * file of the container, and like everything in there a tenant may have written it: a line counts
 * only if it has the form, and the search is bounded in bytes and in time.
 *
 * Asked once for each program of a container; what was found is kept beside it. */
#include <ctype.h>
#include <string.h>
#include "internal.h"

#define INDEX_PATH "/usr/share/sandpod/programs"

enum {
	SEARCH_MS = 1000,
	INDEX_MAX = 8 * 1024 * 1024,
	LINE_SIZE = PROGRAM_SIZE + PACKAGE_SIZE,
	KNOWN_MAX = 16, /* programs of one container; the oldest makes way */
};

struct known {
	char program[PROGRAM_SIZE];
	enum program_found found;
	char package[PACKAGE_SIZE];
};

struct programs {
	struct known known[KNOWN_MAX];
	size_t next;
};

struct program_search {
	struct sandbox *sb;
	char program[PROGRAM_SIZE];
	struct file_reader *reader;
	struct timer *deadline;
	char line[LINE_SIZE]; /* the beginning of the line that comes */
	size_t line_len;
	program_done_fn *done;
	void *ctx;
};

/* --- names --------------------------------------------------------------------------------- */

static bool is_made_of(const char *text, const char *more, size_t size)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(more, text[i]))
			return false;
	return true;
}

bool program_is_plain(const char *text)
{
	return is_made_of(text, "-_.+", PROGRAM_SIZE);
}

bool package_is_plain(const char *text)
{
	return is_made_of(text, "-_.+", PACKAGE_SIZE);
}

/* --- what is known ------------------------------------------------------------------------- */

bool program_known(const struct sandbox *sb, const char *program, enum program_found *ret_found,
		   char ret_package[PACKAGE_SIZE])
{
	for (size_t i = 0; sb->programs && i < KNOWN_MAX; i++) {
		const struct known *known = &sb->programs->known[i];

		if (strcmp(known->program, program) != 0)
			continue;
		*ret_found = known->found;
		memcpy(ret_package, known->package, PACKAGE_SIZE);
		return true;
	}
	return false;
}

static void remember(struct program_search *search, enum program_found found, const char *package)
{
	struct sandbox *sb = search->sb;
	struct known *known;

	if (!sb->programs)
		sb->programs = mem_new(struct programs);
	known = &sb->programs->known[sb->programs->next++ % KNOWN_MAX];
	*known = (struct known){ .found = found };
	memcpy(known->program, search->program, sizeof(known->program));
	memcpy(known->package, package, strlen(package));
}

void programs_forget(struct sandbox *sb)
{
	free(take(sb->programs));
}

/* --- the search ---------------------------------------------------------------------------- */

/* Over; the search may be closed inside. */
static void finish(struct program_search *search, enum program_found found, const char *package)
{
	remember(search, found, package);
	timer_stop(take(search->deadline));
	search->done(search->ctx);
}

static void on_late(void *ctx)
{
	struct program_search *search = ctx;

	search->deadline = NULL;
	finish(search, PROGRAM_UNKNOWN, "");
}

/* Whether the line is the program's; its package in *ret_package. */
static bool line_matches(struct program_search *search, const char **ret_package)
{
	char *space;

	search->line[search->line_len] = '\0';
	space = strchr(search->line, ' ');
	if (!space)
		return false;
	*space = '\0';
	*ret_package = space + 1;
	return strcmp(search->line, search->program) == 0 && package_is_plain(space + 1);
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct program_search *search = ctx;
	const char *bytes = data;
	const char *package;

	file_reader_taken(search->reader, len);
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			/* What is longer than any line of the form loses its end, and is none. */
			if (search->line_len < LINE_SIZE - 1)
				search->line[search->line_len++] = bytes[i];
			continue;
		}
		if (line_matches(search, &package)) {
			finish(search, PROGRAM_IN_PACKAGE, package);
			return;
		}
		search->line_len = 0;
	}
}

static void on_over(void *ctx, const struct error *err)
{
	finish(ctx, err ? PROGRAM_UNKNOWN : PROGRAM_NOWHERE, "");
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct program_search *search = ctx;

	if (err || file->size == 0 || file->size > INDEX_MAX)
		finish(search, PROGRAM_UNKNOWN, "");
	else
		file_reader_read(search->reader, 0, file->size);
}

struct program_search *program_search_begin(struct sandbox *sb, const char *program,
					    program_done_fn *done, void *ctx)
{
	static const struct file_events events = { on_open, on_data, on_over };
	struct program_search *search = mem_new(struct program_search);
	struct error err;

	search->sb = sb;
	search->done = done;
	search->ctx = ctx;
	memcpy(search->program, program, strnlen(program, PROGRAM_SIZE - 1));
	search->reader = file_reader_begin(sb, INDEX_PATH, &events, search, &err);
	if (!search->reader) {
		free(search);
		return NULL;
	}
	search->deadline = timer_start(sb->all->loop, SEARCH_MS, 0, on_late, search);
	return search;
}

void program_search_close(struct program_search *search)
{
	if (!search)
		return;
	timer_stop(search->deadline);
	file_reader_close(search->reader);
	free(search);
}
