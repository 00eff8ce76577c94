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

/* One ratio, from measurements that take turns. */
typedef bool check_ratio(struct stage *stage, double *ret_ratio, struct error *err);

check_ratio ratio_command, ratio_floor, ratio_rate;
check_ratio ratio_pool, ratio_taking, ratio_cold, ratio_destroy;
check_ratio ratio_output, ratio_download, ratio_upload, ratio_memory, ratio_idle;

#endif
