/* Lives of containers from the first link to the tombstone, on a real Podman with the real agent.
 */
#include "house.h"
#include <signal.h>

static void one_is_made_within_all_its_walls(void **state)
{
	static const char *const walls[] = { "memory",     "cpu",     "pids",   "capabilities",
					     "privileges", "seccomp", "userns", "proc" };
	struct house *house = *state;
	char wanted[64];

	create_default(house);
	assert_true(house->linked);
	assert_int_equal(house->expires_at - house->created_at, OWNER_TTL_MS);
	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		snprintf(wanted, sizeof(wanted), "\"%s\":\"enforced\"", walls[i]);
		if (!strstr(house->posture, wanted))
			fail_msg("%s not in %s", wanted, house->posture);
	}
	assert_int_equal(registry_active(house->all), 1);
	assert_int_equal(count_in_podman(house), 1);
}

static void a_destroyed_one_is_over_at_once_and_leaves_nothing(void **state)
{
	struct house *house = *state;
	int64_t destroyed_at = 0, again = 0;
	struct sandbox *sb;
	struct error err;

	create_default(house);
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
	assert_false(registry_use(house->all, "me", house->id, &sb, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	assert_non_null(strstr(err.text, "was destroyed on request at"));
	assert_int_equal(registry_active(house->all), 0);
	wait_gone(house);
	assert_int_equal(count_in_podman(house), 0);
	assert_tombstone(house, REASON_ASKED);
	assert_true(sandbox_destroy(house->all, "me", house->id, &again, &err));
	assert_int_equal(again, destroyed_at);
}

static void a_look_brings_what_it_uses(void **state)
{
	struct house *house = *state;

	create_default(house);
	assert_int_equal(house->memory_bytes, -1);
	check(house, 0);
	assert_in_range(house->memory_bytes, 1, 64 << 20);
	assert_in_range(house->pids, 1, 5);
}

static void a_life_is_renewed_up_to_the_maximum(void **state)
{
	struct house *house = *state;
	int64_t born;

	create(house, &(struct sandbox_request){ .ttl_ms = 300 * SECONDS });
	born = house->created_at;
	check(house, 0);
	assert_int_equal(house->expires_at - born, 300 * SECONDS);
	check(house, 100 * SECONDS);
	assert_int_equal(house->expires_at - born, 400 * SECONDS);
	assert_int_equal(house->extended_ms, 100 * SECONDS);
	check(house, INT64_MAX);
	assert_true(house->expires_at - born <= OWNER_TTL_MS);
	assert_true(house->expires_at - born > OWNER_TTL_MS - 1 * SECONDS);
	assert_int_equal(house->extended_ms, house->expires_at - born - 400 * SECONDS);
	check(house, 100 * SECONDS);
	assert_true(house->extended_ms < 1 * SECONDS);
}

static void one_whose_time_is_over_goes_by_itself(void **state)
{
	struct house *house = *state;
	int64_t begun = clock_mono_ms();
	struct error err;
	int64_t destroyed_at;

	create(house, &(struct sandbox_request){ .ttl_ms = 3 * SECONDS });
	wait_gone(house);
	assert_true(clock_mono_ms() - begun >= 3 * SECONDS);
	assert_tombstone(house, REASON_EXPIRED);
	assert_int_equal(count_in_podman(house), 0);
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
}

static void on_removed(void *ctx, const struct error *err)
{
	if (err)
		fail_msg("%s", err->text);
	*(bool *)ctx = true;
}

static void one_removed_behind_our_back_becomes_a_tombstone(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;
	struct error err;
	bool removed = false;

	create_default(house);
	assert_true(registry_use(house->all, "me", house->id, &sb, &err));
	sandboxes_podman_down(house->all);
	(void)podman_container_remove(rig->podman, sb->row.podman_id, on_removed, &removed);
	assert_true(rig_until(rig->loop, 30 * SECONDS, rig_is_set, &removed));
	sandboxes_podman_up(house->all);
	wait_gone(house);
	assert_false(registry_use(house->all, "me", house->id, &sb, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	assert_tombstone(house, REASON_LOST);
}

static bool pid_is_known(void *ctx)
{
	struct house *house = ctx;

	return registry_find(house->all, "me", house->id)->pid > 0;
}

static int process_of(struct house *house)
{
	assert_true(rig_until(rig->loop, 10 * SECONDS, pid_is_known, house));
	return (int)registry_find(house->all, "me", house->id)->pid;
}

static void one_whose_process_1_ends_becomes_a_tombstone(void **state)
{
	struct house *house = *state;

	create_default(house);
	assert_int_equal(kill(process_of(house), SIGKILL), 0);
	wait_gone(house);
	assert_tombstone(house, REASON_STOPPED);
	assert_int_equal(count_in_podman(house), 0);
}

static bool process_is_dead(void *ctx)
{
	return kill(*(int *)ctx, 0) != 0;
}

static void one_ends_on_time_although_podman_is_away(void **state)
{
	struct house *house = *state;
	struct error err;
	int64_t destroyed_at;
	int pid;

	create_default(house);
	pid = process_of(house);
	sandboxes_podman_down(house->all);
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
	assert_true(rig_until(rig->loop, 10 * SECONDS, process_is_dead, &pid));
	assert_false(all_is_gone(house));
	sandboxes_podman_up(house->all);
	wait_gone(house);
	assert_int_equal(count_in_podman(house), 0);
}

static void a_process_that_is_not_the_containers_is_never_killed(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;
	int right;

	create_default(house);
	right = process_of(house);
	sb = registry_find(house->all, "me", house->id);
	sb->pid = getpid();
	assert_false(direct_kill(sb));
	sb->pid = 1;
	assert_false(direct_kill(sb));
	sb->pid = 0;
	assert_false(direct_kill(sb));
	sb->pid = right;
	assert_true(direct_kill(sb));
	wait_gone(house);
}

static bool is_linked(void *ctx)
{
	struct house *house = ctx;
	struct sandbox *sb = registry_find(house->all, "me", house->id);

	assert_non_null(sb);
	return link_is_up(sb);
}

static void a_new_server_over_the_same_database_links_again(void **state)
{
	struct house *house = *state;
	int64_t expires_mono;
	struct sandbox *sb;

	create_default(house);
	sb = registry_find(house->all, "me", house->id);
	expires_mono = sb->expires_mono;
	sandboxes_close(house->all);
	open_all(house);
	assert_true(rig_until(rig->loop, 30 * SECONDS, is_linked, house));
	sb = registry_find(house->all, "me", house->id);
	assert_in_range(sb->expires_mono, expires_mono - 10, expires_mono + 10);
	check(house, 0);
	assert_in_range(house->memory_bytes, 1, 64 << 20);
}

static void what_podman_has_of_ours_and_we_do_not_know_is_removed(void **state)
{
	struct house *house = *state;
	struct error err;

	create_default(house);
	sandboxes_close(house->all);
	assert_true(store_container_gone(house->store, house->id, clock_wall_ms(), &err));
	open_all(house);
	assert_null(house->all->living);
	assert_int_equal(count_in_podman(house), 1);
	for (int i = 0; i < 100 && !nothing_in_podman(house); i++)
		;
	assert_int_equal(count_in_podman(house), 0);
}

static void anothers_container_and_no_container_get_the_same_words(void **state)
{
	struct house *house = *state;
	struct error foreign, absent;
	char other[ID_SIZE];
	int64_t destroyed_at;

	create_default(house);
	id_new("c-", other);
	assert_false(sandbox_destroy(house->all, "you", house->id, &destroyed_at, &foreign));
	assert_false(sandbox_destroy(house->all, "you", other, &destroyed_at, &absent));
	memcpy(strstr(foreign.text, house->id), other, strlen(other));
	assert_string_equal(foreign.text, absent.text);
	assert_int_equal(foreign.kind, ERROR_NOT_FOUND);
	assert_null(sandbox_check(house->all, "you", house->id, 0, on_view, house, &foreign));
	assert_int_equal(foreign.kind, ERROR_NOT_FOUND);
}

/* --- from inside --------------------------------------------------------------------------- */

struct said {
	bool over;
	char text[2048];
};

static void on_command(void *ctx, const struct command_view *view, const struct error *err)
{
	struct said *said = ctx;
	auto_buf text = BUF_INIT(sizeof(said->text) - 1);
	struct error own;

	if (err)
		fail_msg("%s", err->text);
	assert_string_equal(view->row->state, "exited");
	assert_true(command_output(view, COMMAND_STDOUT, 0, (int64_t)sizeof(said->text) - 1, &text,
				   &own));
	snprintf(said->text, sizeof(said->text), "%s", buf_text(&text));
	said->over = true;
}

static const char *run_inside(struct house *house, const char *command, struct said *said)
{
	struct command_request request = { .owner = "me",
					   .container_id = house->id,
					   .command = command,
					   .wait_ms = 20 * SECONDS };
	struct error err;

	said->over = false;
	if (!command_start(house->all, &request, on_command, said, &err))
		fail_msg("%s", err.text);
	assert_true(rig_until(rig->loop, 30 * SECONDS, rig_is_set, &said->over));
	return said->text;
}

static void link_anew(struct house *house, const struct link_carrier *carrier)
{
	struct sandbox *sb = registry_find(house->all, "me", house->id);

	link_drop(sb);
	house->all->carrier = carrier;
	link_keep(sb);
	assert_false(is_linked(house));
	assert_true(rig_until(rig->loop, 30 * SECONDS, is_linked, house));
}

/* A FIFO in the place of /etc/passwd would hang Podman for everybody, a program of the tenant's in
 * the place of the agent would be executed by us. */
static void nobody_can_replace_what_podman_and_we_rely_on(void **state)
{
	static const char attack[] = "chmod 755 / /etc /.sandpod 2>/dev/null\n"
				     "for f in /etc/passwd /etc/group /.sandpod/agent "
				     "/.sandpod/link/bell; do\n"
				     "  rm -f $f; mv $f /tmp/x; echo x >$f; ln -sf /tmp/y $f\n"
				     "done 2>/dev/null\n"
				     "mkfifo /etc/passwd 2>/dev/null && echo fifo\n"
				     "mkfifo /.sandpod/link/x && echo made\n"
				     "ls /.sandpod/link 2>/dev/null && echo listed\n"
				     "for d in /etc /.sandpod /.sandpod/link; do\n"
				     "  mv $d /moved 2>/dev/null && echo moved $d\n"
				     "done\n"
				     "head -n 1 /etc/passwd; head -n 1 /etc/group\n"
				     "test -x /.sandpod/agent && echo agent\n"
				     "echo x >/etc/new && mkdir /new && echo writable\n";
	struct house *house = *state;
	struct said said;

	create_default(house);
	assert_string_equal(run_inside(house, attack, &said),
			    "root:x:0:0:root:/root:/bin/sh\nroot:x:0:\nagent\nwritable\n");
	/* And a new link is made as ever. */
	link_anew(house, &exec_carrier);
	assert_string_equal(run_inside(house, "id -u; pwd", &said), "0\n/workspace\n");
	link_anew(house, &socket_carrier);
	assert_string_equal(run_inside(house, "id -u; pwd", &said), "0\n/workspace\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(one_is_made_within_all_its_walls),
		LIFE(a_destroyed_one_is_over_at_once_and_leaves_nothing),
		LIFE(a_look_brings_what_it_uses),
		LIFE(a_life_is_renewed_up_to_the_maximum),
		LIFE(one_whose_time_is_over_goes_by_itself),
		LIFE(one_removed_behind_our_back_becomes_a_tombstone),
		LIFE(one_whose_process_1_ends_becomes_a_tombstone),
		LIFE(one_ends_on_time_although_podman_is_away),
		LIFE(a_process_that_is_not_the_containers_is_never_killed),
		LIFE(a_new_server_over_the_same_database_links_again),
		LIFE(what_podman_has_of_ours_and_we_do_not_know_is_removed),
		LIFE(anothers_container_and_no_container_get_the_same_words),
		LIFE(nobody_can_replace_what_podman_and_we_rely_on),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
