/* Getting the floor program into a container, and reading what it says. */
#include "bench.h"
#include "base64.h"
#include "proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { PROGRAM_MAX = 700 * 1024 }; /* what standard input of a command takes, in base 64 */

bool floor_install(const struct bench *bench, struct caller *caller, const char *id,
		   struct error *err)
{
	auto_fd fd = open(bench->floor, O_RDONLY | O_CLOEXEC);
	auto_buf text = BUF_INIT(1 << 20);
	char *bytes = mem_array(char, PROGRAM_MAX);
	ssize_t len = fd >= 0 ? read(fd, bytes, PROGRAM_MAX) : -1;
	bool good = len > 0 && len < PROGRAM_MAX && base64_encode(bytes, (size_t)len, &text);

	free(bytes);
	if (!good)
		return error_set(err, ERROR_INVALID, "cannot read the floor program %s",
				 bench->floor);
	return caller_feed(caller, id, "base64 -d >/tmp/floor && chmod +x /tmp/floor",
			   buf_text(&text), err);
}

bool floor_run(struct caller *caller, const char *id, int rounds, int ms,
	       struct floor_result *ret_result, struct error *err)
{
	auto_str command = mem_format("/tmp/floor %d %d", rounds, ms);
	auto_str text = NULL;
	double p50, p95, p99, total;
	long count;

	if (!caller_run(caller, id, command, &text, err))
		return error_wrap(err, "the floor");
	if (sscanf(text, "%ld %lf %lf %lf %lf", &count, &p50, &p95, &p99, &total) != 5)
		return error_set(err, ERROR_INTERNAL, "the floor program said %.100s", text);
	*ret_result = (struct floor_result){
		.times = { .count = (size_t)count,
			   .p50 = p50 / 1000,
			   .p95 = p95 / 1000,
			   .p99 = p99 / 1000 },
		.per_second = (double)count / (total / 1e6),
	};
	return true;
}
