/* Ratios that must hold on any machine. */
#include "bench.h"

bool check_run(struct bench *bench, struct error *err)
{
	(void)bench;
	return error_set(err, ERROR_INTERNAL, "there is no check yet");
}
