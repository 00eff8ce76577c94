/* The result: a table on standard output while the bench runs, and all of it as JSON at the end. */
#ifndef REPORT_H
#define REPORT_H

#include "error.h"
#include "json.h"
#include "stats.h"

struct report {
	struct json *root;
	struct json *parts;
	struct json *rows; /* of the part under way */
};

/* What a figure is compared with: another one of the same run. */
struct versus {
	const char *name; /* NULL ends a list */
	double value;     /* 0: it could not be measured */
};

void report_init(struct report *report, const char *version, bool quick);
void report_release(struct report *report);
bool report_write(const struct report *report, const char *path, struct error *err) must_check;

/* The machine and the versions (taken over). */
void report_machine(struct report *report, struct json *machine);
/* The rows that follow belong to it. */
void report_part(struct report *report, const char *name, const char *title);
/* How something was measured, or why it was not. */
void report_note(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A row's name is found by in the JSON, so it is the only one of its part.
 * Times.  against: NULL, or a list of p50s of others. */
void report_times(struct report *report, const char *what, const struct summary *summary,
		  const struct versus *against);
/* The same with a score of 0 to 100. */
void report_scored(struct report *report, const char *what, const struct summary *summary,
		   double score, const struct versus *against);
/* One number: a time (less is better), a rate (more is), or a size. */
enum better { BETTER_LESS, BETTER_MORE, BETTER_NEITHER };
void report_value(struct report *report, const char *what, double value, const char *unit,
		  enum better better, const struct versus *against);

#endif
