/* A server's containers over a real Podman and the real agent: the verbs of the tests here.  Each
 * test has its own database; the tests of a file share the Podman. */
#ifndef HOUSE_H
#define HOUSE_H

#include "private_podman.h"
#include <signal.h>
#include "internal.h"

enum { SECONDS = 1000, OWNER_TTL_MS = 600 * SECONDS };

static struct rig *rig;
static char agent_path[512];

/* One server over one database; several tests share the Podman. */
struct house {
	struct store *store;
	struct sandbox_settings settings;
	struct sandboxes *all;
	/* What the last operation came to. */
	int done;
	char id[ID_SIZE];
	char *posture;
	int64_t expires_at, created_at, extended_ms;
	int64_t memory_bytes, pids;
	bool linked;
	struct error err;
};

static inline void open_all(struct house *house)
{
	struct error err;

	house->all = sandboxes_open(rig->loop, house->store, rig->podman, &house->settings, &err);
	if (!house->all)
		fail_msg("%s", err.text);
	sandboxes_podman_up(house->all);
}

static inline int house_open(void **state)
{
	struct house *house = mem_new(struct house);
	struct error err;

	house->store = store_open(":memory:", &err);
	assert_non_null(house->store);
	house->settings = (struct sandbox_settings){
		.data_dir = rig->dir,
		.agent_path = agent_path,
		.base_url = "http://localhost:1",
		.image = RIG_IMAGE,
		.memory = 64 << 20,
		.cpu_milli = 500,
		.pids = 50,
		.ttl_ms = OWNER_TTL_MS,
		.network = "none",
		.open_files_max = 1024,
		.processes_max = 4096,
		.command_timeout_ms = 60 * SECONDS,
		.output_limit = 16384,
		.output_spool = 1 << 20,
		.max_containers = 4,
	};
	if (rig->machine.open_files_max < house->settings.open_files_max)
		house->settings.open_files_max = rig->machine.open_files_max;
	if (rig->machine.processes_max < house->settings.processes_max)
		house->settings.processes_max = rig->machine.processes_max;
	open_all(house);
	*state = house;
	return 0;
}

static inline bool all_is_gone(void *ctx)
{
	struct house *house = ctx;

	return !house->all->living;
}

static inline void on_all_gone(void *ctx, const struct error *err)
{
	(void)err;
	*(bool *)ctx = true;
}

static inline int house_close(void **state)
{
	struct house *house = *state;
	bool gone = false;

	sandboxes_destroy_all(house->all, on_all_gone, &gone);
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &gone));
	assert_true(all_is_gone(house));
	sandboxes_close(house->all);
	store_close(house->store);
	free(house->posture);
	free(house);
	return 0;
}

/* --- verbs --------------------------------------------------------------------------------- */

static inline void on_view(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct house *house = ctx;

	house->done++;
	house->err.kind = ERROR_NONE;
	if (err) {
		house->err = *err;
		return;
	}
	snprintf(house->id, sizeof(house->id), "%s", view->row->id);
	free(house->posture);
	house->posture = mem_strdup(view->row->posture);
	house->expires_at = view->row->expires_at;
	house->extended_ms = view->extended_ms;
	house->created_at = view->row->created_at;
	house->linked = view->linked;
	house->memory_bytes = view->memory_bytes;
	house->pids = view->pids;
}

static inline bool is_done(void *ctx)
{
	return ((struct house *)ctx)->done > 0;
}

static inline void wait_done(struct house *house)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, is_done, house));
	assert_int_equal(house->done, 1);
	house->done = 0;
}

static inline void create(struct house *house, const struct sandbox_request *wish)
{
	struct sandbox_request request = *wish;
	struct error err;

	if (!request.owner)
		request.owner = "me";
	if (!sandbox_create(house->all, &request, on_view, house, &err))
		fail_msg("%s", err.text);
	assert_int_equal(house->done, 0);
	wait_done(house);
}

static inline void create_default(struct house *house)
{
	create(house, &(struct sandbox_request){ 0 });
	if (house->err.kind != ERROR_NONE)
		fail_msg("%s", house->err.text);
}

static inline void check(struct house *house, int64_t extend_ms)
{
	struct error err;

	if (!sandbox_check(house->all, "me", house->id, extend_ms, on_view, house, &err))
		fail_msg("%s", err.text);
	assert_int_equal(house->done, 0);
	wait_done(house);
	assert_int_equal(house->err.kind, ERROR_NONE);
}

static inline void assert_tombstone(struct house *house, const char *reason)
{
	auto_container_row row = { 0 };
	struct error err;

	assert_true(store_container_find(house->store, house->id, &row, &err));
	assert_string_equal(row.state, "gone");
	assert_string_equal(row.gone_reason, reason);
	assert_true(row.gone_at > 0);
}

/* --- what Podman knows of us --------------------------------------------------------------- */

struct list {
	bool here;
	size_t count;
};

static inline void on_list(void *ctx, const struct podman_container *containers, size_t count,
			   const struct error *err)
{
	struct list *list = ctx;

	(void)containers;
	if (err)
		fail_msg("%s", err->text);
	list->here = true;
	list->count = count;
}

static inline size_t count_in_podman(struct house *house)
{
	struct list list = { false, 0 };

	(void)podman_container_list(rig->podman, "sandpod.instance", house->all->instance, on_list,
				    &list);
	assert_true(rig_until(rig->loop, 30 * SECONDS, rig_is_set, &list.here));
	return list.count;
}

static inline bool nothing_in_podman(void *ctx)
{
	return count_in_podman(ctx) == 0;
}

static inline void wait_gone(struct house *house)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, all_is_gone, house));
}

/* --- the group ----------------------------------------------------------------------------- */

/* build/MODE/unit/sandbox/life → build/MODE/agent */
static inline void find_agent(void)
{
	ssize_t len = readlink("/proc/self/exe", agent_path, sizeof(agent_path) - 8);

	assert_true(len > 0);
	agent_path[len] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(agent_path, '/') = '\0';
	memcpy(agent_path + strlen(agent_path), "/agent", sizeof("/agent"));
	if (access(agent_path, X_OK) != 0)
		fail_msg("%s is missing: build it first", agent_path);
}

static inline int group_open(void **state)
{
	(void)state;
	find_agent();
	rig = rig_open();
	return 0;
}

static inline int group_close(void **state)
{
	(void)state;
	rig_close(rig);
	return 0;
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

#endif
