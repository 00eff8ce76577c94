/* What a command costs without anybody between: forks and executes `sh -c true` in a row, so many
 * times or for so many milliseconds (`floor ROUNDS MS`), and prints "count p50 p95 p99 total",
 * times in microseconds.  Static, for it is run inside of a container, where there may be no C
 * library. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 100000 };

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static int run_once(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "true", (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
	static double times[ROUNDS_MAX];
	long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	double start = now_us(), most = argc > 2 ? strtod(argv[2], NULL) * 1000 : 0, total;
	long count = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	while (count < rounds && now_us() - start < most) {
		double before = now_us();

		if (!run_once())
			return 1;
		times[count++] = now_us() - before;
	}
	total = now_us() - start;
	qsort(times, (size_t)count, sizeof(times[0]), compare);
	printf("%ld %.1f %.1f %.1f %.1f\n", count, times[count / 2], times[count * 95 / 100],
	       times[count * 99 / 100], total);
	return 0;
}
