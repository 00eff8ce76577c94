/* Commands that print a lot.  What execute_command returns is cut to OUTPUT_LIMIT, but every byte
 * comes out of the container and is kept; the time is until the command is over.  Beside it the
 * same through `podman exec` and through a bare exec session, both read to the end and thrown away.
 */
#include "bench.h"

#include <stdio.h>

enum { SIZES = 3, WAYS = 3 };

static const struct {
	int megabytes, rounds, quick_rounds;
} sizes[SIZES] = { { 1, 20, 5 }, { 10, 10, 3 }, { 100, 5, 1 } };

static const char *const names[WAYS] = { [WAY_SANDPOD] = "execute_command",
					 [WAY_CLI] = "podman exec",
					 [WAY_REST] = "exec session over REST" };

/* One container for each way; the two of Podman share theirs. */
struct stand {
	struct worker workers[WAYS];
	struct contender contenders[WAYS];
	char ids[WAYS][ANY_ID_SIZE];
};

static void auto_stand_(struct stand *stand)
{
	for (int way = 0; way < WAYS; way++)
		worker_close(&stand->workers[way]);
}

static bool set(struct stand *stand, const struct bench *bench, const struct server *server,
		struct error *err)
{
	for (int way = 0; way < WAYS; way++) {
		stand->contenders[way] = (struct contender){
			.way = (enum way)way,
			.server = server,
			.remote_cli = bench->cli.remote,
			.cpus = (double)sysconf(_SC_NPROCESSORS_ONLN),
		};
		if (!worker_open(&stand->workers[way], &stand->contenders[way], err) ||
		    !worker_create(&stand->workers[way], stand->ids[way], err))
			return false;
		for (int size = 0; size < SIZES; size++) {
			/* Lines, as programs print them. */
			auto_str make =
				mem_format("yes 'a line of some output, %d' | head -c %d000000 "
					   ">/tmp/out%d",
					   size, sizes[size].megabytes, size);

			if (!worker_run(&stand->workers[way], stand->ids[way], make, err))
				return false;
		}
	}
	return true;
}

static bool measure(struct bench *bench, struct stand *stand, int size, struct error *err)
{
	struct samples samples[WAYS] = { 0 };
	struct summary sums[WAYS];
	auto_str command = mem_format("cat /tmp/out%d", size);
	int rounds = pick(bench, sizes[size].rounds, sizes[size].quick_rounds);
	bool good = true;

	for (int i = 0; good && i < rounds * WAYS; i++) {
		int way = i % WAYS;
		int64_t start_ns = now_ns();

		good = worker_run(&stand->workers[way], stand->ids[way], command, err);
		samples_add(&samples[way], ms_since(start_ns));
	}
	for (int way = 0; way < WAYS; way++) {
		sums[way] = samples_summary(&samples[way]);
		samples_release(&samples[way]);
	}
	for (int way = 0; good && way < WAYS; way++) {
		auto_str what = mem_format("%d MB through %s", sizes[size].megabytes, names[way]);

		report_times(&bench->report, what, &sums[way],
			     way != WAY_SANDPOD ? NULL
						: (const struct versus[]){
							  { names[WAY_CLI], sums[WAY_CLI].p50 },
							  { names[WAY_REST], sums[WAY_REST].p50 },
							  { NULL, 0 } });
	}
	return good;
}

bool part_output(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	AUTO(stand) struct stand stand = { 0 };
	auto_str cpus = mem_format("SANDBOX_CPUS=%ld", sysconf(_SC_NPROCESSORS_ONLN));
	bool good;

	report_part(&bench->report, "output", "until a command is over that prints so much");
	if (!server_start(&server, bench->sandpod,
			  (const char *const[]){ cpus, "OUTPUT_SPOOL=128m", NULL }, err))
		return false;
	good = set(&stand, bench, &server, err);
	for (int size = 0; good && size < SIZES; size++)
		good = measure(bench, &stand, size, err);
	return good;
}
