/* Percentiles and trimming. */
#include "stats.h"
#include "own.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void samples_add(struct samples *samples, double ms)
{
	pthread_mutex_lock(&lock);
	if (samples->count == samples->room) {
		size_t room = samples->room ? samples->room * 2 : 1024;
		double *more = mem_array(double, room);

		if (samples->count > 0)
			memcpy(more, samples->ms, samples->count * sizeof(double));
		free(samples->ms);
		samples->ms = more;
		samples->room = room;
	}
	samples->ms[samples->count++] = ms;
	pthread_mutex_unlock(&lock);
}

void samples_fail(struct samples *samples, const struct error *err)
{
	pthread_mutex_lock(&lock);
	if (samples->failed++ == 0)
		samples->first_err = *err;
	pthread_mutex_unlock(&lock);
}

void samples_release(struct samples *samples)
{
	free(samples->ms);
	*samples = (struct samples){ 0 };
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double percentile(const double *sorted, size_t count, double percent)
{
	size_t rank = (size_t)ceil(percent / 100 * (double)count);

	return sorted[rank > 0 ? rank - 1 : 0];
}

static double median(const double *sorted, size_t count)
{
	size_t mid = count / 2;

	return count % 2 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2;
}

struct summary samples_trimmed(const struct samples *samples, double share)
{
	struct summary summary = { .count = samples->count, .failed = samples->failed };
	size_t count = samples->count;
	size_t cut = (size_t)((double)count * share);
	double *sorted;

	if (count == 0)
		return summary;
	sorted = mem_array(double, count);
	memcpy(sorted, samples->ms, count * sizeof(double));
	qsort(sorted, count, sizeof(double), compare);
	summary.min = sorted[0];
	summary.max = sorted[count - 1];
	summary.p10 = percentile(sorted + cut, count - 2 * cut, 10);
	summary.p50 = median(sorted + cut, count - 2 * cut);
	summary.p95 = percentile(sorted + cut, count - 2 * cut, 95);
	summary.p99 = percentile(sorted + cut, count - 2 * cut, 99);
	free(sorted);
	return summary;
}

struct summary samples_summary(const struct samples *samples)
{
	return samples_trimmed(samples, 0);
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double ms_since(int64_t start_ns)
{
	return (double)(now_ns() - start_ns) / 1e6;
}

int64_t ns_in(int64_t ms)
{
	return now_ns() + ms * 1000000;
}
