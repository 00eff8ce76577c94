/* The walls that the agent measured from inside, against those that the row promises.  A limit that
 * Podman was told and that is not there is the worst kind: nobody notices.  (Podman answers
 * "created, no warnings" and sets no limit at all in some nested set-ups.) */
#include <stdio.h>
#include <string.h>
#include "config.h"
#include "internal.h"
#include "json.h"

enum { UID_RANGE = 65536, PAGE_MAX = 65536 };

struct wall {
	const char *name;
	bool (*stands)(const struct container_row *row, const struct wire_hello *hello);
	const char *missing; /* what it means that it is not there */
};

/* The kernel rounds a limit down to a page. */
static bool near(uint64_t measured, int64_t promised)
{
	uint64_t wanted = (uint64_t)promised;

	return measured <= wanted && measured + PAGE_MAX > wanted;
}

static bool memory_stands(const struct container_row *row, const struct wire_hello *hello)
{
	return near(hello->memory_limit, row->memory);
}

static bool swap_stands(const struct container_row *row, const struct wire_hello *hello)
{
	return near(hello->swap_limit, row->memory);
}

static bool cpu_stands(const struct container_row *row, const struct wire_hello *hello)
{
	return hello->cpu_milli == (uint64_t)row->cpu_milli;
}

static bool pids_stand(const struct container_row *row, const struct wire_hello *hello)
{
	return hello->pids_limit == (uint64_t)row->pids;
}

static bool capabilities_stand(const struct container_row *row, const struct wire_hello *hello)
{
	(void)row;
	return hello->cap_bounding == 0 && hello->cap_effective == 0;
}

static bool privileges_stand(const struct container_row *row, const struct wire_hello *hello)
{
	(void)row;
	return hello->no_new_privs == 1;
}

static bool seccomp_stands(const struct container_row *row, const struct wire_hello *hello)
{
	(void)row;
	return hello->seccomp == 2;
}

/* Its own range, not just any: two containers must not share one. */
static bool userns_stands(const struct container_row *row, const struct wire_hello *hello)
{
	return hello->uid_host == (uint64_t)row->uid_slot * UID_RANGE && hello->uid_host != 0 &&
	       hello->uid_count == UID_RANGE;
}

static bool proc_stands(const struct container_row *row, const struct wire_hello *hello)
{
	(void)row;
	return hello->proc_writable == 0;
}

static const struct wall walls[] = {
	{ "memory", memory_stands, "a container can take all memory of the machine" },
	{ "swap", swap_stands, "a container can take swap beyond its memory" },
	{ "cpu", cpu_stands, "a container can take every processor" },
	{ "pids", pids_stand, "a container can take every process id" },
	{ "capabilities", capabilities_stand, "root in a container keeps powers" },
	{ "privileges", privileges_stand, "setuid programs in a container gain privileges" },
	{ "seccomp", seccomp_stands, "a container can make every system call" },
	{ "userns", userns_stands, "root in a container is a real user outside" },
	{ "proc", proc_stands, "a container can write to /proc/sys" },
};

enum { WALL_COUNT = sizeof(walls) / sizeof(walls[0]) };

/* A machine without any swap lets nothing through a missing limit on it (cgroup v1 without swap
 * accounting has none).  Swap switched on later is found by the next container's measure. */
static bool is_moot(const struct wall *wall, const struct posture_terms *terms)
{
	return terms->swapless && wall->stands == swap_stands;
}

bool posture_check(const struct container_row *row, const struct wire_hello *hello,
		   const struct posture_terms *terms, struct error *err)
{
	for (size_t i = 0; i < WALL_COUNT; i++) {
		const struct wall *wall = &walls[i];

		if (wall->stands(row, hello) || is_moot(wall, terms) ||
		    config_list_has(terms->allow_unenforced, wall->name))
			continue;
		return error_set(err, ERROR_UNAVAILABLE,
				 "the wall \"%s\" is not enforced on this machine: %s; "
				 "`sandpod doctor` says more, ALLOW_UNENFORCED=%s accepts it",
				 wall->name, wall->missing, wall->name);
	}
	return true;
}

static const char *verdict(const struct wall *wall, const struct container_row *row,
			   const struct wire_hello *hello, const struct posture_terms *terms)
{
	if (wall->stands(row, hello))
		return "enforced";
	return is_moot(wall, terms) ? "no swap on this machine" : "not enforced";
}

char *posture_json(const struct container_row *row, const struct wire_hello *hello,
		   const struct posture_terms *terms)
{
	auto_json object = json_object();

	for (size_t i = 0; i < WALL_COUNT; i++)
		json_put_text(object, walls[i].name, verdict(&walls[i], row, hello, terms));
	json_put_text(object, "disk", row->disk > 0 ? "enforced" : "not bounded");
	json_put_text(object, "network", row->network);
	json_put_text(object, "runtimes", hello->runtimes);
	return json_print(object);
}

/* /proc/swaps is a header line and one line for each swap area.  It is read anew each time: a few
 * microseconds from memory, and an administrator may have switched swap on. */
static bool machine_is_swapless(void)
{
	FILE *file = fopen("/proc/swaps", "re");
	char line[256];
	int lines = 0;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		lines++;
	fclose(file);
	return lines == 1;
}

struct posture_terms posture_terms(const struct sandboxes *all)
{
	return (struct posture_terms){
		.allow_unenforced = all->settings.allow_unenforced,
		/* Of a Podman elsewhere nothing is known. */
		.swapless = podman_is_local(all->podman) && machine_is_swapless(),
	};
}
