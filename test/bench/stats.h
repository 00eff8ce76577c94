/* Samples of one figure, and what is said about them.  Percentiles are by nearest rank: each is a
 * time that was really measured. */
#ifndef STATS_H
#define STATS_H

#include <stddef.h>
#include <stdint.h>
#include "error.h"

/* Milliseconds each.  Several threads may add to one. */
struct samples {
	double *ms;
	size_t count;
	size_t room;
	size_t failed;          /* attempts that gave no time */
	struct error first_err; /* of the first of them */
};

void samples_add(struct samples *samples, double ms);
void samples_fail(struct samples *samples, const struct error *err);
void samples_release(struct samples *samples);

static inline void auto_samples_(struct samples *slot)
{
	samples_release(slot);
}
#define auto_samples __attribute__((cleanup(auto_samples_))) struct samples

struct summary {
	size_t count;
	size_t failed;
	double min, p10, p50, p95, p99, max;
};

/* All zero when there is no sample. */
struct summary samples_summary(const struct samples *samples);
/* The same without the lowest and the highest `share` of the samples; min and max are of all. */
struct summary samples_trimmed(const struct samples *samples, double share);

/* CLOCK_MONOTONIC in nanoseconds: the clock of every time and deadline of the bench. */
int64_t now_ns(void);
/* Milliseconds since an earlier now_ns(). */
double ms_since(int64_t start_ns);
/* The time that lies so many milliseconds ahead: a deadline. */
int64_t ns_in(int64_t ms);

#endif
