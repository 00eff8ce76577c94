/* A caller's own container of a label: found, shared while it is being made, made again after its
 * end, and found again by the next server. */
#include "house.h"

static const struct sandbox_request plain = { .owner = "me" };

/* What one call came to. */
struct answer {
	bool here;
	char id[ID_SIZE];
	char *replaces;
	struct error err;
};

static void on_default(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct answer *answer = ctx;

	assert_false(answer->here);
	answer->here = true;
	answer->err.kind = ERROR_NONE;
	if (err)
		answer->err = *err;
	else
		snprintf(answer->id, sizeof(answer->id), "%s", view->row->id);
	answer->replaces = view ? mem_strdup(view->replaces) : NULL;
}

static void answer_release(struct answer *answer)
{
	free(answer->replaces);
}
#define auto_answer __attribute__((cleanup(answer_release))) struct answer

static struct sandbox_op *ask(struct house *house, const struct sandbox_request *wish,
			      const char *label, struct answer *answer)
{
	struct error err;
	struct sandbox_op *op = sandbox_default(house->all, wish, label, on_default, answer, &err);

	if (!op)
		fail_msg("%s", err.text);
	assert_false(answer->here);
	return op;
}

static void await(struct answer *answer)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &answer->here));
}

static void get(struct house *house, const struct sandbox_request *wish, const char *label,
		struct answer *answer)
{
	(void)ask(house, wish, label, answer);
	await(answer);
	if (answer->err.kind != ERROR_NONE)
		fail_msg("%s", answer->err.text);
}

static void calls_that_come_together_share_one(void **state)
{
	struct house *house = *state;
	auto_answer one = { 0 };
	auto_answer other = { 0 };
	auto_answer later = { 0 };

	(void)ask(house, &plain, "default", &one);
	(void)ask(house, &plain, "default", &other);
	await(&one);
	await(&other);
	assert_int_equal(one.err.kind, ERROR_NONE);
	assert_string_equal(one.id, other.id);
	get(house, &plain, "default", &later);
	assert_string_equal(later.id, one.id);
	assert_null(one.replaces);
	assert_null(later.replaces);
	assert_int_equal(registry_active(house->all), 1);
}

static void each_label_and_each_owner_has_one(void **state)
{
	struct house *house = *state;
	auto_answer one = { 0 };
	auto_answer web = { 0 };
	auto_answer theirs = { 0 };

	get(house, &plain, "default", &one);
	get(house, &plain, "web", &web);
	get(house, &(struct sandbox_request){ .owner = "you" }, "default", &theirs);
	assert_string_not_equal(one.id, web.id);
	assert_string_not_equal(one.id, theirs.id);
	assert_string_not_equal(web.id, theirs.id);
}

static void destroy(struct house *house, const char *id)
{
	struct error err;
	int64_t destroyed_at;

	assert_true(sandbox_destroy(house->all, "me", id, &destroyed_at, &err));
}

static void one_that_is_being_destroyed_stands_in_nobodys_way(void **state)
{
	struct house *house = *state;
	auto_answer first = { 0 };
	auto_answer second = { 0 };
	auto_answer third = { 0 };

	get(house, &plain, "default", &first);
	destroy(house, first.id);
	assert_non_null(registry_find(house->all, "me", first.id));
	get(house, &plain, "default", &second);
	assert_string_not_equal(second.id, first.id);
	assert_non_null(strstr(second.replaces, first.id));
	assert_non_null(strstr(second.replaces, "was destroyed on request"));
	get(house, &plain, "default", &third);
	assert_string_equal(third.id, second.id);
	assert_null(third.replaces);
}

static void one_that_is_gone_is_told_of_once_the_next_is_there(void **state)
{
	struct house *house = *state;
	auto_answer first = { 0 };
	auto_answer refused = { 0 };
	auto_answer second = { 0 };
	struct error err;

	get(house, &(struct sandbox_request){ .owner = "me", .ttl_ms = 2 * SECONDS }, "default",
	    &first);
	wait_gone(house);
	house->all->settings.max_containers = 0;
	assert_null(sandbox_default(house->all, &plain, "default", on_default, &refused, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	house->all->settings.max_containers = 4;
	get(house, &plain, "default", &second);
	assert_non_null(strstr(second.replaces, first.id));
	assert_non_null(strstr(second.replaces, "because its 2 seconds were over"));
}

static void a_birth_that_failed_hides_nothing(void **state)
{
	struct house *house = *state;
	auto_answer first = { 0 };
	auto_answer failed = { 0 };
	auto_answer second = { 0 };

	get(house, &plain, "default", &first);
	destroy(house, first.id);
	wait_gone(house);
	house->all->settings.image = "localhost/no-such-image:1";
	(void)ask(house, &plain, "default", &failed);
	await(&failed);
	assert_int_not_equal(failed.err.kind, ERROR_NONE);
	house->all->settings.image = RIG_IMAGE;
	get(house, &plain, "default", &second);
	assert_non_null(strstr(second.replaces, first.id));
}

static void the_next_server_finds_it_again(void **state)
{
	struct house *house = *state;
	auto_answer before = { 0 };
	auto_answer after = { 0 };

	get(house, &plain, "default", &before);
	sandboxes_close(house->all);
	open_all(house);
	get(house, &plain, "default", &after);
	assert_string_equal(after.id, before.id);
	assert_null(after.replaces);
}

static void who_leaves_takes_nothing_down(void **state)
{
	struct house *house = *state;
	auto_answer gone = { 0 };
	auto_answer kept = { 0 };

	sandbox_cancel(ask(house, &plain, "default", &gone));
	(void)ask(house, &plain, "default", &kept);
	await(&gone);
	await(&kept);
	assert_int_equal(gone.err.kind, ERROR_CANCELLED);
	assert_int_equal(kept.err.kind, ERROR_NONE);
}

static void no_caller_can_give_such_a_request_id(void **state)
{
	struct house *house = *state;
	struct error err;

	assert_null(sandbox_create(
		house->all,
		&(struct sandbox_request){ .owner = "me", .request_id = "sandpod.default/web" },
		on_view, house, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
}

static void the_name_of_a_session_stands_for_its_id(void **state)
{
	struct house *house = *state;
	auto_answer named = { 0 };
	auto_answer other = { 0 };
	struct sandbox *sb;
	struct error err;

	get(house, &plain, SANDBOX_SESSION "my work", &named);
	get(house, &plain, "default", &other);
	assert_true(registry_use(house->all, "me", "my work", &sb, &err));
	assert_string_equal(sb->row.id, named.id);
	assert_string_equal(sandbox_session(&sb->row), "my work");
	assert_null(registry_find(house->all, "you", "my work"));
	assert_null(registry_find(house->all, "me", "default"));
	assert_null(registry_find(house->all, "me", "work"));
	destroy(house, "my work");
	assert_false(registry_use(house->all, "me", "my work", &sb, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void a_label_has_an_end(void **state)
{
	struct house *house = *state;
	char label[SANDBOX_LABEL_MAX + 2];
	struct error err;

	memset(label, 'a', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_null(sandbox_default(house->all, &plain, label, on_default, NULL, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(calls_that_come_together_share_one),
		LIFE(each_label_and_each_owner_has_one),
		LIFE(one_that_is_being_destroyed_stands_in_nobodys_way),
		LIFE(one_that_is_gone_is_told_of_once_the_next_is_there),
		LIFE(a_birth_that_failed_hides_nothing),
		LIFE(the_next_server_finds_it_again),
		LIFE(who_leaves_takes_nothing_down),
		LIFE(no_caller_can_give_such_a_request_id),
		LIFE(the_name_of_a_session_stands_for_its_id),
		LIFE(a_label_has_an_end),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
