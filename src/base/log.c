/* Log lines.  Facts quote things that tenants chose, so control characters are written as escapes:
 * nobody can forge a second line or speak to the terminal of whoever reads it. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "buf.h"
#include "clock.h"
#include "utf8.h"

enum { FACT_MAX = 2048, LINE_MAX_BYTES = 65536 };

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_TEXT;

void log_open(enum log_level least, enum log_format format)
{
	least_level = least;
	line_format = format;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG:
		return "debug";
	case LOG_INFO:
		return "info";
	case LOG_WARN:
		return "warn";
	case LOG_ERROR:
		return "error";
	}
	return "error";
}

/* Appends text as valid UTF-8 with \u00XX for control characters and, in JSON, quotes escaped. */
static void add_escaped(struct buf *line, const char *text)
{
	auto_buf clean = BUF_INIT((size_t)FACT_MAX * 3);
	bool replaced;

	utf8_clean(text, strlen(text), &clean, &replaced);
	for (const char *c = buf_text(&clean); *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			buf_addf(line, "\\u%04x", (unsigned)(unsigned char)*c);
		else if (line_format == LOG_JSON && (*c == '"' || *c == '\\'))
			buf_addf(line, "\\%c", *c);
		else
			buf_add(line, c, 1);
	}
}

static void add_member(struct buf *line, const char *name, const char *text)
{
	buf_addf(line, "%s\"%s\":\"", line->len ? "," : "{", name);
	add_escaped(line, text);
	buf_add_text(line, "\"");
}

static void make_line(struct buf *line, enum log_level level, const char *subject, const char *fact)
{
	char now[CLOCK_TEXT_SIZE];

	clock_format(clock_wall_ms(), now);
	if (line_format == LOG_JSON) {
		add_member(line, "time", now);
		add_member(line, "level", level_name(level));
		add_member(line, "subject", subject);
		add_member(line, "fact", fact);
		buf_add_text(line, "}\n");
		return;
	}
	buf_addf(line, "%s %-5s ", now, level_name(level));
	add_escaped(line, subject);
	buf_add_text(line, ": ");
	add_escaped(line, fact);
	buf_add_text(line, "\n");
}

void log_write(enum log_level level, const char *subject, const char *format, ...)
{
	auto_buf line = BUF_INIT(LINE_MAX_BYTES);
	char fact[FACT_MAX];
	int saved = errno;
	va_list args;

	if (level < least_level)
		return;
	va_start(args, format);
	vsnprintf(fact, sizeof(fact), format, args);
	va_end(args);
	fact[utf8_whole(fact, strlen(fact))] = '\0';
	make_line(&line, level, subject, fact);
	/* One write, so that lines of several processes do not mix.  Nobody can be told if it
	 * fails. */
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		errno = 0;
	errno = saved;
}
