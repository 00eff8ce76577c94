/* Rows of the table, each also kept as JSON. */
#include "report.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WHAT_WIDTH = 58, NOTE_MAX = 1024, INDENT = 4 };

void report_init(struct report *report, const char *version, bool quick)
{
	char now[CLOCK_TEXT_SIZE];

	clock_format(clock_wall_ms(), now);
	report->root = json_object();
	report->parts = json_object();
	report->rows = NULL;
	json_put_text(report->root, "bench", "sandpod");
	json_put_text(report->root, "version", version);
	json_put_text(report->root, "started_at", now);
	json_put_bool(report->root, "quick", quick);
}

void report_release(struct report *report)
{
	json_free(report->root);
	/* Its parts are its own only once it is written. */
	json_free(report->parts);
	*report = (struct report){ 0 };
}

bool report_write(const struct report *report, const char *path, struct error *err)
{
	auto_json whole = json_copy(report->root);
	auto_str text = NULL;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	json_put(whole, "parts", json_copy(report->parts));
	text = json_print(whole);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    write(fd, "\n", 1) != 1)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot write %s", path);
	return true;
}

void report_machine(struct report *report, struct json *machine)
{
	puts("Machine");
	for (const struct json *field = json_first(machine); field; field = json_next(field)) {
		int64_t number;

		if (json_whole(field, &number))
			printf("  %-18s %lld\n", json_key(field), (long long)number);
		else
			printf("  %-18s %s\n", json_key(field),
			       json_text(field) ? json_text(field) : "");
	}
	fflush(stdout);
	json_put(report->root, "machine", machine);
}

void report_part(struct report *report, const char *name, const char *title)
{
	struct json *part = json_object();
	struct json *rows = json_array();

	printf("\n%s: %s\n", name, title);
	printf("  %-*s %6s %9s %9s %9s\n", WHAT_WIDTH, "", "count", "p50 ms", "p95 ms", "p99 ms");
	fflush(stdout);
	json_put_text(part, "title", title);
	json_put(part, "rows", rows);
	json_put(report->parts, name, part);
	report->rows = rows;
}

void report_note(struct report *report, const char *format, ...)
{
	char text[NOTE_MAX];
	struct json *row = json_object();
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("  - %s\n", text);
	fflush(stdout);
	json_put_text(row, "note", text);
	json_append(report->rows, row);
}

/* The name of a row; in the table blanks in front of it show what belongs together. */
static void put_what(struct json *row, const char *what)
{
	json_put_text(row, "what", what + strspn(what, " "));
}

static double rounded(double value)
{
	return round(value * 10000) / 10000;
}

static void put(struct json *row, const char *name, double value)
{
	json_put(row, name, json_new_double(rounded(value)));
}

static void say_ratio(enum better better, double ratio, const char *name)
{
	static const char *const words[][2] = {
		[BETTER_LESS] = { "faster than", "slower than" },
		[BETTER_MORE] = { "that of", "that of" },
		[BETTER_NEITHER] = { "less than", "more than" },
	};
	bool less = ratio < 0.995 && better != BETTER_MORE;

	printf("  %*s %.2f x %s %s\n", INDENT, "", less ? 1 / ratio : ratio, words[better][less],
	       name);
}

/* For each, how many times better; of what is neither, how many times less. */
static void add_ratios(struct json *row, double value, enum better better,
		       const struct versus *against)
{
	struct json *ratios = json_array();

	for (; against && against->name; against++) {
		struct json *one;
		double ratio;

		if (against->value <= 0 || value <= 0)
			continue;
		ratio = better == BETTER_MORE ? value / against->value : against->value / value;
		one = json_object();
		json_put_text(one, "to", against->name);
		put(one, "ratio", ratio);
		json_append(ratios, one);
		say_ratio(better, ratio, against->name);
	}
	json_put(row, "ratios", ratios);
}

static struct json *add_times(struct report *report, const char *what,
			      const struct summary *summary)
{
	struct json *row = json_object();

	put_what(row, what);
	json_put_int(row, "count", (int64_t)summary->count);
	json_put_int(row, "failed", (int64_t)summary->failed);
	put(row, "p50_ms", summary->p50);
	put(row, "p95_ms", summary->p95);
	put(row, "p99_ms", summary->p99);
	put(row, "min_ms", summary->min);
	put(row, "max_ms", summary->max);
	printf("  %-*s %6zu %9.2f %9.2f %9.2f", WHAT_WIDTH, what, summary->count, summary->p50,
	       summary->p95, summary->p99);
	if (summary->failed > 0)
		printf("   %zu FAILED", summary->failed);
	json_append(report->rows, row);
	return row;
}

void report_times(struct report *report, const char *what, const struct summary *summary,
		  const struct versus *against)
{
	struct json *row = add_times(report, what, summary);

	putchar('\n');
	add_ratios(row, summary->p50, BETTER_LESS, against);
	fflush(stdout);
}

void report_scored(struct report *report, const char *what, const struct summary *summary,
		   double score, const struct versus *against)
{
	struct json *row = add_times(report, what, summary);

	printf("   score %.2f\n", score);
	put(row, "score", score);
	add_ratios(row, summary->p50, BETTER_LESS, against);
	fflush(stdout);
}

void report_value(struct report *report, const char *what, double value, const char *unit,
		  enum better better, const struct versus *against)
{
	struct json *row = json_object();

	put_what(row, what);
	put(row, "value", value);
	json_put_text(row, "unit", unit);
	json_append(report->rows, row);
	printf("  %-*s %*.2f %s\n", WHAT_WIDTH, what, 16, value, unit);
	add_ratios(row, value, better, against);
	fflush(stdout);
}
