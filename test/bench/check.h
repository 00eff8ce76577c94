/* The ratios that `make bench-check` holds against margins. */
#ifndef CHECK_H
#define CHECK_H

#include "transfer.h"

struct stage {
	struct bench *bench;
	struct server pooled, cold; /* the same but for the pool */
	struct caller caller;       /* of cold, as all below */
	struct rest rest;
	char ours[CONTAINER_ID_SIZE]; /* with the floor program in it */
	char bare[PODMAN_ID_SIZE];
};

/* Two things that are timed in turn, so many times. */
struct pair {
	bool (*left)(struct stage *stage, double *ret_ms, struct error *err);
	bool (*right)(struct stage *stage, double *ret_ms, struct error *err);
	int rounds, left_times, right_times; /* in each round */
};

/* How many times faster left is, by the best tenth of each: what else the machine does makes turns
 * slower, never quicker, and those of a millisecond more than those of a hundred. */
bool measure_pair(struct stage *stage, const struct pair *pair, double *ret_ratio,
		  struct error *err) must_check;
/* `true` by execute_command, in the stage's container. */
bool time_command(struct stage *stage, double *ret_ms, struct error *err);

/* One ratio, from measurements that take turns. */
typedef bool check_ratio(struct stage *stage, double *ret_ratio, struct error *err);

check_ratio ratio_command, ratio_floor, ratio_rate;
check_ratio ratio_pool, ratio_taking, ratio_cold, ratio_destroy;
check_ratio ratio_output, ratio_download, ratio_upload, ratio_memory, ratio_idle;
check_ratio ratio_code, ratio_files;

#endif
