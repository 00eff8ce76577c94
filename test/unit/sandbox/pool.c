/* Containers made ahead of need, on a real Podman with the real agent. */
#include "house.h"

enum { SPARE = 2, MANY = 50 };

static void open_pool(struct house *house)
{
	struct error err;

	house->all->settings.pool_size = SPARE;
	house->all->settings.max_containers = MANY;
	if (!sandboxes_pool_open(house->all, &err))
		fail_msg("%s", err.text);
}

static bool is_full(void *ctx)
{
	struct house *house = ctx;
	int64_t warm, target;

	sandboxes_pool_status(house->all, &warm, &target);
	return warm == target && target > 0;
}

static void fill(struct house *house)
{
	if (!rig_until(rig->loop, 60 * SECONDS, is_full, house))
		fail_msg("the pool does not fill up");
}

/* A new server over the same database and Podman. */
static void restart(struct house *house)
{
	sandboxes_close(house->all);
	open_all(house);
	open_pool(house);
}

static struct sandbox *any_warm(struct house *house)
{
	for (struct sandbox *sb = house->all->living; sb; sb = sb->hh.next)
		if (sb->state == SANDBOX_WARM)
			return sb;
	return NULL;
}

static bool was_warm(struct house *house, const char *id)
{
	struct sandbox *sb = registry_find(house->all, NULL, id);

	return sb && sb->state == SANDBOX_WARM;
}

static void a_ready_one_is_given_away_and_replaced(void **state)
{
	struct house *house = *state;
	auto_container_row row = { 0 };
	struct error err;
	char warm[ID_SIZE];

	open_pool(house);
	fill(house);
	memcpy(warm, any_warm(house)->row.id, sizeof(warm));
	create(house, &(struct sandbox_request){ .name = "n", .request_id = "r", .ttl_ms = 5000 });
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_string_equal(house->id, warm);
	assert_true(house->linked);
	assert_int_equal(house->expires_at - house->created_at, 5000);
	assert_true(store_container_find(house->store, warm, &row, &err));
	assert_string_equal(row.owner, "me");
	assert_string_equal(row.state, "running");
	assert_string_equal(row.name, "n");
	assert_string_equal(row.request_id, "r");
	assert_null(row.shape);
	fill(house);
	assert_int_equal(registry_active(house->all), 1);
}

static void what_a_ready_one_was_is_not_to_be_seen(void **state)
{
	struct house *house = *state;
	char warm[ID_SIZE];
	struct sandbox *sb;
	struct error err;
	int64_t at;

	open_pool(house);
	fill(house);
	memcpy(warm, any_warm(house)->row.id, sizeof(warm));
	assert_false(registry_use(house->all, "me", warm, &sb, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_false(registry_use(house->all, "sandpod:pool", warm, &sb, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_false(sandbox_destroy(house->all, "me", warm, &at, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	create_default(house);
	check(house, 0);
	assert_true(house->created_at > 0 && house->expires_at - house->created_at == OWNER_TTL_MS);
}

static void a_ready_one_gets_other_limits_without_a_restart(void **state)
{
	struct house *house = *state;
	const struct sandbox *sb;
	char warm[ID_SIZE];

	open_pool(house);
	fill(house);
	memcpy(warm, any_warm(house)->row.id, sizeof(warm));
	create(house,
	       &(struct sandbox_request){ .memory = 32 << 20, .cpu_milli = 200, .pids = 20 });
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_string_equal(house->id, warm);
	sb = registry_find(house->all, "me", warm);
	/* As its process 1 measures them. */
	assert_int_equal(sb->hello.memory_limit, 32 << 20);
	assert_int_equal(sb->hello.cpu_milli, 200);
	assert_int_equal(sb->hello.pids_limit, 20);
	assert_int_equal(sb->row.memory, 32 << 20);
}

static void a_giving_that_fails_changes_nothing(void **state)
{
	struct house *house = *state;
	const struct sandbox_request request = { .memory = 32 << 20, .ttl_ms = 5000, .name = "n" };
	auto_container_row wish = { 0 };
	struct sandbox *sb;
	struct error err;
	int64_t expires_at;

	open_pool(house);
	fill(house);
	/* As if the rows had changed behind our back. */
	for (sb = house->all->living; sb; sb = sb->hh.next)
		assert_true(store_container_set_state(house->store, sb->row.id, "creating", &err));
	sb = any_warm(house);
	expires_at = sb->row.expires_at;
	assert_true(limits_apply(house->all, &request, &wish, &err));
	snprintf(wish.owner, sizeof(wish.owner), "tenant");
	wish.name = mem_strdup("n");
	assert_null(pool_give(house->all, &wish));
	assert_string_equal(sb->row.owner, "sandpod:pool");
	assert_string_equal(sb->row.state, "warm");
	assert_null(sb->row.name);
	assert_non_null(sb->row.shape);
	assert_int_equal(sb->row.memory, house->settings.memory);
	assert_int_equal(sb->row.expires_at, expires_at);
	assert_string_equal(wish.name, "n");
}

static void once_podman_cannot_limit_those_with_limits_are_made_anew(void **state)
{
	struct house *house = *state;

	open_pool(house);
	fill(house);
	pool_cannot_fit(house->all);
	memcpy(house->id, any_warm(house)->row.id, sizeof(house->id));
	create(house, &(struct sandbox_request){ .memory = 32 << 20 });
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_int_equal(registry_find(house->all, "me", house->id)->hello.memory_limit, 32 << 20);
	fill(house);
	assert_int_equal(count_in_podman(house), SPARE + 1);
}

static void ready_ones_are_taken_up_after_a_restart(void **state)
{
	struct house *house = *state;
	char warm[ID_SIZE];

	open_pool(house);
	fill(house);
	memcpy(warm, any_warm(house)->row.id, sizeof(warm));
	restart(house);
	fill(house);
	assert_true(was_warm(house, warm));
	create_default(house);
	assert_string_equal(house->id, warm);
	fill(house);
	assert_int_equal(count_in_podman(house), SPARE + 1);
}

static bool old_one_is_gone(void *ctx)
{
	struct house *house = ctx;

	return !registry_find(house->all, NULL, house->id);
}

/* house->id was warm, and must go instead of being given to anybody. */
static void assert_thrown_away(struct house *house)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, old_one_is_gone, house));
	assert_tombstone(house, REASON_SPARE);
	fill(house);
}

static void ready_ones_of_another_shape_are_thrown_away(void **state)
{
	struct house *house = *state;

	open_pool(house);
	fill(house);
	memcpy(house->id, any_warm(house)->row.id, sizeof(house->id));
	house->settings.memory /= 2;
	restart(house);
	assert_thrown_away(house);
	create_default(house);
	assert_int_equal(registry_find(house->all, "me", house->id)->hello.memory_limit,
			 house->settings.memory);
}

static void ready_ones_of_an_old_image_are_thrown_away(void **state)
{
	struct house *house = *state;

	open_pool(house);
	fill(house);
	memcpy(house->id, any_warm(house)->row.id, sizeof(house->id));
	rig->imported = false;
	rig_import(rig);
	pool_look(house->all);
	assert_thrown_away(house);
}

static void ready_ones_that_nobody_took_in_time_are_replaced(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;

	open_pool(house);
	fill(house);
	sb = any_warm(house);
	memcpy(house->id, sb->row.id, sizeof(house->id));
	sb->expires_mono = clock_mono_ms();
	reaper_wake(house->all->reaper);
	assert_thrown_away(house);
}

static bool none_is_warm(void *ctx)
{
	return !any_warm(ctx);
}

static void ready_ones_keep_nobody_out(void **state)
{
	struct house *house = *state;

	open_pool(house);
	fill(house);
	house->all->settings.max_containers = 2;
	create_default(house);
	create(house, &(struct sandbox_request){ .disk = 0, .memory = 16 << 20 });
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_int_equal(registry_active(house->all), 2);
	assert_true(rig_until(rig->loop, 60 * SECONDS, none_is_warm, house));
}

static void a_burst_is_kept_in_mind_for_a_while(void **state)
{
	struct house *house = *state;
	int64_t warm, target;

	open_pool(house);
	fill(house);
	for (int i = 0; i < 2 * SPARE; i++)
		create_default(house);
	sandboxes_pool_status(house->all, &warm, &target);
	assert_int_equal(target, 2 * SPARE);
	fill(house);
	pool_sweep(house->all);
	sandboxes_pool_status(house->all, &warm, &target);
	assert_int_equal(target, SPARE);
	assert_true(rig_until(rig->loop, 60 * SECONDS, is_full, house));
}

static void one_of_another_shape_is_not_given_away(void **state)
{
	struct house *house = *state;
	struct sandbox *odd;

	open_pool(house);
	fill(house);
	odd = any_warm(house);
	free(odd->row.shape);
	odd->row.shape = mem_strdup("another");
	create_default(house);
	assert_string_not_equal(house->id, odd->row.id);
	assert_int_equal(odd->state, SANDBOX_WARM);
}

static void without_a_pool_none_is_kept(void **state)
{
	struct house *house = *state;
	struct error err;
	int64_t warm, target;

	house->all->settings.pool_size = 0;
	assert_true(sandboxes_pool_open(house->all, &err));
	create_default(house);
	create_default(house);
	sandboxes_pool_status(house->all, &warm, &target);
	assert_int_equal(warm, 0);
	assert_int_equal(target, 0);
	assert_int_equal(count_in_podman(house), 2);
}

static void a_pool_that_cannot_be_filled_tries_with_patience(void **state)
{
	struct house *house = *state;
	int64_t warm, target;

	house->all->settings.image = "localhost/there-is-none:1";
	open_pool(house);
	assert_false(rig_until(rig->loop, 300, is_full, house));
	sandboxes_pool_status(house->all, &warm, &target);
	assert_int_equal(warm, 0);
	assert_null(house->all->living);
	house->all->settings.image = RIG_IMAGE;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(a_ready_one_is_given_away_and_replaced),
		LIFE(what_a_ready_one_was_is_not_to_be_seen),
		LIFE(a_ready_one_gets_other_limits_without_a_restart),
		LIFE(a_giving_that_fails_changes_nothing),
		LIFE(once_podman_cannot_limit_those_with_limits_are_made_anew),
		LIFE(ready_ones_are_taken_up_after_a_restart),
		LIFE(ready_ones_of_another_shape_are_thrown_away),
		LIFE(ready_ones_of_an_old_image_are_thrown_away),
		LIFE(ready_ones_that_nobody_took_in_time_are_replaced),
		LIFE(ready_ones_keep_nobody_out),
		LIFE(a_burst_is_kept_in_mind_for_a_while),
		LIFE(one_of_another_shape_is_not_given_away),
		LIFE(without_a_pool_none_is_kept),
		LIFE(a_pool_that_cannot_be_filled_tries_with_patience),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
