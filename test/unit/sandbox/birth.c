/* How containers come to be, and how a birth ends early, on a real Podman with the real agent. */
#include "house.h"

static void a_birth_cut_short_by_our_own_end_is_finished_off(void **state)
{
	struct house *house = *state;
	struct error err;

	create_default(house);
	sandboxes_close(house->all);
	assert_true(store_container_set_state(house->store, house->id, "creating", &err));
	open_all(house);
	wait_gone(house);
	assert_tombstone(house, REASON_FAILED);
	assert_int_equal(count_in_podman(house), 0);
}

static void the_same_request_id_gives_the_same_container(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me", .request_id = "r1" };
	struct house second = { .all = house->all };
	struct error err;
	int64_t destroyed_at;
	char id[ID_SIZE];

	/* Both while it is being made. */
	assert_non_null(sandbox_create(house->all, &request, on_view, &second, &err));
	create(house, &request);
	assert_int_equal(second.done, 1);
	assert_string_equal(second.id, house->id);
	memcpy(id, house->id, sizeof(id));
	/* And once it runs. */
	create(house, &request);
	assert_string_equal(house->id, id);
	assert_int_equal(registry_active(house->all), 1);
	/* Another owner's is another. */
	create(house, &(struct sandbox_request){ .owner = "you", .request_id = "r1" });
	assert_string_not_equal(house->id, id);
	/* When it is over, that is what is said. */
	assert_true(sandbox_destroy(house->all, "me", id, &destroyed_at, &err));
	assert_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	free(second.posture);
}

static void a_caller_who_leaves_takes_nothing_down(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me", .request_id = "r2" };
	struct sandbox_op *op;
	struct error err;

	op = sandbox_create(house->all, &request, on_view, house, &err);
	assert_non_null(op);
	sandbox_cancel(op);
	wait_done(house);
	assert_int_equal(house->err.kind, ERROR_CANCELLED);
	create(house, &request);
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_int_equal(registry_active(house->all), 1);
}

static void one_destroyed_while_it_is_made_says_so_and_leaves_nothing(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;
	int64_t destroyed_at;

	assert_non_null(sandbox_create(house->all, &request, on_view, house, &err));
	snprintf(house->id, sizeof(house->id), "%s", house->all->living->row.id);
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
	wait_done(house);
	assert_int_equal(house->err.kind, ERROR_GONE);
	wait_gone(house);
	assert_tombstone(house, REASON_ASKED);
	assert_int_equal(count_in_podman(house), 0);
}

static void the_request_id_of_a_destroyed_container_asks_for_another(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me", .request_id = "r4" };
	struct error err;
	int64_t destroyed_at;

	create(house, &request);
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
	assert_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	assert_non_null(strstr(err.next, "another request_id"));
	assert_false(err.retryable);
}

static void a_missing_image_is_told_and_leaves_nothing(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me", .request_id = "r3" };

	house->all->settings.image = "localhost/there-is-none:1";
	create(house, &request);
	assert_int_equal(house->err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(house->err.text, "localhost/there-is-none:1 is not on this server"));
	assert_string_equal(house->err.next, "tell the operator of this server");
	assert_false(house->err.retryable);
	wait_gone(house);
	assert_int_equal(count_in_podman(house), 0);
	/* What failed at birth may be asked for again. */
	house->all->settings.image = RIG_IMAGE;
	create(house, &request);
	assert_int_equal(house->err.kind, ERROR_NONE);
}

static void there_are_never_more_than_the_maximum(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;
	int64_t destroyed_at;

	house->all->settings.max_containers = 1;
	create_default(house);
	assert_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_non_null(strstr(err.next, "destroy_container, or try again later"));
	assert_true(err.retryable);
	/* Its place is free as soon as its end begins. */
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
	create_default(house);
}

static void a_birth_waits_for_a_podman_that_is_being_restarted(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;

	sandboxes_podman_down(house->all);
	assert_non_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_false(rig_until(rig->loop, 50, is_done, house));
	sandboxes_podman_up(house->all);
	wait_done(house);
	assert_int_equal(house->err.kind, ERROR_NONE);
}

struct proof {
	bool done;
	struct error err;
};

static void on_proved(void *ctx, const struct error *err)
{
	struct proof *proof = ctx;

	proof->done = true;
	if (err)
		proof->err = *err;
}

static void the_proof_leaves_nothing(void **state)
{
	struct house *house = *state;
	struct proof proof = { .done = false };

	sandboxes_prove(house->all, on_proved, &proof);
	assert_false(proof.done);
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &proof.done));
	if (proof.err.kind != ERROR_NONE)
		fail_msg("%s", proof.err.text);
	assert_null(house->all->living);
	assert_int_equal(count_in_podman(house), 0);
}

static void closing_in_the_middle_of_a_birth_ends_it_cancelled(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;

	assert_non_null(sandbox_create(house->all, &request, on_view, house, &err));
	sandboxes_close(house->all);
	assert_int_equal(house->done, 1);
	assert_int_equal(house->err.kind, ERROR_CANCELLED);
	open_all(house);
	wait_gone(house);
	for (int i = 0; i < 100 && !nothing_in_podman(house); i++)
		reconcile_begin(house->all);
	assert_int_equal(count_in_podman(house), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(a_birth_cut_short_by_our_own_end_is_finished_off),
		LIFE(the_same_request_id_gives_the_same_container),
		LIFE(a_caller_who_leaves_takes_nothing_down),
		LIFE(one_destroyed_while_it_is_made_says_so_and_leaves_nothing),
		LIFE(the_request_id_of_a_destroyed_container_asks_for_another),
		LIFE(a_missing_image_is_told_and_leaves_nothing),
		LIFE(there_are_never_more_than_the_maximum),
		LIFE(a_birth_waits_for_a_podman_that_is_being_restarted),
		LIFE(the_proof_leaves_nothing),
		LIFE(closing_in_the_middle_of_a_birth_ends_it_cancelled),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
