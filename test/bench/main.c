/* How fast Sandpod is, beside what people use today, measured in the same run on the same machine:
 *
 *   bench --sandpod PROGRAM --floor PROGRAM [--parts create,execute] [--quick] [--json FILE]
 *   bench --sandpod PROGRAM --floor PROGRAM --check     ratios only, against generous margins
 *
 * Ratios count; the times are this machine's.  Client and server share its processors, so the
 * client does as little as it can, and what is compared takes turns. */
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	part_run *run;
} parts[] = {
	/* clang-format off */
	{ "create", part_create },
	{ "life", part_life },
	{ "execute", part_execute },
	{ "refill", part_refill },
	{ "throughput", part_throughput },
	{ "output", part_output },
	{ "transfer", part_transfer },
	{ "code", part_code },
	{ "files", part_files },
	{ "memory", part_memory },
	{ "restart", part_restart },
	{ "growth", part_growth },
	{ "leaks", part_leaks },
	/* clang-format on */
};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

static int misuse(const char *program)
{
	fprintf(stderr,
		"usage: %s --sandpod PROGRAM --floor PROGRAM [--json FILE] [--quick] [--check]\n"
		"       [--parts LIST]   of:",
		program);
	for (size_t i = 0; i < PART_COUNT; i++)
		fprintf(stderr, " %s", parts[i].name);
	fputc('\n', stderr);
	return 2;
}

/* Whether word is one of a list with commas; no list has all. */
static bool is_wanted(const char *list, const char *word)
{
	size_t len = strlen(word);

	if (!list || !*list)
		return true;
	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == len && strncmp(list, word, len) == 0)
			return true;
	return false;
}

static bool are_known(const char *list)
{
	for (; list && *list; list += strcspn(list, ","), list += *list == ',') {
		size_t i = 0, len = strcspn(list, ",");

		while (i < PART_COUNT &&
		       (strlen(parts[i].name) != len || strncmp(list, parts[i].name, len) != 0))
			i++;
		if (i == PART_COUNT)
			return false;
	}
	return true;
}

static bool read_options(int argc, char **argv, struct bench *bench)
{
	static const struct option options[] = {
		{ "sandpod", required_argument, NULL, 's' },
		{ "floor", required_argument, NULL, 'f' },
		{ "json", required_argument, NULL, 'j' },
		{ "parts", required_argument, NULL, 'p' },
		{ "quick", no_argument, NULL, 'q' },
		{ "check", no_argument, NULL, 'c' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			bench->sandpod = optarg;
		else if (option == 'f')
			bench->floor = optarg;
		else if (option == 'j')
			bench->json_path = optarg;
		else if (option == 'p')
			bench->wanted = optarg;
		else if (option == 'q')
			bench->quick = true;
		else if (option == 'c')
			bench->check = true;
		else
			return false;
	}
	return optind == argc && bench->sandpod && bench->floor && are_known(bench->wanted);
}

/* A part that fails does not keep the others from being measured. */
static bool run_parts(struct bench *bench)
{
	bool good = true;

	for (size_t i = 0; i < PART_COUNT && !stopping(); i++) {
		struct error err;

		if (!is_wanted(bench->wanted, parts[i].name))
			continue;
		if (parts[i].run(bench, &err))
			continue;
		fprintf(stderr, "bench: %s: %s\n", parts[i].name, err.text);
		good = false;
	}
	return good && !stopping();
}

static bool run_all(struct bench *bench, struct error *err)
{
	bool good;

	if (bench->check)
		return check_run(bench, err);
	if (!machine_report(bench, err))
		return false;
	good = run_parts(bench);
	if (bench->json_path && !report_write(&bench->report, bench->json_path, err))
		return false;
	return good || error_set(err, ERROR_UNAVAILABLE, "not everything could be measured");
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };
	struct error err;
	bool good;

	if (!read_options(argc, argv, &bench))
		return misuse(argv[0]);
	report_init(&bench.report, SANDPOD_VERSION, bench.quick);
	good = stop_init(&err) && run_all(&bench, &err);
	if (!good)
		fprintf(stderr, "bench: %s\n", err.text);
	report_release(&bench.report);
	return good ? 0 : 1;
}
